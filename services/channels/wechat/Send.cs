using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Channels.WeChat;

/// <summary>A journey's request was taken up and waits for the provider. The stream's id is the send id.</summary>
[EventName("wechat.send-claimed.v1")]
internal sealed record SendClaimed(
    string Journey, string Step, string Purpose, string Template, IReadOnlyDictionary<string, string> Data, DateTimeOffset Deadline) : DomainEvent;

/// <summary>Nothing was sent.</summary>
/// <param name="Template">Which message it would have been.</param>
/// <param name="Code">Part of the public contract, such as <c>no-provider</c>.</param>
[EventName("wechat.suppressed.v1")]
internal sealed record Suppressed(string Template, string Code, string Reason) : DomainEvent;

/// <summary>One message to one customer.</summary>
internal sealed record Send(bool Known)
{
    public static readonly StreamKind<Send> Kind = new("send", new Send(false), (_, _) => new Send(true), SendJson.Default.Send);

    public static readonly EventTypes Events = new(SendJson.Default, typeof(SendClaimed), typeof(Suppressed));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SendClaimed))]
[JsonSerializable(typeof(Suppressed))]
[JsonSerializable(typeof(Send))]
internal sealed partial class SendJson : JsonSerializerContext;
