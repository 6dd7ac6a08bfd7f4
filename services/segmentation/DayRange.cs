using System.Globalization;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>Two days that a caller asks between, these included, or what is wrong with them.</summary>
internal readonly record struct DayRange(DateOnly From, DateOnly To, IReadOnlyList<FieldError> Faults)
{
    public const int DaysMax = 3_660;

    /// <param name="to">Up to today, which it is when missing.</param>
    /// <param name="daysUsual">How many days there are without <paramref name="from"/>.</param>
    public static DayRange Read(string? from, string? to, int today, int daysUsual)
    {
        var faults = new List<FieldError>();
        var last = Day("to", to, faults) ?? DateOnly.FromDayNumber(today);
        var first = Day("from", from, faults) ?? last.AddDays(1 - daysUsual);
        if (last.DayNumber > today)
            faults.Add(new("to", $"This must not be after today, which is {DateOnly.FromDayNumber(today):yyyy-MM-dd}."));
        if (first > last)
            faults.Add(new("from", $"This must not be after to, which is {last:yyyy-MM-dd}."));
        else if (last.DayNumber - first.DayNumber >= DaysMax)
            faults.Add(new("from", string.Create(CultureInfo.InvariantCulture, $"At most {DaysMax} days are told at once: ask from a later day.")));
        return new(first, last, [.. faults.DistinctBy(fault => fault.Path)]);
    }

    private static DateOnly? Day(string name, string? text, List<FieldError> faults)
    {
        if (text is null)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day;
        faults.Add(new(name, "This must be a date such as 2026-11-30."));
        return null;
    }
}
