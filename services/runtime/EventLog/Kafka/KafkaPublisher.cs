using Confluent.Kafka;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>
/// One idempotent producer for a process. All records of a call are handed over before any is awaited: a producer that waits for each
/// reaches some hundred records a second only.
/// </summary>
internal sealed class KafkaPublisher(KafkaOptions options) : IDisposable
{
    private static readonly TimeSpan QueueFullDelay = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FlushMax = TimeSpan.FromSeconds(5);

    private readonly Lock creating = new();
    private IProducer<string?, ReadOnlyMemory<byte>?>? producer;

    public async Task PublishAsync(OpenTopic topic, IReadOnlyList<PartitionRecords> batches, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var total = batches.Sum(batch => batch.Records.Count);
        if (total == 0)
            return;
        var current = Current();
        var delivery = new Delivery(topic, total);
        foreach (var batch in batches)
        {
            var partition = new TopicPartition(options.NameOf(topic.Topic.Name), batch.Partition);
            foreach (var record in batch.Records)
                await ProduceAsync(current, partition, record, delivery, cancellation);
        }

        var error = await delivery.Done.WaitAsync(cancellation);
        if (error is null)
            return;
        if (error.IsFatal)
            Replace(current);
        throw new EventLogException($"Kafka did not take records for {topic.Topic.Name}: {error.Reason}");
    }

    public void Dispose()
    {
        lock (creating)
        {
            producer?.Flush(FlushMax);
            producer?.Dispose();
            producer = null;
        }
    }

    private async ValueTask ProduceAsync(
        IProducer<string?, ReadOnlyMemory<byte>?> to, TopicPartition partition, LogRecord record, Delivery delivery, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                to.Produce(partition, KafkaRecords.ToMessage(record), delivery.Report);
                return;
            }
            catch (ProduceException<string?, ReadOnlyMemory<byte>?> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                // The queue empties as brokers acknowledge; waiting here is the back-pressure.
                await Task.Delay(QueueFullDelay, cancellation);
            }
            catch (KafkaException failure)
            {
                if (failure.Error.IsFatal)
                    Replace(to);
                throw new EventLogException($"Kafka did not take a record for {partition.Topic}: {failure.Error.Reason}", failure);
            }
        }
    }

    private IProducer<string?, ReadOnlyMemory<byte>?> Current()
    {
        lock (creating)
        {
            return producer ??= new ProducerBuilder<string?, ReadOnlyMemory<byte>?>(KafkaClients.Producer(options))
                .SetKeySerializer(new KafkaRecords.KeySerializer())
                .SetValueSerializer(new KafkaRecords.ValueSerializer())
                .SetLogHandler((_, _) => { })
                .Build();
        }
    }

    // An idempotent producer that has met a fatal error sends nothing any more; the next call builds another.
    private void Replace(IProducer<string?, ReadOnlyMemory<byte>?> broken)
    {
        lock (creating)
        {
            if (producer != broken)
                return;
            producer = null;
        }

        broken.Dispose();
    }

    private sealed class Delivery(OpenTopic topic, int total)
    {
        private readonly TaskCompletionSource<Error?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int left = total;
        private Error? first;

        public Task<Error?> Done => done.Task;

        // Called on the producer's one polling thread.
        public void Report(DeliveryReport<string?, ReadOnlyMemory<byte>?> report)
        {
            if (report.Error.IsError)
                first ??= report.Error;
            else
                topic.Saw(report.Partition.Value, report.Offset.Value + 1);
            if (Interlocked.Decrement(ref left) == 0)
                done.TrySetResult(first);
        }
    }
}
