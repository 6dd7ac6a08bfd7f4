using System.Diagnostics;
using Npgsql;
using Patron.Benchmarks.Store;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Benchmarks.Log;

/// <summary>A row for each record, and when they were written.</summary>
internal sealed class EffectRows : IBatchEffect
{
    private readonly Lock guard = new();
    private long first;
    private long last;
    private int begun;
    private int count;

    public static Migration Migration { get; } = new(
        "effects",
        """
        create table effects (
          partition smallint not null, record_offset bigint not null, customer uuid not null, at timestamptz not null, text text not null,
          primary key (partition, record_offset));
        create table copied (like effects including all);
        """);

    public static string Text { get; } = Noted.Sample.Text[..60];

    /// <summary>Records a second between the first transaction's statements and the last's, without those of the first.</summary>
    public double Rate() => count > begun
        ? (count - begun) / Stopwatch.GetElapsedTime(first, last).TotalSeconds
        : throw new InvalidOperationException("Too few records.");

    public void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction)
    {
        lock (guard)
        {
            last = Stopwatch.GetTimestamp();
            if (count == 0)
                (first, begun) = (last, facts.Count);
            count += facts.Count;
        }

        Statements.Add(
            transaction,
            "insert into effects select * from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[])",
            Statements.Smallints(facts.Select(f => f.Context.Partition)),
            Statements.Bigints(facts.Select(f => f.Context.Offset)),
            Statements.Uuids(facts.Select(f => f.Context.Customer)),
            Statements.Times(facts.Select(f => f.Context.Envelope.Time)),
            Statements.Texts(facts.Select(_ => Text)));
    }
}
