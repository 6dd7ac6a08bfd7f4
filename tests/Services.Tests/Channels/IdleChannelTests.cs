using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Channels.Sms;
using Patron.Channels.WeChat;
using Patron.Contracts;
using Patron.Contracts.Channels.V1;
using Patron.Contracts.Journey.V1;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Channels;

/// <summary>Channels without a provider: every request for them is answered, and none is lost.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class IdleChannelTests
{
    [TestCase("sms", Topics.Sms, "text message")]
    [TestCase("wechat", Topics.WeChat, "WeChat message")]
    public async Task Without_a_provider_every_request_of_the_channel_is_suppressed(string channel, string topic, string label, CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(Add, Map, cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        var send = await RequestAsync(host, customer, channel, null, cancellation);
        await RequestAsync(host, customer, channel, send, cancellation);
        await RequestAsync(host, customer, "email", null, cancellation);
        await host.DrainAsync(cancellation);

        var fact = (await host.ReadTopicAsync(new Topic(topic), cancellation)).Single();
        var suppressed = MessageSuppressed.Parser.ParseFrom(fact.Record.Value!.Value.Span);
        Assert.That(fact.Record.Key, Is.EqualTo(customer.ToString("D")));
        Assert.That((suppressed.SendId, suppressed.Channel, suppressed.Code), Is.EqualTo((send.ToString("D"), channel, "no-provider")));
        var figures = await host.Http.GetFromJsonAsync<JsonArray>($"/v1/{channel}/figures", cancellation);
        Assert.That(figures!.Select(f => (string)f!["name"]! + " = " + (long)f["value"]!), Is.EqualTo(new[] { $"{label}s suppressed: no-provider = 1" }));
        var story = await host.Http.GetFromJsonAsync<JsonArray>($"/v1/{channel}/customers/{customer}/timeline", cancellation);
        Assert.That(story!.Select(e => (string)e!["what"]!), Is.EqualTo(new[] { $"Did not send the {label} welcome: no-provider" }));
    }

    [Test]
    public async Task With_a_provider_requests_wait_for_it(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<ISmsProvider, TakesAll>();
                builder.Services.AddSingleton<IWeChatProvider, TakesAll>();
                Add(builder);
            },
            Map,
            cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        await RequestAsync(host, customer, "sms", null, cancellation);
        await RequestAsync(host, customer, "wechat", null, cancellation);
        await host.DrainAsync(cancellation);

        foreach (var channel in new[] { "sms", "wechat" })
        {
            var story = await host.Http.GetFromJsonAsync<JsonArray>($"/v1/{channel}/customers/{customer}/timeline", cancellation);
            Assert.That(story!.Select(e => (string)e!["why"]!), Is.EqualTo(new[] { "step hello of the journey welcome asked for it" }));
        }
    }

    private static void Add(WebApplicationBuilder builder)
    {
        builder.AddSms();
        builder.AddWeChat();
    }

    private static void Map(WebApplication app)
    {
        app.MapSms();
        app.MapWeChat();
    }

    private static async Task<Guid> RequestAsync(TestHost host, Guid customer, string channel, Guid? again, CancellationToken cancellation)
    {
        var send = again ?? Guid.CreateVersion7(TestHost.Start);
        var request = new SendRequested
        {
            SendId = send.ToString("D"),
            Journey = "welcome",
            Step = "hello",
            Channel = channel,
            Purpose = "marketing",
            Template = "welcome",
            Deadline = Timestamp.FromDateTimeOffset(TestHost.Start.AddDays(1)),
        };
        await host.PublishAsync(new Topic(Topics.Journey), "journey", customer, request, cancellation);
        return send;
    }

    private sealed class TakesAll : ISmsProvider, IWeChatProvider
    {
        public string? WhyNot => null;
    }
}
