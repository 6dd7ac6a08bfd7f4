using System.Diagnostics;
using System.Globalization;

namespace Patron.Segmentation;

/// <summary>
/// A clause, said as a sentence, and what is true of a customer. <paramref name="Fact"/> is empty where the answer is in the
/// <paramref name="Parts"/>.
/// </summary>
internal sealed record ClauseAnswer(bool Holds, string Clause, string Fact, IReadOnlyList<ClauseAnswer> Parts);

/// <summary>Evaluates rules for one customer and says why.</summary>
/// <param name="currency">ISO 4217 code of the brand's currency.</param>
internal sealed class Explanation(SegmentCatalog catalog, string currency)
{
    public bool Holds(Clause clause, CustomerRow row) => clause switch
    {
        AllOf all => all.Clauses.All(part => Holds(part, row)),
        AnyOf any => any.Clauses.Any(part => Holds(part, row)),
        NoneOf not => !Holds(not.Clause, row),
        DaysSince since => row.Day(since.Column) is { } day && Between(row.Today - day, since.Min, since.Max),
        NumberBetween number => Between(row.Number(number.Column), number.Min, number.Max),
        InTier tier => row.Tier is not null && tier.Tiers.Contains(row.Tier),
        Tagged tagged => (row.Tags & catalog.TagBit(tagged.Tag)) != 0,
        _ => throw new UnreachableException($"No evaluation for {clause.GetType().Name}."),
    };

    public ClauseAnswer Why(Clause clause, CustomerRow row)
    {
        var parts = clause switch
        {
            AllOf all => all.Clauses.Select(part => Why(part, row)),
            AnyOf any => any.Clauses.Select(part => Why(part, row)),
            NoneOf not => [Why(not.Clause, row)],
            _ => [],
        };
        return new ClauseAnswer(Holds(clause, row), Sentence(clause), Fact(clause, row), [.. parts]);
    }

    /// <summary>The facts that decided, in or out, in one line.</summary>
    public string Reason(Clause clause, CustomerRow row) => string.Join("; ", Deciding(clause, row).Distinct());

    public string Sentence(Clause clause) => clause switch
    {
        AllOf { Clauses: [var only] } => Sentence(only),
        AllOf { Clauses: [] } => "every customer",
        AllOf all => Join(all.Clauses, " and "),
        AnyOf { Clauses: [var only] } => Sentence(only),
        AnyOf { Clauses: [] } => "no customer",
        AnyOf any => Join(any.Clauses, " or "),
        NoneOf not => $"not ({Sentence(not.Clause)})",
        DaysSince since => $"{Noun(since.Column)} {Range(since.Min, since.Max, Plain)} days ago",
        NumberBetween number => Sentence(number),
        InTier tier => $"tier {string.Join(" or ", tier.Tiers)}",
        Tagged tagged => $"tagged {tagged.Tag}",
        _ => throw new UnreachableException($"No sentence for {clause.GetType().Name}."),
    };

    private IEnumerable<string> Deciding(Clause clause, CustomerRow row)
    {
        var holds = Holds(clause, row);
        return clause switch
        {
            AllOf all => all.Clauses.Where(part => holds || !Holds(part, row)).SelectMany(part => Deciding(part, row)),
            AnyOf any => any.Clauses.Where(part => !holds || Holds(part, row)).SelectMany(part => Deciding(part, row)),
            NoneOf not => Deciding(not.Clause, row),
            _ => [Fact(clause, row)],
        };
    }

    private string Fact(Clause clause, CustomerRow row) => clause switch
    {
        DaysSince since => row.Day(since.Column) is { } day ? $"{Noun(since.Column)} {DaysAgo(row.Today - day)}" : "no purchase yet",
        NumberBetween { Column: var column } => row.Number(column) is var value && column is NumberColumn.Purchases or NumberColumn.Points
            ? $"{Plain(value)} {Unit(column, value)}"
            : $"spent {Money(value)}{Period(column)}",
        InTier => row.Tier is null ? "no tier" : $"tier {row.Tier}",
        Tagged tagged => Holds(tagged, row) ? $"tagged {tagged.Tag}" : $"not tagged {tagged.Tag}",
        _ => "",
    };

    private string Sentence(NumberBetween number) => number.Column is NumberColumn.Purchases or NumberColumn.Points
        ? $"{Range(number.Min, number.Max, Plain)} {Unit(number.Column, 2)}"
        : $"spent {Range(number.Min, number.Max, Money)}{Period(number.Column)}";

    private string Join(IReadOnlyList<Clause> clauses, string word) => string.Join(word, clauses.Select(part =>
        part is AllOf { Clauses.Count: > 1 } or AnyOf { Clauses.Count: > 1 } ? $"({Sentence(part)})" : Sentence(part)));

    private static string Range(long? min, long? max, Func<long, string> show) => (min, max) switch
    {
        ({ } from, { } to) => $"{show(from)} to {show(to)}",
        ({ } from, null) => $"at least {show(from)}",
        (null, { } to) => $"at most {show(to)}",
        _ => "any number of",
    };

    private static string Noun(DayColumn column) => column == DayColumn.FirstPurchase ? "first purchase" : "last purchase";

    private static string DaysAgo(int days) => days switch
    {
        0 => "today",
        1 => "1 day ago",
        _ => $"{Plain(days)} days ago",
    };

    private static string Unit(NumberColumn column, long value) => (column, value) switch
    {
        (NumberColumn.Purchases, 1) => "purchase",
        (NumberColumn.Purchases, _) => "purchases",
        (_, 1) => "point",
        _ => "points",
    };

    private static string Period(NumberColumn column) => column == NumberColumn.SpendInTwelveMonths ? " in the last 12 months" : " in all";

    private static string Plain(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private string Money(long minor) => Contracts.Money.Text(minor, currency);

    private static bool Between(long value, long? min, long? max) => (min is null || value >= min) && (max is null || value <= max);
}
