using Patron.Channels.Email;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "email", builder => builder.AddEmail(), app => app.MapEmail());
