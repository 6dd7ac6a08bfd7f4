using System.Globalization;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A birthday of the customer has begun, by the brand's clocks.</summary>
/// <param name="Year">Of the birthday: whoever gives something for it gives it once a year, however often a birth date is changed.</param>
/// <param name="Next">When the next one begins.</param>
/// <param name="LeapDay">Born on 29 February, which is kept on the 28th in other years.</param>
[EventName("profile.birthday-reached.v1")]
internal sealed record BirthdayReached(int Year, DateTimeOffset Next, bool LeapDay) : ProfileEvent;

/// <summary>
/// Birthdays come by timers. The birth date itself is stored under seal only: an event carries it in clear no further than to the timer, which is
/// deleted with the customer.
/// </summary>
internal sealed class Birthdays(TimeZoneInfo zone)
{
    private const string Timer = "birthday";
    private const string LeapTimer = "leap-birthday";

    public static bool Knows(DueTimer timer) => timer.Name is Timer or LeapTimer;

    /// <summary>The birth date among attributes; null where there is none, or none that is a day.</summary>
    public static DateOnly? In(SealedDetails details, CustomerKey key) => details.Find(BuiltIn.BirthDate) is { } text
        ? Read(key.Unseal(text, AttributesByKey.FieldOf(BuiltIn.BirthDate)))
        : null;

    public static DateOnly? Read(string value) =>
        DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    public IEnumerable<TimerChange> TimersOf(RecordedEvent recorded) => recorded.Event switch
    {
        DetailsChanged { BirthDate: { } born } => Set(born.Month == 2 && born.Day == 29, Next(born, recorded.Time)),
        LinkEvent { BirthDate: { } born } => Set(born.Month == 2 && born.Day == 29, Next(born, recorded.Time)),
        BirthdayReached reached => Set(reached.LeapDay, reached.Next),
        _ => [],
    };

    public Command OnDue(DueTimer timer) =>
        CustomerProfile.Kind.Command(timer.Stream, timer.Customer, customer => Decide(customer, timer.Due, timer.Name == LeapTimer));

    /// <summary>
    /// Nothing for whoever was erased or has no birth date any more, and nothing while they are merged: then the other one has it, and theirs is set
    /// again when they are parted.
    /// </summary>
    public Decision Decide(CustomerProfile customer, DateTimeOffset due, bool leapDay)
    {
        if (customer.Erasure is not null || customer.LinksOrNone.MergedInto is not null || customer.Details.Find(BuiltIn.BirthDate) is null)
            return Decision.Nothing;
        var day = DayOf(due);
        return new BirthdayReached(day.Year, Next(leapDay ? new DateOnly(2000, 2, 29) : day, due), leapDay);
    }

    /// <summary>The beginning of the first birthday after this moment.</summary>
    private DateTimeOffset Next(DateOnly born, DateTimeOffset after)
    {
        for (var year = DayOf(after).Year; ; year++)
        {
            var begins = Begin(new DateOnly(year, born.Month, Math.Min(born.Day, DateTime.DaysInMonth(year, born.Month))));
            if (begins > after)
                return begins;
        }
    }

    private DateOnly DayOf(DateTimeOffset moment) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(moment, zone).DateTime);

    /// <summary>The first moment of the day: its midnight, or where clocks skip that, when they go on; of two midnights the first.</summary>
    private DateTimeOffset Begin(DateOnly day)
    {
        var midnight = day.ToDateTime(TimeOnly.MinValue);
        var offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max()
            : zone.IsInvalidTime(midnight) ? zone.GetUtcOffset(midnight.AddHours(-3))
            : zone.GetUtcOffset(midnight);
        return new DateTimeOffset(midnight, offset).ToUniversalTime();
    }

    private static TimerChange[] Set(bool leapDay, DateTimeOffset due) => leapDay
        ? [TimerChange.Set(LeapTimer, due), TimerChange.Cancel(Timer)]
        : [TimerChange.Set(Timer, due), TimerChange.Cancel(LeapTimer)];
}
