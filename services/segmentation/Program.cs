using Patron.Runtime.Hosting;
using Patron.Segmentation;

return await PatronHost.RunAsync(args, "segmentation", builder => builder.AddSegmentation(), app => app.MapSegmentation());
