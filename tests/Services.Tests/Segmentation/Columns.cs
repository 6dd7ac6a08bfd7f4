using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Applies facts to columns without an engine around them.</summary>
internal static class Columns
{
    public static void Apply(PartitionColumns columns, TopicFact told)
    {
        columns.AdvanceTo(told.Time);
        var row = columns.RowOf(told.Customer);
        if (!columns.IsNew(row, told.Source, told.Position))
            return;
        switch (told.Fact)
        {
            case PurchaseRecorded receipt:
                if (receipt.Lines.Any(line => line.Kind == LineKind.Sale))
                    columns.AddPurchase(row, receipt.OccurredAt.ToDateTimeOffset(), told.Time);
                var amount = receipt.Lines.Where(line => line.Kind != LineKind.Fee).Sum(line => line.AmountMinor);
                columns.AddSpend(row, amount, receipt.OccurredAt.ToDateTimeOffset(), told.Time);
                break;
            case TierChanged tier:
                columns.SetTier(row, tier.To);
                break;
            case PointsEarned points:
                columns.SetPoints(row, points.Balance);
                break;
            case TagAdded added:
                columns.AddTag(row, added.Tag);
                break;
            case TagRemoved removed:
                columns.RemoveTag(row, removed.Tag);
                break;
            default:
                throw new ArgumentException($"No columns for {told.Fact.Descriptor.Name}.");
        }
    }
}
