using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// A return that names its purchase takes back what that one gave, and nothing else. One that names none matches the customer's purchases of the
/// product, the latest first, never one from after the return and never the document's own sale lines. What is left stays open until such a
/// purchase arrives.
/// </summary>
internal static class ReturnGoods
{
    /// <summary>Matches the return lines of a document with the purchases in the history.</summary>
    public static void Match(Booking booking, IReadOnlyList<Booked> history, Purchase document)
    {
        var bought = Bought.By([.. history, .. Booked.Own(booking.Events)], document, booking.Ledger);
        var lines = new List<ReversedLine>();
        var open = new Dictionary<string, int>();
        foreach (var (product, quantity) in Quantities(document.Returns))
        {
            var missing = quantity;
            foreach (var line in bought.Of(product).Where(line => document.ReturnsOf is null || IsNamed(line.Earned, document.ReturnsOf)))
            {
                if (missing == 0)
                    break;
                var taken = Math.Min(missing, line.Remaining);
                lines.Add(line.Take(taken));
                missing -= taken;
            }

            if (missing > 0)
                open.Add(product, missing);
        }

        foreach (var origin in lines.GroupBy(line => bought.OriginOf(line.Purchase)))
            booking.Add(Reverse(booking.Ledger, document.Id, claimed: false, document.OccurredAt, [.. origin], bought.LotOf, origin.Key));
        foreach (var (product, quantity) in open)
            booking.Add(new ReturnUnmatched(document.Id, document.OccurredAt, product, quantity, document.Origin, document.ReturnsOf));
    }

    /// <summary>Lets open returns from after a purchase have its pieces, the oldest return first.</summary>
    public static void Claim(Booking booking, PointsEarned earned)
    {
        if (booking.Ledger.OpenReturns.Count == 0)
            return;

        var bought = new Bought();
        bought.Add(earned, home: null);
        foreach (var returned in booking.Ledger.OpenReturns.GroupBy(open => open.Return))
        {
            var lines = new List<ReversedLine>();
            foreach (var open in returned.Where(open => MayClaim(open, earned)))
            {
                var missing = open.Quantity;
                foreach (var line in bought.Of(open.Product).TakeWhile(_ => missing > 0))
                {
                    var taken = Math.Min(missing, line.Remaining);
                    lines.Add(line.Take(taken));
                    missing -= taken;
                }
            }

            if (lines.Count > 0)
                booking.Add(Reverse(booking.Ledger, returned, lines, bought, earned.Origin));
        }
    }

    /// <summary>Lets open returns have pieces of whatever was bought before them, the oldest return and the latest purchase first.</summary>
    public static void ClaimAll(Booking booking, IReadOnlyList<Booked> history)
    {
        if (booking.Ledger.OpenReturns.Count == 0)
            return;

        var bought = Bought.By([.. history, .. Booked.Own(booking.Events)], null, booking.Ledger);
        foreach (var returned in booking.Ledger.OpenReturns.GroupBy(open => open.Return).ToList())
        {
            var lines = new List<ReversedLine>();
            foreach (var open in returned)
            {
                var missing = open.Quantity;
                foreach (var line in bought.Of(open.Product).Where(line => MayClaim(open, line.Earned)))
                {
                    if (missing == 0)
                        break;
                    var taken = Math.Min(missing, line.Remaining);
                    lines.Add(line.Take(taken));
                    missing -= taken;
                }
            }

            foreach (var origin in lines.GroupBy(line => bought.OriginOf(line.Purchase)))
                booking.Add(Reverse(booking.Ledger, returned, [.. origin], bought, origin.Key));
        }
    }

    /// <summary>A clock may be wrong, and a receipt in the hand is not: a named purchase may be from after its return.</summary>
    private static bool MayClaim(OpenReturn open, PointsEarned earned) => open.Return != earned.Purchase
        && (open.Of is { } of ? IsNamed(earned, of) : earned.OccurredAt <= open.OccurredAt);

    private static bool IsNamed(PointsEarned earned, Guid? name) => name is not null && (name == earned.Purchase.Value || name == earned.Receipt);

    private static PointsReversed Reverse(
        Ledger ledger, IGrouping<PurchaseId, OpenReturn> returned, List<ReversedLine> lines, Bought bought, Guid? origin) =>
        Reverse(ledger, returned.Key, claimed: true, returned.First().OccurredAt, lines, bought.LotOf, origin);

    /// <param name="lotOf">The lot that a purchase's points went to, as the ledger names it.</param>
    public static PointsReversed Reverse(
        Ledger ledger, PurchaseId returned, bool claimed, DateTimeOffset? at, List<ReversedLine> lines,
        Func<PurchaseId, (Guid? Home, int Sequence)> lotOf, Guid? origin)
    {
        var left = ledger.Lots.ToDictionary(lot => lot.Key, lot => lot.Points);
        var uses = new Dictionary<(Guid? Home, int Sequence), long>();
        var owed = lines.Sum(line => line.Points);
        foreach (var line in lines)
            owed -= Use(lotOf(line.Purchase), line.Points);

        // What nobody can spend yet goes first.
        foreach (var lot in ledger.Lots.OrderBy(lot => !lot.IsPending).TakeWhile(_ => owed > 0))
            owed -= Use(lot.Key, owed);

        var balance = ledger.Balance - uses.Values.Sum();
        return new(
            returned, claimed, lines.Sum(line => line.Points), [.. uses.Select(use => ledger.Lots.First(lot => lot.Key == use.Key).Use(use.Value))],
            Clawback: owed, lines, balance,
            ledger.Lots.Where(lot => left[lot.Key] > 0).Select(lot => (DateTimeOffset?)lot.ExpiresAt).FirstOrDefault(), origin, at);

        long Use((Guid? Home, int Sequence) lot, long points)
        {
            var used = Math.Min(points, left.GetValueOrDefault(lot));
            if (used == 0)
                return 0;
            left[lot] -= used;
            uses[lot] = uses.GetValueOrDefault(lot) + used;
            return used;
        }
    }

    private static IEnumerable<(string Product, int Quantity)> Quantities(IReadOnlyList<PurchaseLine> returns) =>
        returns.GroupBy(line => line.Product).Select(lines => (lines.Key, checked(lines.Sum(line => line.Quantity))));

    /// <summary>The sale lines of a customer by product, and how many pieces of each have not come back.</summary>
    private sealed class Bought
    {
        private readonly Dictionary<string, List<BoughtLine>> byProduct = [];
        private readonly Dictionary<(PurchaseId Purchase, int Line), BoughtLine> byPlace = [];
        private readonly Dictionary<PurchaseId, ((Guid? Home, int Sequence) Lot, Guid? Origin)> purchases = [];

        public (Guid? Home, int Sequence) LotOf(PurchaseId purchase) => purchases[purchase].Lot;

        public Guid? OriginOf(PurchaseId purchase) => purchases[purchase].Origin;

        public static Bought By(IReadOnlyList<Booked> history, Purchase? document, Ledger ledger)
        {
            var bought = new Bought();
            foreach (var (happened, home) in history)
            {
                if (happened is PointsEarned earned && ledger.IsAlsoOf(earned.Origin)
                    && (document is null || IsNamed(earned, document.ReturnsOf)
                        || (earned.Purchase != document.Id && earned.OccurredAt <= document.OccurredAt)))
                    bought.Add(earned, home);
            }

            // Pieces of a customer who was merged may have come back in the stream of another one.
            foreach (var (happened, _) in history)
            {
                if (happened is PointsReversed reversed)
                    bought.Less(reversed);
            }

            return bought;
        }

        public void Add(PointsEarned earned, Guid? home)
        {
            purchases[earned.Purchase] = ((home, earned.Lot), earned.Origin);
            for (var i = 0; i < earned.Lines.Count; i++)
            {
                var line = new BoughtLine(earned, i);
                byPlace.Add((earned.Purchase, i), line);
                if (!byProduct.TryGetValue(line.Product, out var lines))
                    byProduct.Add(line.Product, lines = []);
                lines.Add(line);
            }
        }

        /// <summary>Lines with pieces left, the latest purchase first; of one moment, the one booked last.</summary>
        public IEnumerable<BoughtLine> Of(string product) => byProduct.TryGetValue(product, out var lines)
            ? Enumerable.Reverse(lines).OrderByDescending(line => line.OccurredAt).Where(line => line.Remaining > 0)
            : [];

        private void Less(PointsReversed reversed)
        {
            foreach (var line in reversed.Lines)
            {
                // Lines of a purchase from after this return are not candidates and not in here.
                if (byPlace.TryGetValue((line.Purchase, line.Line), out var known))
                    known.Take(line.Quantity);
            }
        }
    }

    /// <summary>
    /// A sale line and how much of it came back. After k of n pieces the sum taken back is floor(points × k / n), so that all pieces give
    /// back exactly all points however they are split; amounts likewise.
    /// </summary>
    private sealed class BoughtLine(PointsEarned earned, int number)
    {
        private readonly EarnedLine line = earned.Lines[number];
        private int returned;

        public PointsEarned Earned => earned;

        public PurchaseId Purchase => earned.Purchase;

        public string Product => line.Product;

        public DateTimeOffset OccurredAt => earned.OccurredAt;

        public int Remaining => line.Quantity - returned;

        public ReversedLine Take(int quantity)
        {
            var (points, amount) = (Share(line.Points), Share(line.AmountMinor));
            returned += quantity;
            return new(
                earned.Purchase, number, line.Product, quantity, Share(line.AmountMinor) - amount, earned.Month, Share(line.Points) - points,
                earned.CountsIn);
        }

        private long Share(long whole) => (long)((Int128)whole * returned / line.Quantity);
    }
}
