namespace Patron.Segmentation.Value;

/// <summary>One receipt, or one day's.</summary>
/// <param name="Customer">Any number that is the customer's own.</param>
/// <param name="Day">A <see cref="DateOnly.DayNumber"/>.</param>
/// <param name="Minor">In minor units of one currency.</param>
internal readonly record struct Transaction(int Customer, int Day, long Minor);

/// <summary>What was known of some customers on a day, a customer's values at the same index of each array.</summary>
/// <param name="Customers">Their numbers, ascending.</param>
/// <param name="RepeatMinor">Spent on the days after the first one's, in minor units.</param>
internal sealed record KnownPurchases(int[] Customers, RepeatPurchases Purchases, long[] RepeatMinor)
{
    /// <summary>Of the customers with repeats, what one is worth, in minor units. The first purchase often has a price of its own, so it stays out.</summary>
    public AverageSpend Spend
    {
        get
        {
            var repeaters = Enumerable.Range(0, Customers.Length).Where(i => Purchases.Repeats[i] > 0).ToArray();
            return new AverageSpend(
                Array.ConvertAll(repeaters, i => Purchases.Repeats[i]),
                Array.ConvertAll(repeaters, i => (double)RepeatMinor[i] / Purchases.Repeats[i]));
        }
    }
}

/// <summary>A history of purchases by customer and day, in which a day's receipts of a customer are one purchase.</summary>
internal sealed class PurchaseHistory
{
    // Sorted by customer, then day; no pair comes twice.
    private readonly Transaction[] purchases;

    public PurchaseHistory(IEnumerable<Transaction> transactions) => purchases =
    [
        .. transactions.GroupBy(one => (one.Customer, one.Day))
            .Select(day => new Transaction(day.Key.Customer, day.Key.Day, day.Sum(one => one.Minor)))
            .OrderBy(one => one.Customer).ThenBy(one => one.Day),
    ];

    /// <summary>Purchases, a customer's days in a row.</summary>
    public ReadOnlySpan<Transaction> Purchases => purchases;

    /// <summary>Those who had bought by the end of <paramref name="lastDay"/>, as known then.</summary>
    public KnownPurchases Until(int lastDay)
    {
        List<int> customers = [], repeats = [], recency = [], age = [];
        List<long> minor = [];
        foreach (var (from, to) in Customers())
        {
            var first = purchases[from].Day;
            if (first > lastDay)
                continue;
            var end = from + 1;
            long spent = 0;
            for (; end < to && purchases[end].Day <= lastDay; end++)
                spent += purchases[end].Minor;
            customers.Add(purchases[from].Customer);
            repeats.Add(end - from - 1);
            recency.Add(purchases[end - 1].Day - first);
            age.Add(lastDay - first);
            minor.Add(spent);
        }

        return new KnownPurchases([.. customers], new RepeatPurchases([.. repeats], [.. recency], [.. age]), [.. minor]);
    }

    /// <summary>Days with a purchase after <paramref name="lastDay"/> up to <paramref name="endDay"/>, of the customers of <see cref="Until"/>.</summary>
    public int[] Between(int lastDay, int endDay)
    {
        var counts = new List<int>();
        foreach (var (from, to) in Customers())
        {
            if (purchases[from].Day > lastDay)
                continue;
            var count = 0;
            for (var i = from; i < to; i++)
                count += purchases[i].Day > lastDay && purchases[i].Day <= endDay ? 1 : 0;
            counts.Add(count);
        }

        return [.. counts];
    }

    /// <summary>From where to where each customer's purchases stand.</summary>
    public IEnumerable<(int From, int To)> Customers()
    {
        for (var from = 0; from < purchases.Length;)
        {
            var to = from + 1;
            while (to < purchases.Length && purchases[to].Customer == purchases[from].Customer)
                to++;
            yield return (from, to);
            from = to;
        }
    }
}
