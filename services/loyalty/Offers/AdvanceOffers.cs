using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// A purchase counts for the offers that run when it was made. What a return takes back later still counts, since its coupon may have been used:
/// offers that should not work so ask for a spend that nobody returns for.
/// </summary>
internal static class AdvanceOffers
{
    /// <summary>None where no offer runs, so that a purchase costs nothing more.</summary>
    public static IEnumerable<Command> Commands(Guid customer, Purchase purchase, BookContent book, DateTimeOffset now)
    {
        var spent = purchase.Sales.Sum(line => line.AmountMinor);
        var offers = book.Offers.Values.Where(it => Counts(it, purchase, spent)).OrderBy(it => it.Offer.Id, StringComparer.Ordinal).ToList();
        if (purchase.Sales.Count > 0 && offers.Count > 0)
            yield return Wallet.Command(customer, (wallet, origin) => Decide(wallet, origin, purchase, spent, offers, book, now));
    }

    public static Decision Decide(
        Wallet wallet, Guid? origin, Purchase purchase, long spent, IReadOnlyList<KnownOffer> offers, BookContent book, DateTimeOffset now)
    {
        var events = new List<DomainEvent>();
        foreach (var offer in offers.Select(it => it.Offer))
        {
            var known = wallet.Offers.FirstOrDefault(it => it.Offer == offer.Id) ?? new(offer.Id, [], []);
            var advanced = new OfferAdvanced(offer.Id, purchase.Id.Value, purchase.OccurredAt, spent, offer.WithinDays, [], origin);
            var visits = known.Visits.Append(new Visit(purchase.OccurredAt, spent, origin)).OrderBy(visit => visit.At).ToList();
            var steps = OfferProgress.StepsOf(offer, visits).Where(step => known.Reached.All(it => it.Step != step)).ToList();
            Add(advanced with { Reached = steps });
            foreach (var step in steps)
            {
                var coupon = Ids.Of("offer-coupon", FormattableString.Invariant($"{offer.Id}/{step}/{purchase.Id.Value:N}"));
                if (book.Find(offer.Steps[step].Campaign) is not var (campaign, version))
                    continue;

                // Whose wallet is full, or who has had as many as they may, has reached the step all the same.
                var issued = IssueCoupon.Decide(wallet, origin, coupon, campaign, version, $"offer/{offer.Id}", hash: "", now);
                foreach (var happened in issued.Refusal is null ? issued.Events : [])
                    Add(happened);
            }
        }

        return Decision.Of(events);

        // What a first step gives counts against the limits of a second.
        void Add(DomainEvent happened)
        {
            events.Add(happened);
            wallet = Wallet.Evolve(wallet, happened);
        }
    }

    private static bool Counts(KnownOffer known, Purchase purchase, long spent) =>
        !known.Ended && known.Offer is var offer && offer.From <= purchase.OccurredAt && purchase.OccurredAt < offer.Until
        && (offer.Currency is null || offer.Currency == purchase.Currency) && spent >= offer.MinMinor;
}
