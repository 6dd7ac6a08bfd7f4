using Patron.Gateway;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "gateway", builder => builder.AddGateway(), app => app.MapGateway());
