using Patron.Profile;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "profile", builder => builder.AddProfile(), app => app.MapProfile());
