using Patron.Channels.WeChat;
using Patron.Runtime.Hosting;

return await PatronHost.RunAsync(args, "wechat", builder => builder.AddWeChat(), app => app.MapWeChat());
