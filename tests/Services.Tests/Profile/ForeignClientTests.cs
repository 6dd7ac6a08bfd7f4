using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>A touchpoint's own Kafka client, which need not care what a record of Patron looks like.</summary>
[CancelAfter(60_000)]
internal sealed class ForeignClientTests
{
    [Test]
    public async Task A_record_without_a_key_or_a_body_is_put_aside_and_stops_nothing(CancellationToken cancellation)
    {
        if (await KafkaBroker.BootstrapAsync() is not { } bootstrap)
        {
            Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
            Assert.Ignore(KafkaBroker.HowToGet);
            return;
        }

        var log = IngestTopic.OnKafka(bootstrap);
        await using var host = await ProfileHost.StartAsync(cancellation, null, [("Profile:Currencies:0", "HKD"), .. log]);
        await IngestTopic.ProduceAsync(log, new() { Value = null! }, cancellation);
        await IngestTopic.ProduceAsync(log, new() { Value = "{" }, cancellation);
        await IngestTopic.PublishAsync(host, Events.Purchase("right-1", card: "C-right").ToJsonString(), cancellation);
        await IngestTopic.FigureAsync(host, "purchases", 1, cancellation);
        var records = await IngestTopic.QuarantinedAsync(host, 2, cancellation);

        var details = records.Select(r => (string?)r!["reasons"]![0]!["detail"]);
        Assert.That(details, Has.One.StartsWith("The record is empty").And.One.StartsWith("This is not JSON"));
    }
}
