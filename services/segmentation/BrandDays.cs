namespace Patron.Segmentation;

/// <summary>Days and hours as the brand's customers see them. A day is a <see cref="DateOnly.DayNumber"/>.</summary>
internal sealed class BrandDays(TimeZoneInfo zone)
{
    public int DayOf(DateTimeOffset time) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(time, zone).DateTime).DayNumber;

    /// <summary>The first day of the twelve months that end with <paramref name="today"/>: the day after the same day a year before.</summary>
    public static int TwelveMonthsBegin(int today) => DateOnly.FromDayNumber(today).AddMonths(-12).DayNumber + 1;

    /// <summary>
    /// The next time after <paramref name="after"/> that clocks in the zone show <paramref name="hour"/>. Where a change to summer time
    /// skips it, the moment that the skipped time would have been; where it comes twice in a night, the first.
    /// </summary>
    public DateTimeOffset Next(TimeOnly hour, DateTimeOffset after)
    {
        for (var day = DayOf(after); ; day++)
        {
            var local = DateOnly.FromDayNumber(day).ToDateTime(hour);
            var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max()
                : zone.IsInvalidTime(local) ? zone.GetUtcOffset(local.AddHours(-3))
                : zone.GetUtcOffset(local);
            var moment = new DateTimeOffset(local, offset).ToUniversalTime();
            if (moment > after)
                return moment;
        }
    }
}
