using System.Diagnostics;
using System.Globalization;

namespace Patron.Segmentation;

/// <summary>Says a rule as a sentence.</summary>
/// <param name="currency">ISO 4217 code of the brand's currency.</param>
internal sealed class RuleSentence(Phrases say, string currency)
{
    public string Of(Clause clause) => clause switch
    {
        AllOf { Clauses: [var only] } => Of(only),
        AllOf { Clauses: [] } => say.Everyone,
        AllOf all => Join(all.Clauses, say.And),
        AnyOf { Clauses: [var only] } => Of(only),
        AnyOf { Clauses: [] } => say.Nobody,
        AnyOf any => Join(any.Clauses, say.Or),
        NoneOf not => Say(say.Not, Of(not.Clause)),
        DaysSince since => Say(say.DaysAgo, say.Days[since.Column], Range(since.Min, since.Max, Plain)),
        DateBetween date => Say(say.OnDate, say.Days[date.Column], Dates(date.From, date.To)),
        NumberBetween number => Say(say.Numbers[number.Column], Range(number.Min, number.Max, Shown(number.Column))),
        InTier { Tiers: [] } => say.Nobody,
        InTier tier => Say(say.Tier, Either(tier.Tiers)),
        Tagged tagged => Say(say.Tagged, tagged.Tag),
        Consented consent => Say(say.Consented, consent.Channel, consent.Purpose),
        InSegment inside => Say(say.InSegment, inside.Segment),
        InControlGroup control => Say(say.InControlGroup, control.Name, control.Percent),
        PurchasesBetween purchases => Say(
            say.Measures[purchases.Measure], Range(purchases.Min, purchases.Max, Shown(purchases.Measure)), Filter(purchases.Where),
            Window(purchases.Window)),
        LifecycleIn { Stages: [] } => say.Nobody,
        LifecycleIn lifecycle => Say(say.Lifecycle, Either([.. lifecycle.Stages.Select(stage => say.Stages[stage])])),
        RfmIn rfm => Of(rfm),
        PredictedBetween predicted => Say(say.Predictions[predicted.Number], Range(predicted.Min, predicted.Max, Shown(predicted.Number))),
        BehavioursBetween behaviours => Of(behaviours, Range(behaviours.Min, behaviours.Max, Plain)),
        AttributeIn { In: [] } known => Say(say.AttributeKnown, Named(known)),
        AttributeIn one => Say(say.AttributeIs, Named(one), Either(one.In)),
        AttributeNumber number => Say(say.AttributeIs, Named(number), Range(number.Min, number.Max, Plain)),
        AttributeDate date => Say(say.AttributeIs, Named(date), Dates(date.From, date.To)),
        AttributeDaysSince since => Say(say.DaysAgo, Named(since), Range(since.Min, since.Max, Plain)),
        AgeBetween age => Say(say.Age, Range(age.Min, age.Max, Plain)),
        BirthdayNear { NextDays: { } days } => Say(say.BirthdayNext, Plain(days)),
        BirthdayNear { LastDays: { } days } => Say(say.BirthdayLast, Plain(days)),
        BirthdayNear birthday => Say(say.BirthdayIn, say.Months[birthday.Month!.Value - 1]),
        _ => throw new UnreachableException($"No sentence for {clause.GetType().Name}."),
    };

    /// <summary>What was measured of purchases, said with its filter and window.</summary>
    public string Measured(PurchasesBetween purchases, long value) =>
        Say(say.Measures[purchases.Measure], Shown(purchases.Measure)(value), Filter(purchases.Where), Window(purchases.Window));

    public string Measured(PredictedBetween predicted, long value) => Say(say.Predictions[predicted.Number], Shown(predicted.Number)(value));

    public string Measured(BehavioursBetween behaviours, long value) => Of(behaviours, Plain(value));

    public static string Plain(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public string Money(long minor) => Contracts.Money.Text(minor, currency);

    private Func<long, string> Shown(PurchaseMeasure measure) => measure is PurchaseMeasure.Spend or PurchaseMeasure.LargestReceipt ? Money : Plain;

    private Func<long, string> Shown(PredictedNumber number) => number switch
    {
        PredictedNumber.Value => Money,
        PredictedNumber.AlivePercent => percent => $"{Plain(percent)} %",
        _ => Plain,
    };

    private Func<long, string> Shown(NumberColumn column) => column is NumberColumn.Purchases or NumberColumn.Points ? Plain : Money;

    private string Join(IReadOnlyList<Clause> clauses, string word) => string.Join(word, clauses.Select(part =>
        part is AllOf { Clauses.Count: > 1 } or AnyOf { Clauses.Count: > 1 } ? Say(say.Brackets, Of(part)) : Of(part)));

    private string Range(long? min, long? max, Func<long, string> show) => (min, max) switch
    {
        ({ } from, { } to) when from == to => Say(say.Exactly, show(from)),
        ({ } from, { } to) => Say(say.FromTo, show(from), show(to)),
        ({ } from, null) => Say(say.AtLeast, show(from)),
        (null, { } to) => Say(say.AtMost, show(to)),
        _ => say.Anything,
    };

    private string Of(BehavioursBetween clause, string measured) => Say(
        say.Behaviours[clause.Measure], measured,
        clause.Where.Types.Count == 0 ? say.AnyBehaviour : Either([.. clause.Where.Types.Select(type => Say(say.Quoted, type))]),
        Filter(new(clause.Where.Products, clause.Where.Categories, [], [])), Window(clause.Window));

    private string Of(RfmIn rfm)
    {
        var scores = new[] { (say.Recency, rfm.Recency), (say.Frequency, rfm.Frequency), (say.Monetary, rfm.Monetary) };
        var parts = scores.Where(score => score.Item2 is not null).Select(score => Say(score.Item1, score.Item2!));
        return string.Join(say.And, (rfm.Names.Count == 0 ? parts : parts.Prepend(Say(say.RfmNames, Either(rfm.Names)))).DefaultIfEmpty(say.Everyone));
    }

    private string Named(AttributeClause clause) => say.Attributes.GetValueOrDefault(clause.Key, clause.Key);

    private string Filter(PurchaseFilter where)
    {
        var goods = Parts((say.OfProducts, where.Products), (say.OfCategories, where.Categories));
        var parts = Parts((say.Through, where.Channels), (say.InStores, where.Stores)).Prepend(string.Join(say.Or, goods));
        var text = string.Join(say.Of.Contains('，') ? "、" : " ", parts.Where(part => part.Length > 0));
        return text.Length == 0 ? "" : Say(say.Of, text);
    }

    private IEnumerable<string> Parts(params IEnumerable<(string Phrase, IReadOnlyList<string> Names)> parts) =>
        parts.Where(part => part.Names.Count > 0).Select(part => Say(part.Phrase, Either(part.Names)));

    private string Either(IReadOnlyList<string> names) => string.Join(say.Or, names);

    private string Window(PurchaseWindow window) => window.LastDays is { } days ? Say(say.LastDays, Plain(days)) : Dates(window.From, window.To);

    private string Dates(DateOnly? from, DateOnly? to) => (from, to) switch
    {
        ({ } first, { } last) => Say(say.DateFromTo, Date(first), Date(last)),
        ({ } first, null) => Say(say.DateFrom, Date(first)),
        (null, { } last) => Say(say.DateTo, Date(last)),
        _ => "",
    };

    private static string Date(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Say(string format, params object[] parts) => string.Format(CultureInfo.InvariantCulture, format, parts);
}
