namespace Patron.Segmentation.Value;

/// <summary>Customers with the same number of repeats in the first part: what they did in the second, and what the model said.</summary>
/// <param name="Repeats">The last row is of that many and more.</param>
/// <param name="Actual">Purchases of one on average; 0 where nobody is.</param>
internal sealed record FrequencyRow(int Repeats, int Customers, double Actual, double Expected);

/// <summary>A week of both parts; the first begins with the earliest first purchase.</summary>
/// <param name="Actual">Repeat purchases of all within the week.</param>
/// <param name="InHoldout">The model has not seen the week, or not all of it.</param>
internal sealed record WeekRow(int Week, int Actual, double Expected, bool InHoldout);

/// <summary>How well a model that saw the first part of a history foretells the second.</summary>
/// <param name="ByFrequency">Calibration: for 0, 1, ... repeats, the last of as many and more.</param>
/// <param name="Actual">Purchases of all in the second part.</param>
/// <param name="Rmse">Root of the mean squared error by customer, in purchases.</param>
/// <param name="Mae">Mean absolute error by customer. Small for whoever says 0 of everybody, so it means little alone.</param>
/// <param name="SameRateRmse">Of saying that everybody goes on as before: x / T. A model that is no better is of no use.</param>
internal sealed record HoldoutReport(
    BgNbd Model, int Customers, double HoldoutWeeks, IReadOnlyList<FrequencyRow> ByFrequency, long Actual, double Expected, double Rmse, double Mae,
    double SameRateRmse, IReadOnlyList<WeekRow> ByWeek);

/// <summary>Fits on the first part of a history and compares with the second.</summary>
internal static class Holdout
{
    /// <summary>The last row of the calibration: this many repeats and more.</summary>
    public const int RepeatsTogether = 7;

    /// <param name="calibrationEnd">The last day that the model sees.</param>
    /// <param name="holdoutEnd">The last day to compare; after <paramref name="calibrationEnd"/>.</param>
    public static Fit<HoldoutReport> Validate(PurchaseHistory history, int calibrationEnd, int holdoutEnd)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(holdoutEnd, calibrationEnd);
        var known = history.Until(calibrationEnd);
        var (model, refusal) = BgNbd.Fit(known.Purchases);
        return model is null ? refusal! : Compare(history, known.Purchases, model, calibrationEnd, holdoutEnd);
    }

    private static HoldoutReport Compare(PurchaseHistory history, RepeatPurchases customers, BgNbd model, int calibrationEnd, int holdoutEnd)
    {
        var actual = history.Between(calibrationEnd, holdoutEnd);
        var weeks = (holdoutEnd - calibrationEnd) / RepeatPurchases.DaysPerWeek;
        var rows = new (int Customers, long Actual, double Expected)[RepeatsTogether + 1];
        double squares = 0, absolute = 0, naive = 0, total = 0;
        for (var i = 0; i < customers.Count; i++)
        {
            var (x, recency, age) = (customers.Repeats[i], customers.RecencyDays[i], customers.AgeDays[i]);
            var expected = model.Expected(x, recency / RepeatPurchases.DaysPerWeek, age / RepeatPurchases.DaysPerWeek, weeks);
            ref var row = ref rows[Math.Min(x, RepeatsTogether)];
            row = (row.Customers + 1, row.Actual + actual[i], row.Expected + expected);
            total += expected;
            squares += Math.Pow(actual[i] - expected, 2);
            absolute += Math.Abs(actual[i] - expected);
            naive += Math.Pow(actual[i] - (age == 0 ? 0 : x * (double)(holdoutEnd - calibrationEnd) / age), 2);
        }

        return new HoldoutReport(
            model, customers.Count, weeks,
            [
                .. rows.Select((row, repeats) => new FrequencyRow(
                    repeats, row.Customers, row.Actual / Math.Max(1.0, row.Customers), row.Expected / Math.Max(1.0, row.Customers))),
            ],
            actual.Sum(count => (long)count), total, Math.Sqrt(squares / customers.Count), absolute / customers.Count,
            Math.Sqrt(naive / customers.Count), ByWeek(history, model, calibrationEnd, holdoutEnd));
    }

    /// <summary>
    /// Each week's repeat purchases of those who had bought by the end of the first part. Expected is what so many new customers make by the
    /// days since their first purchases, as the paper's figures of weekly and cumulative sales are made.
    /// </summary>
    private static List<WeekRow> ByWeek(PurchaseHistory history, BgNbd model, int calibrationEnd, int holdoutEnd)
    {
        var begin = history.Purchases.ToArray().Min(purchase => purchase.Day);
        var weeks = (holdoutEnd - begin) / 7 + 1;
        var actual = new int[weeks];
        var newOnDay = new int[holdoutEnd - begin + 1];
        foreach (var (from, to) in history.Customers())
        {
            var first = history.Purchases[from].Day;
            if (first > calibrationEnd)
                continue;
            newOnDay[first - begin]++;
            for (var i = from + 1; i < to && history.Purchases[i].Day <= holdoutEnd; i++)
                actual[(history.Purchases[i].Day - begin) / 7]++;
        }

        var ofDays = Enumerable.Range(0, newOnDay.Length).Select(days => model.ExpectedOfNew(days / RepeatPurchases.DaysPerWeek)).ToArray();
        var rows = new List<WeekRow>();
        var before = 0.0;
        for (var week = 0; week < weeks; week++)
        {
            var last = Math.Min((week * 7) + 6, holdoutEnd - begin);
            var until = 0.0;
            for (var day = 0; day <= last; day++)
                until += newOnDay[day] * ofDays[last - day];
            rows.Add(new WeekRow(week + 1, actual[week], until - before, begin + last > calibrationEnd));
            before = until;
        }

        return rows;
    }
}
