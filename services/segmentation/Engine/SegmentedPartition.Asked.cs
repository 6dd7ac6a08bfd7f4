using System.Numerics;

namespace Patron.Segmentation;

/// <summary>What people and figures ask of a partition.</summary>
internal sealed partial class SegmentedPartition
{
    /// <summary>How many customers there are, and of how many the rule holds.</summary>
    public Counted Count(Clause rule)
    {
        lock (guard)
        {
            if ((NeedsOfRules.Of(rule, segments.Explanation.Catalog) & Needs.Predictions) != 0)
                columns.Predictions.Make(columns);
            var matching = Counting(RulePlan.Of(rule, segments.Explanation.Catalog).Evaluate(columns)).Sum(word => (long)BitOperations.PopCount(word));
            return new Counted(columns.Count - away.Count(row => !columns.IsErased(row)) - columns.ErasedCount, matching);
        }
    }

    /// <summary>What the partition takes in memory.</summary>
    public Footprint Footprint
    {
        get
        {
            lock (guard)
            {
                var (lines, offsets, delta) = columns.Events.Bytes;
                var (behaviours, more, unsorted) = columns.Behaviours.Bytes;
                return new(
                    columns.Count, columns.Events.Days.Length, columns.Bytes + offsets + more + segments.Bytes, lines, delta + unsorted, behaviours);
            }
        }
    }

    /// <summary>What is known of a customer now.</summary>
    public CustomerRow Read(Guid customer)
    {
        lock (guard)
            return columns.Find(customer) is { } row ? columns.Read(row) : columns.Unknown;
    }

    /// <summary>Adds what is known of every customer now, but of those erased or merged into others.</summary>
    public void CopyTo(CustomersCopy copy)
    {
        lock (guard)
        {
            copy.Today = Math.Max(copy.Today, columns.Today);
            for (var row = 0; row < columns.Count; row++)
            {
                if (!away.Contains(row) && !columns.IsErased(row))
                    copy.Add(columns, row);
            }
        }
    }
}
