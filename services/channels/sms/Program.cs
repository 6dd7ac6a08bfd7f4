using Patron.Channels.Sms;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "sms", builder => builder.AddSms(), app => app.MapSms());
