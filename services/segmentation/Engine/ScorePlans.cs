using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>Computes what it asks row by row.</summary>
internal abstract class RowPlan : RulePlan
{
    public override int Cost => 20;

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        bits.Clear();
        for (var (row, last) = (word * 64, Math.Min(columns.Count, (word + bits.Length) * 64)); row < last; row++)
            bits[(row / 64) - word] |= At(columns, row) ? 1UL << (row % 64) : 0;
    }
}

internal sealed class LifecyclePlan(LifecycleIn clause) : RowPlan
{
    public override bool At(PartitionColumns columns, int row) => clause.Stages.Contains(columns.StageOf(row));
}

internal sealed class RfmPlan(RfmIn clause) : RowPlan
{
    public override bool At(PartitionColumns columns, int row) => clause.Holds(columns.RfmOf(row));
}

internal sealed class PredictedPlan(PredictedBetween clause) : RowPlan
{
    public override bool At(PartitionColumns columns, int row) =>
        columns.Predictions.At(row) is { } predicted && !(predicted[clause.Number] < clause.Min) && !(predicted[clause.Number] > clause.Max);
}
