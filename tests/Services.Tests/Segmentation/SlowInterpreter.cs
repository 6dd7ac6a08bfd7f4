using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed record BoughtOnce(DateTimeOffset At, long Sold, long Returned);

/// <summary>Everything that ever happened to a customer, unsorted and unsummed.</summary>
internal sealed record Story(Guid Customer, IReadOnlyList<BoughtOnce> Receipts, string? Tier, IReadOnlySet<string> Tags, long Points);

/// <summary>Says who is in a segment straight from the definition of each clause: slow, and obviously right.</summary>
internal static class SlowInterpreter
{
    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    public static bool Holds(Clause clause, Story story, DateTimeOffset now)
    {
        var today = LocalDate(now);
        switch (clause)
        {
            case AllOf all:
                foreach (var part in all.Clauses)
                {
                    if (!Holds(part, story, now))
                        return false;
                }

                return true;
            case AnyOf any:
                foreach (var part in any.Clauses)
                {
                    if (Holds(part, story, now))
                        return true;
                }

                return false;
            case NoneOf not:
                return !Holds(not.Clause, story, now);
            case DaysSince since:
                var purchases = story.Receipts.Where(receipt => receipt.Sold > 0).OrderBy(receipt => receipt.At).ToList();
                if (purchases.Count == 0)
                    return false;
                var day = LocalDate(since.Column == DayColumn.FirstPurchase ? purchases[0].At : purchases[^1].At);
                var ago = (today.ToDateTime(default) - day.ToDateTime(default)).Days;
                return (since.Min is not { } least || ago >= least) && (since.Max is not { } most || ago <= most);
            case NumberBetween number:
                var value = number.Column switch
                {
                    NumberColumn.Purchases => story.Receipts.Count(receipt => receipt.Sold > 0),
                    NumberColumn.Spend => story.Receipts.Sum(receipt => receipt.Sold - receipt.Returned),
                    NumberColumn.SpendInTwelveMonths => story.Receipts
                        .Where(receipt => LocalDate(receipt.At) > today.AddYears(-1)).Sum(receipt => receipt.Sold - receipt.Returned),
                    _ => story.Points,
                };
                return (number.Min is not { } min || value >= min) && (number.Max is not { } max || value <= max);
            case InTier tier:
                return story.Tier is not null && tier.Tiers.Contains(story.Tier);
            default:
                return story.Tags.Contains(((Tagged)clause).Tag);
        }
    }

    private static DateOnly LocalDate(DateTimeOffset moment) => DateOnly.FromDateTime(moment.UtcDateTime + London.GetUtcOffset(moment.UtcDateTime));
}
