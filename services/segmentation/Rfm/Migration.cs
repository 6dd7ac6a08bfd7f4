using Patron.Segmentation.Value;

namespace Patron.Segmentation.Rfm;

/// <summary>Where the customers of each name were at the earlier date, and where at the later one.</summary>
/// <param name="Names">Of rows and columns; after them both have a last one, of those who had not bought by then.</param>
/// <param name="Customers">By earlier place, then by later place.</param>
internal sealed record Migration(IReadOnlyList<string> Names, int[,] Customers)
{
    /// <summary>
    /// Moves between two dates, each with the scores of its own day. Scores of quintiles move with the crowd: somebody who does nothing may
    /// rise because others fell behind. Fixed cuts show each customer alone.
    /// </summary>
    /// <param name="cutsOf">The bounds on a day, for example <see cref="RfmCuts.Quintiles"/>.</param>
    public static Migration Between(PurchaseHistory history, int earlier, int later, RfmCells cells, Func<int, RfmValues, RfmCuts> cutsOf)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(later, earlier);
        var (before, after) = (PlacesOn(history, earlier, cells, cutsOf), PlacesOn(history, later, cells, cutsOf));
        var size = cells.Names.Count + 1;
        var moves = new int[size, size];
        for (var customer = 0; customer < before.Length; customer++)
            moves[before[customer], after[customer]]++;
        return new Migration(cells.Names, moves);
    }

    /// <summary>Of each customer of the history, in its order.</summary>
    private static int[] PlacesOn(PurchaseHistory history, int day, RfmCells cells, Func<int, RfmValues, RfmCuts> cutsOf)
    {
        List<long> last = [], frequency = [], monetary = [];
        var places = new List<int>();
        foreach (var (from, to) in history.Customers())
        {
            var (end, spent) = (from, 0L);
            for (; end < to && history.Purchases[end].Day <= day; end++)
                spent += history.Purchases[end].Minor;
            places.Add(end > from ? last.Count : -1);
            if (end == from)
                continue;
            last.Add(history.Purchases[end - 1].Day);
            frequency.Add(end - from);
            monetary.Add(spent);
        }

        var values = new RfmValues([.. last], [.. frequency], [.. monetary]);
        var grid = RfmGrid.Of(values, cutsOf(day, values));
        return [.. places.Select(place => place < 0 ? cells.Names.Count : cells.NameOf(grid.Combinations[place]))];
    }
}
