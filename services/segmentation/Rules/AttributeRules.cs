using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>Reads the clauses over attributes.</summary>
internal static class AttributeRules
{
    public static readonly IReadOnlyList<string> Kinds =
        ["attribute", "attribute-number", "attribute-date", "attribute-days-since", "age", "birthday"];

    private const int AgeMax = 150;
    private const int YearMax = 366;

    public static AttributeClause Read(string kind, DocumentObject from)
    {
        switch (kind)
        {
            case "attribute":
                var key = Key(from);
                var texts = from.RuleTexts("in", "London");
                if (texts.Count > 0 && AttributeClause.OnlyKnown.Contains(key))
                    from.Fault("in", "Of this attribute only whether it is known can be asked: leave this field out.");
                return new AttributeIn(key, texts);
            case "attribute-number":
                var (min, max) = from.Bounds(-RuleReader.NumberMax, RuleReader.NumberMax);
                return new AttributeNumber(Key(from), min, max);
            case "attribute-date":
                var (first, last) = from.NeededDates();
                return new AttributeDate(Key(from), first, last);
            case "attribute-days-since":
                var (least, most) = from.Bounds(-RuleReader.DaysMax, RuleReader.DaysMax);
                return new AttributeDaysSince(Key(from), (int?)least, (int?)most);
            case "age":
                var (youngest, oldest) = from.Bounds(0, AgeMax);
                return new AgeBetween((int?)youngest, (int?)oldest);
            default:
                return Birthday(from);
        }
    }

    private static BirthdayNear Birthday(DocumentObject from)
    {
        var birthday = new BirthdayNear(
            (int?)from.Number("nextDays", 0, YearMax), (int?)from.Number("lastDays", 0, YearMax), (int?)from.Number("month", 1, 12));
        if (new[] { "nextDays", "lastDays", "month" }.Count(from.Has) != 1)
            from.Fault("nextDays", "Write one of nextDays, lastDays and month.");
        return birthday;
    }

    private static string Key(DocumentObject from)
    {
        const string rule = "Write the key of an attribute here: 1 to 40 small letters, digits and underscores, such as city.";
        return from.NeededText("attribute", IsKey, rule);
    }

    private static bool IsKey(string text) =>
        text.Length is > 0 and <= 40 && char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
