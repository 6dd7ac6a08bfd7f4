namespace Patron.Segmentation;

/// <summary>Days in two bytes: 1 is 1900-01-01, 0 is none; earlier and later days than fit stand for the first and the last that do.</summary>
internal static class Day16
{
    public const ushort None = 0;
    private static readonly int Before = new DateOnly(1899, 12, 31).DayNumber;

    /// <param name="day">A <see cref="DateOnly.DayNumber"/>, or null for none.</param>
    public static ushort Of(int? day) => day is { } known ? Of((long)known) : None;

    public static ushort Of(long day) => (ushort)Math.Clamp(day - Before, 1, ushort.MaxValue);

    public static int? DayNumber(ushort day) => day == None ? null : day + Before;

    /// <summary>Bounds as stored days, or null when no day lies between them.</summary>
    public static (ushort From, ushort To)? Range((long? From, long? To) days)
    {
        var (from, to) = (Math.Max((days.From ?? 0) - Before, 1), Math.Min((days.To ?? int.MaxValue) - Before, ushort.MaxValue));
        return from <= to ? ((ushort)from, (ushort)to) : null;
    }
}
