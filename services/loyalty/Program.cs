using Patron.Loyalty;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "loyalty", builder => builder.AddLoyalty(), app => app.MapLoyalty());
