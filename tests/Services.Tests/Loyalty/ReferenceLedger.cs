namespace Patron.Services.Tests.Loyalty;

/// <summary>
/// Ledgers written a second time, by brute force, for comparison: every single point and every single piece is an object that knows whose it
/// is, nothing is summed or kept beside, and every answer is counted out. Customers are numbers; who are the same person is a table.
/// </summary>
internal sealed partial class ReferenceLedger((string Name, int FromMinor, int Percent)[] tiers, int windowMonths, int customers = 1)
{
    private readonly List<Point> points = [];
    private readonly List<Piece> pieces = [];
    private readonly List<(int Return, DateTimeOffset At, string Product, int Origin, int? Of)> open = [];
    private readonly List<int>[] holds = [.. Enumerable.Range(0, customers).Select(_ => new List<int>())];
    private readonly Dictionary<int, DateTimeOffset> holdEnds = [];
    private readonly Dictionary<int, Spent> redemptions = [];
    private readonly int[] roots = [.. Enumerable.Range(0, customers)];
    private readonly int[] owed = new int[customers];
    private readonly int[] lots = new int[customers];
    private int booked;

    public int Earned { get; private set; }

    public int Reversed { get; private set; }

    public int Redeemed { get; private set; }

    public int Expired { get; private set; }

    public string Tier { get; private set; } = tiers[0].Name;

    public int RootOf(int customer) => roots[customer];

    public int Held(int ledger) => Of(ledger).Count(point => point.Hold is not null);

    public int Pending(int ledger) => Of(ledger).Count(point => point.PendingUntil is not null);

    public int Balance(int ledger) => Of(ledger).Count();

    public int Owed(int ledger) => Origins(ledger).Sum(origin => owed[origin]);

    public int Open(int ledger) => open.Count(known => roots[known.Origin] == ledger);

    public IEnumerable<int> OpenHolds(int ledger) => holds[ledger].Where(hold => Of(ledger).Any(point => point.Hold == hold));

    /// <summary>Of redemptions that a ledger may give back, how much is left.</summary>
    public IEnumerable<(int Redemption, int Left)> Refundable(int ledger) =>
        redemptions.Where(known => roots[known.Value.Ledger] == ledger).Select(known => (known.Key, known.Value.Units.Count));

    public IEnumerable<(DateTimeOffset Expires, int Points)> Lots(int ledger) => Free(ledger).GroupBy(point => (point.Expires, point.Home, point.Lot))
        .Select(lot => (lot.Key.Expires, lot.Count()));

    public void Buy(
        int customer, int receipt, DateTimeOffset at, DateTimeOffset expires, DateTimeOffset? pendingUntil,
        IEnumerable<(string Product, int Quantity, int Minor)> lines)
    {
        booked++;
        var ledger = roots[customer];
        var percent = tiers.Single(tier => tier.Name == Tier).Percent;
        var lot = lots[ledger] + 1;
        var number = 0;
        var (spent, given) = (0, 0);
        var fresh = new List<Piece>();
        foreach (var (product, quantity, minor) in lines)
        {
            spent += minor;
            var earned = (spent * percent / 10_000) - given;
            given += earned;
            number++;
            for (var piece = 1; piece <= quantity; piece++)
            {
                fresh.Add(new(receipt, at, booked, number, product, customer)
                {
                    Home = ledger,
                    Lot = lot,
                    Points = (earned * piece / quantity) - (earned * (piece - 1) / quantity),
                    Minor = (minor * piece / quantity) - (minor * (piece - 1) / quantity),
                });
            }
        }

        Earned += given;
        var kept = given - Repay(ledger, customer, given);
        for (var i = 0; i < kept; i++)
            points.Add(new(customer, ledger, lot, expires) { PendingUntil = pendingUntil });
        if (kept > 0)
            lots[ledger]++;
        else
            fresh.ForEach(piece => piece.Lot = 0);

        pieces.AddRange(fresh);
        Claim(ledger, fresh);
    }

    public void Return(int customer, int receipt, DateTimeOffset at, string product, int quantity, int? of)
    {
        var ledger = roots[customer];
        var back = new List<Piece>();
        for (var i = 0; i < quantity; i++)
        {
            if (Latest(pieces.Where(piece => roots[piece.Origin] == ledger), product, at, receipt, of) is not { } latest)
            {
                open.Add((receipt, at, product, customer, of));
                continue;
            }

            latest.Back = true;
            back.Add(latest);
        }

        TakeBack(ledger, back);
    }

    /// <summary>The tier rises to what the spend of the window reaches, or becomes exactly that at a review.</summary>
    public void Rate(DateTimeOffset now, bool review)
    {
        var spend = pieces.Where(piece => !piece.Back && Month(piece.At) >= Month(now) - windowMonths).Sum(piece => piece.Minor);
        var reached = Array.FindLastIndex(tiers, tier => tier.FromMinor <= spend);
        if (review || reached > Array.FindIndex(tiers, tier => tier.Name == Tier))
            Tier = tiers[reached].Name;
    }

    public void Expire(int ledger, DateTimeOffset cutOff)
    {
        foreach (var point in Free(ledger).Where(point => point.Expires <= cutOff).ToList())
        {
            points.Remove(point);
            Expired++;
        }
    }

    public void Release(int ledger, DateTimeOffset cutOff)
    {
        foreach (var point in Of(ledger).Where(point => point.PendingUntil <= cutOff))
            point.PendingUntil = null;
    }

    /// <summary>One person: whatever either has is at hand for both, and open returns find what the other bought.</summary>
    public void Merge(int away, int into)
    {
        foreach (var customer in Origins(away).ToList())
            roots[customer] = into;
        holds[into].AddRange(holds[away].Except(holds[into]).ToList());
        holds[away].Clear();
        Claim(into, [.. pieces.Where(piece => roots[piece.Origin] == into)]);
    }

    public void Split(int away, int from)
    {
        roots[away] = away;
        holds[away].AddRange(holds[from]);
    }

    private void Claim(int ledger, List<Piece> candidates)
    {
        var waiting = open.Where(known => roots[known.Origin] == ledger).OrderBy(known => known.At).GroupBy(known => known.Return).ToList();
        foreach (var returned in waiting)
        {
            var claimed = new List<Piece>();
            foreach (var known in returned)
            {
                if (Latest(candidates, known.Product, known.At, known.Return, known.Of) is not { } piece)
                    continue;
                piece.Back = true;
                claimed.Add(piece);
                open.Remove(known);
            }

            TakeBack(ledger, claimed);
        }
    }

    private static Piece? Latest(IEnumerable<Piece> candidates, string product, DateTimeOffset at, int receipt, int? of) => candidates
        .Where(piece => !piece.Back && piece.Product == product && piece.Receipt != receipt && (of is null ? piece.At <= at : piece.Receipt == of))
        .OrderByDescending(piece => piece.At).ThenByDescending(piece => piece.Booked).ThenByDescending(piece => piece.Line).FirstOrDefault();

    private void TakeBack(int ledger, List<Piece> back)
    {
        Reversed += back.Sum(piece => piece.Points);
        foreach (var origin in back.GroupBy(piece => piece.Origin))
        {
            var rest = 0;
            foreach (var piece in origin)
            {
                for (var i = 0; i < piece.Points; i++)
                {
                    if (Free(ledger).FirstOrDefault(point => point.Lot == piece.Lot && point.Home == piece.Home) is { } own)
                        points.Remove(own);
                    else
                        rest++;
                }
            }

            for (; rest > 0; rest--)
            {
                if (Free(ledger).OrderBy(point => point.PendingUntil is null).FirstOrDefault() is { } other)
                    points.Remove(other);
                else
                    owed[origin.Key]++;
            }
        }
    }

    private IEnumerable<int> Origins(int ledger) => Enumerable.Range(0, customers).Where(customer => roots[customer] == ledger)
        .OrderBy(customer => customer != ledger);

    private IEnumerable<Point> Of(int ledger) => points.Where(point => roots[point.Owner] == ledger);

    /// <summary>Points that nobody holds, in the order in which they are taken.</summary>
    private IEnumerable<Point> Free(int ledger) => Of(ledger).Where(point => point.Hold is null)
        .OrderBy(point => point.Expires).ThenBy(point => point.Home != ledger).ThenBy(point => point.Home).ThenBy(point => point.Lot);

    // Documents here are of noon and reviews of midnight in London: an hour later than Greenwich both are in London's month, summer or winter.
    private static int Month(DateTimeOffset at) => (at.UtcDateTime.AddHours(1).Year * 12) + at.UtcDateTime.AddHours(1).Month;

    private sealed class Point(int owner, int home, int lot, DateTimeOffset expires)
    {
        public int Owner => owner;

        public int Home => home;

        public int Lot => lot;

        public DateTimeOffset Expires => expires;

        public DateTimeOffset? PendingUntil { get; set; }

        public int? Hold { get; set; }
    }

    /// <summary>A redemption, point by point as it was paid; null is one that was owed instead.</summary>
    private sealed record Spent(int Ledger, List<Point?> Units);

    private sealed class Piece(int receipt, DateTimeOffset at, int booked, int line, string product, int origin)
    {
        public int Receipt => receipt;

        public DateTimeOffset At => at;

        public int Booked => booked;

        public int Line => line;

        public string Product => product;

        public int Origin => origin;

        public int Home { get; init; }

        public int Lot { get; set; }

        public int Points { get; init; }

        public int Minor { get; init; }

        public bool Back { get; set; }
    }
}
