namespace Patron.Segmentation;

/// <summary>
/// What was spent on which day of the last twelve months, so that the sums per customer stay exact while days go by: each amount is added
/// once and taken off once. 16 bytes an amount.
/// </summary>
internal sealed class SpendWindow
{
    // The longest twelve months, a leap year, and today.
    private const int DaysMax = 367;

    private readonly List<(int Row, long Amount)>?[] byDay = new List<(int, long)>?[DaysMax];
    private int begin;

    /// <summary>Moves the first day of the window on, and takes what lies before it off the sums. It never moves back.</summary>
    public void Begin(int day, long[] sums)
    {
        for (var gone = begin; gone < day && gone < begin + DaysMax; gone++)
        {
            ref var amounts = ref byDay[gone % DaysMax];
            foreach (var (row, amount) in amounts ?? [])
                sums[row] -= amount;
            amounts = null;
        }

        begin = Math.Max(begin, day);
    }

    /// <summary>What is counted of a row, by day, ascending. Looks through all that is kept.</summary>
    public IReadOnlyList<DaySpend> Of(int row) =>
    [
        .. Enumerable.Range(begin, DaysMax)
            .Select(day => new DaySpend(day, (byDay[day % DaysMax] ?? []).Where(spent => spent.Row == row).Sum(spent => spent.Amount)))
            .Where(spent => spent.Minor != 0),
    ];

    /// <summary>Takes everything of a row off.</summary>
    public void Forget(int row, long[] sums)
    {
        foreach (var amounts in byDay)
            amounts?.RemoveAll(spent => spent.Row == row);
        sums[row] = 0;
    }

    /// <param name="day">At most the last day of the window; an earlier one than its first day is not counted.</param>
    public void Add(int day, int row, long amount, long[] sums)
    {
        if (day < begin)
            return;
        if (day >= begin + DaysMax)
            throw new ArgumentOutOfRangeException(nameof(day), "A day after today was not cut off.");
        (byDay[day % DaysMax] ??= []).Add((row, amount));
        sums[row] += amount;
    }
}
