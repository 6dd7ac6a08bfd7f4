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
        if (columns.IsNew(row, told.Source, told.Position))
            Change(columns, row, told);
    }

    public static void Change(PartitionColumns columns, int row, TopicFact told)
    {
        switch (told.Fact)
        {
            case PurchaseRecorded receipt:
                columns.Add(row, Purchases.Of(receipt, told.Time, BrandDaysTests.London));
                break;
            case BehaviourRecorded behaviour:
                columns.AddBehaviour(row, BehavioursBetween.LinesOf(behaviour, BrandDaysTests.London.DayOf(behaviour.OccurredAt.ToDateTimeOffset())));
                break;
            case TierChanged tier:
                columns.SetTier(row, tier.To);
                break;
            case PointsEarned points:
                columns.SetPoints(row, points.Balance);
                break;
            case TagAdded added:
                columns.SetTag(row, added.Tag, true);
                break;
            case TagRemoved removed:
                columns.SetTag(row, removed.Tag, false);
                break;
            case ConsentChanged consent:
                columns.SetConsent(row, consent.Channel, consent.Purpose, consent.State == ConsentState.Granted);
                break;
            default:
                throw new ArgumentException($"No columns for {told.Fact.Descriptor.Name}.");
        }
    }
}
