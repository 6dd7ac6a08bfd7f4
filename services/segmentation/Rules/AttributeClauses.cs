using System.Globalization;
using System.Text.Json.Serialization;
using Patron.Runtime.Privacy;

namespace Patron.Segmentation;

/// <summary>
/// A rule over one attribute of the customer, by the key that profile declares it with. False of a customer of whom it is not known. Values are
/// personal: they stand in memory only, and never in a reason.
/// </summary>
/// <param name="Key">As profile declares it.</param>
internal abstract record AttributeClause([property: JsonIgnore] string Key) : Clause
{
    public const string BirthDate = "birth_date";

    /// <summary>Of these only whether they are known is kept.</summary>
    public static readonly IReadOnlyList<string> OnlyKnown = [SealedFields.GivenName, SealedFields.FamilyName, SealedFields.Email, SealedFields.Phone];
}

/// <summary>The value is one of these, whatever its capitals; without any, it is known.</summary>
internal sealed record AttributeIn(string Attribute, IReadOnlyList<string> In) : AttributeClause(Attribute);

/// <summary>The value is a number between the bounds, these included; null leaves a side open.</summary>
internal sealed record AttributeNumber(string Attribute, long? Min, long? Max) : AttributeClause(Attribute);

/// <summary>The value is a day between the dates, these included; null leaves a side open.</summary>
internal sealed record AttributeDate(string Attribute, DateOnly? From, DateOnly? To) : AttributeClause(Attribute);

/// <summary>Midnights between the day and today lie between the bounds, these included; below 0 the day lies ahead.</summary>
internal sealed record AttributeDaysSince(string Attribute, int? Min, int? Max) : AttributeClause(Attribute);

/// <summary>Full years since the birth date. Who was born on 29 February becomes older on the 28th in other years.</summary>
internal sealed record AgeBetween(int? Min, int? Max) : AttributeClause(BirthDate);

/// <summary>One of the three: a birthday within so many days after or before today, which counts as 0, or in the month.</summary>
/// <param name="Month">1 to 12, of the birth date.</param>
internal sealed record BirthdayNear(int? NextDays, int? LastDays, int? Month) : AttributeClause(BirthDate);

/// <summary>What the clauses mean.</summary>
internal static class AttributeTest
{
    /// <param name="today">A <see cref="DateOnly.DayNumber"/>.</param>
    public static bool Holds(AttributeClause clause, string value, int today) => clause switch
    {
        AttributeIn { In.Count: 0 } => true,
        AttributeIn one => one.In.Contains(value, StringComparer.OrdinalIgnoreCase),
        AttributeNumber number => NumberOf(value) is { } told && !(told < number.Min) && !(told > number.Max),
        _ => DayOf(value) is { } day && OnDay(clause, today)(day),
    };

    /// <summary>Of clauses over days: whether one holds of a value that is this day.</summary>
    public static Func<int, bool> OnDay(AttributeClause clause, int today)
    {
        if (clause is BirthdayNear birthday)
            return day => IsNear(birthday, DateOnly.FromDayNumber(day), today);
        var (from, to) = clause switch
        {
            AttributeDate date => (date.From?.DayNumber ?? int.MinValue, date.To?.DayNumber ?? int.MaxValue),
            AttributeDaysSince since => (since.Max is { } most ? today - most : int.MinValue, since.Min is { } least ? today - least : int.MaxValue),
            AgeBetween age => (age.Max is { } oldest ? LastBornFor(oldest + 1, today) + 1 : int.MinValue, LastBornFor(age.Min ?? 0, today)),
            _ => (1, 0),
        };
        return day => day >= from && day <= to;
    }

    public static decimal? NumberOf(string value) =>
        decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static int? DayOf(string value) =>
        DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day.DayNumber : null;

    /// <summary>Full years; below 0 for who is not born yet.</summary>
    public static int AgeOn(int born, int today)
    {
        var (birth, day) = (DateOnly.FromDayNumber(born), DateOnly.FromDayNumber(today));
        var years = day.Year - birth.Year;
        return birth.AddYears(years) > day ? years - 1 : years;
    }

    /// <summary>The last birth date of whoever is that old today.</summary>
    private static int LastBornFor(int age, int today)
    {
        var day = DateOnly.FromDayNumber(today);
        if (age >= day.Year)
            return int.MinValue;
        var born = day.AddYears(-age);
        return born.AddDays(1).AddYears(age) <= day ? born.DayNumber + 1 : born.DayNumber;
    }

    private static bool IsNear(BirthdayNear clause, DateOnly born, int today)
    {
        if (clause.Month is { } month)
            return born.Month == month;
        var day = DateOnly.FromDayNumber(today);
        var birthday = born.AddYears(day.Year - born.Year).DayNumber;
        return clause.NextDays is { } next
            ? (birthday >= today ? birthday : born.AddYears(day.Year + 1 - born.Year).DayNumber) - today <= next
            : today - (birthday <= today ? birthday : born.AddYears(day.Year - 1 - born.Year).DayNumber) <= clause.LastDays;
    }
}
