namespace Patron.Segmentation;

/// <summary>
/// On how many days each customer bought, and the last day but one: two columns beside those of <see cref="PartitionColumns"/>, 8 bytes a
/// customer.
/// <para>
/// The days themselves are not kept. A purchase that is told late, of a day between the first and the last but one, counts as a day of its
/// own although the customer may have bought twice on it; as long as purchases are told in the order of days, the count is exact.
/// </para>
/// </summary>
internal sealed class PurchaseDays
{
    private int[] count = [];
    private int[] previous = [];

    public ReadOnlySpan<int> Count => count;

    /// <summary>The last day of purchase before the last one; <see cref="PartitionColumns.NoDay"/> for whoever bought on one day at most.</summary>
    public ReadOnlySpan<int> Previous => previous;

    public void Grow(int size)
    {
        Array.Resize(ref count, size);
        Array.Resize(ref previous, size);
    }

    public void Forget(int row) => (count[row], previous[row]) = (0, PartitionColumns.NoDay);

    /// <param name="first">As they were before this purchase, like <paramref name="last"/>; <see cref="PartitionColumns.NoDay"/> if it is the first.</param>
    public void Add(int row, int day, int first, int last)
    {
        if (first == PartitionColumns.NoDay)
            previous[row] = PartitionColumns.NoDay;
        if (day != first && day != last && day != previous[row])
            count[row]++;
        if (first != PartitionColumns.NoDay && day != last)
            previous[row] = Math.Max(previous[row], Math.Min(day, last));
    }

    /// <summary>
    /// What is known of merged customers, whose receipts were added up without their days: each receipt counts as a day of its own, as far as
    /// there are days, and the day before the last is one on which something was spent in the last twelve months, or else the first.
    /// </summary>
    public void Replace(int row, Purchases known)
    {
        Forget(row);
        if (known.FirstDay is not { } first || known.LastDay is not { } last)
            return;
        count[row] = (int)Math.Min(known.Count, last - first + 1);
        if (first != last)
            previous[row] = known.Window.Where(spent => spent.Minor > 0 && spent.Day < last).Select(spent => spent.Day).DefaultIfEmpty(first).Max();
    }
}
