namespace Patron.Segmentation;

/// <summary>What people and figures ask of a partition.</summary>
internal sealed partial class SegmentedPartition
{
    /// <summary>What somebody makes of the columns while no fact changes them.</summary>
    /// <param name="look">The function evaluates a rule, over the customers who are neither erased nor merged into others.</param>
    public Part<T> Look<T>(int number, Func<PartitionColumns, Func<Clause, ulong[]>, T> look)
    {
        lock (guard)
            return new(number, columns.AsOf, look(columns, Evaluate));

        ulong[] Evaluate(Clause rule)
        {
            var catalog = segments.Explanation.Catalog;
            if ((NeedsOfRules.Of(rule, catalog) & Needs.Predictions) != 0)
                columns.Predictions.Make(columns);
            return Counting(RulePlan.Of(rule, catalog).Evaluate(columns));
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
            return columns.Find(customer) is { } row ? columns.Read(row) : columns.Unknown(customer);
    }
}
