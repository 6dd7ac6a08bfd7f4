using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A step of an offer: it is reached by so many purchases, or so much spent, within the offer's days.</summary>
/// <param name="Purchases">0 where <paramref name="SpendMinor"/> counts.</param>
/// <param name="SpendMinor">In minor units of the offer's currency; 0 where purchases count.</param>
/// <param name="Campaign">Whose coupon the customer gets.</param>
internal sealed record OfferStep(int Purchases, long SpendMinor, string Campaign);

/// <summary>An offer in steps, each higher than the one before: three purchases in 30 days for one coupon, five for a better one.</summary>
/// <param name="Currency">Purchases in other currencies do not count; null counts all, and needs steps by purchases.</param>
/// <param name="WithinDays">The days in a row within which a step must be reached: 1 to 366.</param>
/// <param name="MinMinor">Purchases of less than this do not count.</param>
internal sealed record Offer(
    string Id, IReadOnlyDictionary<string, string> Names, DateTimeOffset From, DateTimeOffset Until, int WithinDays, string? Currency, long MinMinor,
    IReadOnlyList<OfferStep> Steps);

[EventName("loyalty.offer-defined.v1")]
internal sealed record OfferDefined(Offer Offer, int Version, string By) : BookEvent;

[EventName("loyalty.offer-ended.v1")]
internal sealed record OfferEnded(string Offer, string Reason, string By) : BookEvent;

/// <summary>A purchase counted for an offer. Coupons of the steps that it reached are issued with it.</summary>
/// <param name="Reached">The steps, from 0.</param>
[EventName("loyalty.offer-advanced.v1")]
internal sealed record OfferAdvanced(
    string Offer, Guid Purchase, DateTimeOffset At, long Minor, int WithinDays, IReadOnlyList<int> Reached, Guid? Origin = null) : DomainEvent;

internal sealed record Visit(DateTimeOffset At, long Minor, Guid? Origin);

/// <summary>How far a customer has come with an offer. Steps that were reached stay reached.</summary>
/// <param name="Visits">Oldest first; those that can still count with a later one.</param>
internal sealed record OfferProgress(string Offer, IReadOnlyList<Visit> Visits, IReadOnlyList<ReachedStep> Reached)
{
    public const int VisitsMax = 100;

    public OfferProgress With(OfferAdvanced advanced)
    {
        var visits = Visits.Append(new Visit(advanced.At, advanced.Minor, advanced.Origin)).OrderBy(visit => visit.At).ToList();
        return this with
        {
            Visits = [.. visits.Where(visit => visit.At > visits[^1].At.AddDays(-advanced.WithinDays)).TakeLast(VisitsMax)],
            Reached = [.. Reached, .. advanced.Reached.Select(step => new ReachedStep(step, advanced.Origin))],
        };
    }

    /// <summary>The steps that these visits reach within days in a row, whichever those are.</summary>
    public static IReadOnlyList<int> StepsOf(Offer offer, IReadOnlyList<Visit> visits)
    {
        var reached = new HashSet<int>();
        foreach (var last in visits)
        {
            var (count, spend) = Within(offer, visits, last.At);
            reached.UnionWith(Enumerable.Range(0, offer.Steps.Count).Where(step =>
                offer.Steps[step] is var wanted && (wanted.Purchases > 0 ? count >= wanted.Purchases : spend >= wanted.SpendMinor)));
        }

        return [.. reached.Order()];
    }

    /// <summary>Of the days that end at a moment.</summary>
    public static (int Purchases, long SpendMinor) Within(Offer offer, IReadOnlyList<Visit> visits, DateTimeOffset until)
    {
        var meant = visits.Where(visit => visit.At > until.AddDays(-offer.WithinDays) && visit.At <= until).ToList();
        return (meant.Count, meant.Sum(visit => visit.Minor));
    }
}

internal sealed record ReachedStep(int Step, Guid? Origin);
