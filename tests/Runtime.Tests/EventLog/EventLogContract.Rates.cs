using System.Diagnostics;
using NUnit.Framework;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Tests.EventLog;

public abstract partial class EventLogContract
{
    [Test]
    [Explicit("Measures; run it by name on a quiet machine.")]
    public async Task Rates_of_publishing_and_reading()
    {
        const int rounds = 100, perPartition = 250;
        var (log, topic) = await OpenAsync();
        var value = new byte[300];
        new Random(1).NextBytes(value);
        LogRecord record = new("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", [new("ce_type", "patron.test.v1.Tested"u8.ToArray())], value);
        PartitionRecords[] batches = [.. Enumerable.Range(0, Partitions).Select(p => new PartitionRecords(p, [.. Enumerable.Repeat(record, perPartition)]))];
        await log.PublishAsync(topic, batches, Cancellation);

        var begun = Stopwatch.GetTimestamp();
        for (var round = 1; round < rounds; round++)
            await log.PublishAsync(topic, batches, Cancellation);
        Report("published", (rounds - 1) * perPartition * Partitions, begun);

        await using var reader = log.OpenReader();
        for (var p = 0; p < Partitions; p++)
            reader.Assign(topic, p, 0);
        begun = Stopwatch.GetTimestamp();
        Report("read", (await BatchesAsync(reader, rounds * perPartition * Partitions)).Sum(b => b.Records.Count), begun);

        const int hops = 1_000;
        begun = Stopwatch.GetTimestamp();
        for (var hop = 0; hop < hops; hop++)
        {
            var waiting = BatchesAsync(reader, 1);
            await log.PublishAsync(topic, [new(hop % Partitions, [record])], Cancellation);
            await waiting;
        }

        Report("hops, one at a time,", hops, begun);
    }

    private static void Report(string what, int records, long begun) =>
        TestContext.Progress.WriteLine($"{what} {records:N0} records of 300 bytes: {records / Stopwatch.GetElapsedTime(begun).TotalSeconds:N0}/s");
}
