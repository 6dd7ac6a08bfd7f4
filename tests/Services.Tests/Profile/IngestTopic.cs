using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>The topic to which touchpoints publish.</summary>
internal static class IngestTopic
{
    private const int Partition = 3;
    private static readonly Topic Topic = new(Topics.Ingest);

    /// <summary>Settings of a host with topics of its own, since a broker that was there before keeps those of earlier runs.</summary>
    public static (string Name, string Value)[] OnKafka(string bootstrap) =>
    [
        ("Log:Adapter", "kafka"), ("Log:Bootstrap", bootstrap), ("Log:ReplicationFactor", "1"), ("Log:TopicPrefix", $"test.{Guid.CreateVersion7():N}."),
    ];

    /// <summary>Sends a record as a touchpoint's own Kafka client would.</summary>
    public static async Task ProduceAsync((string Name, string Value)[] log, Message<Null, string> record, CancellationToken cancellation)
    {
        var settings = log.ToDictionary(s => s.Name, s => s.Value);
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = settings["Log:Bootstrap"] }).Build();
        await producer.ProduceAsync(settings["Log:TopicPrefix"] + Topic.Name, record, cancellation);
    }

    public static Task PublishAsync(TestHost host, string body, CancellationToken cancellation) =>
        PublishAsync(host, body, [("content-type", "application/cloudevents+json; charset=utf-8")], cancellation);

    public static async Task PublishAsync(TestHost host, string body, IEnumerable<(string Name, string Value)> headers, CancellationToken cancellation)
    {
        await host.Log.OpenAsync([Topic], cancellation);
        var record = new LogRecord("till 7", [.. headers.Select(h => new LogHeader(h.Name, Encoding.UTF8.GetBytes(h.Value)))], Encoding.UTF8.GetBytes(body));
        await host.Log.PublishAsync(Topic, [new PartitionRecords(Partition, [record])], cancellation);
    }

    /// <summary>Waits until so many records are in quarantine and answers them, newest first.</summary>
    public static async Task<JsonArray> QuarantinedAsync(TestHost host, int count, CancellationToken cancellation)
    {
        while (true)
        {
            using var answer = await host.Http.GetAsync(new Uri("/v1/quarantine", UriKind.Relative), cancellation);
            var records = (await answer.JsonAsync(cancellation))["records"]!.AsArray();
            if (records.Count >= count)
                return records;
            await Task.Delay(10, cancellation);
        }
    }

    /// <summary>Waits until a figure of profile has reached a value.</summary>
    public static async Task FigureAsync(TestHost host, string name, long value, CancellationToken cancellation)
    {
        while (await ReadFigureAsync(host, name, cancellation) < value)
            await Task.Delay(10, cancellation);
    }

    public static async Task<long> ReadFigureAsync(TestHost host, string name, CancellationToken cancellation)
    {
        using var answer = await host.Http.GetAsync(new Uri("/v1/profile/figures", UriKind.Relative), cancellation);
        return (long)(await answer.JsonAsync(cancellation)).AsArray().Single(f => (string?)f!["name"] == name)!["value"]!;
    }
}
