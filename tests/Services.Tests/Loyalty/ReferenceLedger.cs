namespace Patron.Services.Tests.Loyalty;

/// <summary>
/// A ledger written a second time, by brute force, for comparison: every single point and every single piece is an object, nothing is
/// summed or kept beside, and every answer is counted out.
/// </summary>
internal sealed class ReferenceLedger((string Name, int FromMinor, int Percent)[] tiers, int windowMonths)
{
    private readonly List<Point> points = [];
    private readonly List<Piece> pieces = [];
    private readonly List<(int Return, DateTimeOffset At, string Product)> open = [];
    private int owed;
    private int lots;
    private int booked;

    public int Balance => points.Count;

    public int Owed => owed;

    public int Earned { get; private set; }

    public int Reversed { get; private set; }

    public int Redeemed { get; private set; }

    public int Expired { get; private set; }

    public int Open => open.Count;

    public string Tier { get; private set; } = tiers[0].Name;

    public IEnumerable<(DateTimeOffset Expires, int Points)> Lots => points.GroupBy(point => point.Lot)
        .Select(lot => (lot.First().Expires, lot.Count(), lot.Key)).OrderBy(lot => lot.Expires).ThenBy(lot => lot.Key).Select(lot => (lot.Expires, lot.Item2));

    public void Buy(int receipt, DateTimeOffset at, DateTimeOffset expires, IEnumerable<(string Product, int Quantity, int Minor)> lines)
    {
        booked++;
        var percent = tiers.Single(tier => tier.Name == Tier).Percent;
        var lot = lots + 1;
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
                fresh.Add(new(receipt, at, booked, number, product)
                {
                    Lot = lot,
                    Points = (earned * piece / quantity) - (earned * (piece - 1) / quantity),
                    Minor = (minor * piece / quantity) - (minor * (piece - 1) / quantity),
                });
            }
        }

        Earned += given;
        var kept = given;
        while (kept > 0 && owed > 0)
            (kept, owed) = (kept - 1, owed - 1);
        for (var i = 0; i < kept; i++)
            points.Add(new(lot, expires));
        if (kept > 0)
            lots++;
        else
            fresh.ForEach(piece => piece.Lot = 0);

        pieces.AddRange(fresh);
        var later = open.Where(known => known.Return != receipt && at <= known.At).OrderBy(known => known.At);
        foreach (var waiting in later.GroupBy(known => known.Return).ToList())
        {
            var claimed = new List<Piece>();
            foreach (var returned in waiting)
            {
                var left = fresh.Where(piece => !piece.Back && piece.Product == returned.Product);
                if (left.OrderByDescending(piece => piece.Line).FirstOrDefault() is not { } piece)
                    continue;
                piece.Back = true;
                claimed.Add(piece);
                open.Remove(returned);
            }

            TakeBack(claimed);
        }
    }

    public void Return(int receipt, DateTimeOffset at, string product, int quantity)
    {
        var back = new List<Piece>();
        for (var i = 0; i < quantity; i++)
        {
            var latest = pieces.Where(piece => !piece.Back && piece.Product == product && piece.At <= at && piece.Receipt != receipt)
                .OrderByDescending(piece => piece.At).ThenByDescending(piece => piece.Booked).ThenByDescending(piece => piece.Line).FirstOrDefault();
            if (latest is null)
            {
                open.Add((receipt, at, product));
                continue;
            }

            latest.Back = true;
            back.Add(latest);
        }

        TakeBack(back);
    }

    public bool Redeem(int wanted, DateTimeOffset now)
    {
        var good = points.Where(point => point.Expires > now).OrderBy(point => point.Expires).ThenBy(point => point.Lot).Take(wanted).ToList();
        if (good.Count < wanted)
            return false;
        good.ForEach(point => points.Remove(point));
        Redeemed += wanted;
        return true;
    }

    /// <summary>The tier rises to what the spend of the window reaches, or becomes exactly that at a review.</summary>
    public void Rate(DateTimeOffset now, bool review)
    {
        var spend = pieces.Where(piece => !piece.Back && Month(piece.At) >= Month(now) - windowMonths).Sum(piece => piece.Minor);
        var reached = Array.FindLastIndex(tiers, tier => tier.FromMinor <= spend);
        if (review || reached > Array.FindIndex(tiers, tier => tier.Name == Tier))
            Tier = tiers[reached].Name;
    }

    public void Expire(DateTimeOffset cutOff) => Expired += points.RemoveAll(point => point.Expires <= cutOff);

    private void TakeBack(List<Piece> back)
    {
        Reversed += back.Sum(piece => piece.Points);
        var rest = 0;
        foreach (var piece in back)
        {
            for (var i = 0; i < piece.Points; i++)
            {
                if (points.Find(point => point.Lot == piece.Lot) is { } own)
                    points.Remove(own);
                else
                    rest++;
            }
        }

        for (; rest > 0; rest--)
        {
            if (points.OrderBy(point => point.Expires).ThenBy(point => point.Lot).FirstOrDefault() is { } other)
                points.Remove(other);
            else
                owed++;
        }
    }

    // Documents here are of noon and reviews of midnight in London: an hour later than Greenwich both are in London's month, summer or winter.
    private static int Month(DateTimeOffset at) => (at.UtcDateTime.AddHours(1).Year * 12) + at.UtcDateTime.AddHours(1).Month;

    private sealed class Point(int lot, DateTimeOffset expires)
    {
        public int Lot => lot;

        public DateTimeOffset Expires => expires;
    }

    private sealed class Piece(int receipt, DateTimeOffset at, int booked, int line, string product)
    {
        public int Receipt => receipt;

        public DateTimeOffset At => at;

        public int Booked => booked;

        public int Line => line;

        public string Product => product;

        public int Lot { get; set; }

        public int Points { get; init; }

        public int Minor { get; init; }

        public bool Back { get; set; }
    }
}
