namespace Patron.Segmentation.Rfm;

/// <summary>How customers bought, a customer's values at the same index of each array; of those who bought at all.</summary>
/// <param name="LastDay">Of the last purchase; a <see cref="DateOnly.DayNumber"/>, the later the better.</param>
/// <param name="Frequency">Purchases.</param>
/// <param name="Monetary">Spent, in minor units; what went back is taken off, so it may be negative.</param>
internal sealed record RfmValues(long[] LastDay, long[] Frequency, long[] Monetary)
{
    public int Count => LastDay.Length;
}

/// <summary>The bounds of the three scores. Those of recency are days of last purchase.</summary>
internal sealed record RfmCuts(Cuts Recency, Cuts Frequency, Cuts Monetary)
{
    /// <summary>Quintiles of these customers.</summary>
    public static RfmCuts Quintiles(RfmValues values) =>
        new(Cuts.Quintiles(values.LastDay), Cuts.Quintiles(values.Frequency), Cuts.Quintiles(values.Monetary));

    /// <summary>Fixed bounds, which mean the same on every day and to every brand.</summary>
    /// <param name="daysAgo">At most so many days since the last purchase make the scores 5, 4, 3 and 2; ascending.</param>
    /// <param name="frequency">At least so many purchases make 2, 3, 4 and 5; ascending, as <paramref name="monetary"/>.</param>
    public static RfmCuts Fixed(int today, Cuts daysAgo, Cuts frequency, Cuts monetary) => new(
        new Cuts(today - daysAgo.Five, today - daysAgo.Four, today - daysAgo.Three, today - daysAgo.Two), frequency, monetary);
}

/// <summary>Customers by their three scores.</summary>
/// <param name="Combinations">Of each customer, as <see cref="RfmCells.CombinationOf"/> numbers them.</param>
/// <param name="Customers">How many have each combination.</param>
internal sealed record RfmGrid(RfmCuts Cuts, byte[] Combinations, int[] Customers)
{
    public static RfmGrid Of(RfmValues values, RfmCuts cuts)
    {
        var combinations = new byte[values.Count];
        var customers = new int[RfmCells.Combinations];
        for (var i = 0; i < combinations.Length; i++)
        {
            var combination = RfmCells.CombinationOf(
                cuts.Recency.ScoreOf(values.LastDay[i]), cuts.Frequency.ScoreOf(values.Frequency[i]), cuts.Monetary.ScoreOf(values.Monetary[i]));
            combinations[i] = (byte)combination;
            customers[combination]++;
        }

        return new RfmGrid(cuts, combinations, customers);
    }

    /// <summary>Customers of each name, in the order of the table's names.</summary>
    public int[] ByName(RfmCells cells)
    {
        var named = new int[cells.Names.Count];
        for (var combination = 0; combination < Customers.Length; combination++)
            named[cells.NameOf(combination)] += Customers[combination];
        return named;
    }
}
