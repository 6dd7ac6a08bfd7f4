using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>
/// On how many days each customer bought, and the last day but one, as <see cref="Day16"/>: two columns beside those of
/// <see cref="PartitionColumns"/>.
/// <para>
/// The days themselves are not kept. A purchase that is told late, of a day between the first and the last but one, counts as a day of its
/// own although the customer may have bought twice on it; as long as purchases are told in the order of days, the count is exact.
/// </para>
/// </summary>
internal sealed class PurchaseDays
{
    /// <summary>Bytes a customer.</summary>
    public const int BytesEach = 4 + 2;

    private int[] count = [];
    private ushort[] previous = [];

    public ReadOnlySpan<int> Count => count;

    /// <summary>The last day of purchase before the last one; none for whoever bought on one day at most.</summary>
    public ReadOnlySpan<ushort> Previous => previous;

    public void Keep(SnapshotFields fields)
    {
        fields.Array("days of purchase", ref count);
        fields.Array("last day but one", ref previous);
    }

    public void Grow(int size)
    {
        Array.Resize(ref count, size);
        Array.Resize(ref previous, size);
    }

    /// <param name="first">As they were before this purchase, like <paramref name="last"/>.</param>
    public void Add(int row, ushort day, ushort first, ushort last)
    {
        if (day != first && day != last && day != previous[row])
            count[row]++;
        if (first != Day16.None && day != last)
            previous[row] = Math.Max(previous[row], Math.Min(day, last));
    }

    /// <summary>
    /// What is known of merged customers, whose receipts were added up: those of the kept lines count by their days, each earlier one as a day of
    /// its own, as far as there are days.
    /// </summary>
    public void Replace(int row, Purchases known)
    {
        (count[row], previous[row]) = (0, Day16.None);
        if (known.FirstDay is not { } first || known.LastDay is not { } last)
            return;
        var bought = known.Bought.Where(line => line.Minor > 0).ToList();
        var receipts = bought.Where(line => line is { Sold: true, Begins: true }).ToList();
        var onSameDay = receipts.Count - receipts.DistinctBy(line => line.Day).Count();
        count[row] = (int)Math.Clamp(known.Count - onSameDay, 1, last - first + 1);
        if (first != last)
            previous[row] = Day16.Of(bought.Where(line => line.Day < last).Select(line => (long)line.Day).DefaultIfEmpty(first).Max());
    }
}
