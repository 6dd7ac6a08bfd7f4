using Patron.Journey;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "journey", builder => builder.AddJourney(), app => app.MapJourney());
