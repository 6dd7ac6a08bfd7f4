using Patron.Runtime.Hosting;
using Patron.Tagging;

return await PatronHost.RunAsync(args, "tagging", builder => builder.AddTagging(), app => app.MapTagging());
