using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>Reads the clauses over behaviours.</summary>
internal static class BehaviourRules
{
    public static BehavioursBetween Read(DocumentObject from, int today)
    {
        var measure = from.NeededChoice<BehaviourMeasure>("measure");
        var (min, max) = from.Bounds(0, RuleReader.NumberMax);
        var where = BehaviourFilter.Any;
        if (from.Nested("where") is { } filter)
        {
            where = new(
                filter.RuleTexts("types", "Product Viewed"), filter.RuleTexts("products", "22423"), filter.RuleTexts("categories", "women/shoes"));
            filter.Done();
        }

        return new(measure, min, max, where, from.NeededWindow(today, BehavioursBetween.DaysMax, "behaviours"));
    }

    /// <summary>A window of days, which must be there.</summary>
    /// <param name="daysMax">What is counted is kept for so long.</param>
    /// <param name="what">In sentences, such as <c>lines of purchases</c>.</param>
    public static PurchaseWindow NeededWindow(this DocumentObject from, int today, int daysMax, string what)
    {
        if (!from.Has("window"))
            from.Fault("window", "This field is missing: write {\"lastDays\": 90}, or an object with the dates from, to or both.");
        return from.Nested("window") is { } window ? Window(window, today, daysMax, what) : PurchaseWindow.Last(1);
    }

    private static PurchaseWindow Window(DocumentObject from, int today, int daysMax, string what)
    {
        var days = from.Number("lastDays", 1, daysMax);
        var (first, last) = from.Dates();
        var dates = from.Has("from") || from.Has("to");
        if (from.Has("lastDays") == dates)
            from.Fault("lastDays", "Write either lastDays or dates.");
        var kept = DateOnly.FromDayNumber(Math.Max(PurchaseWindow.KeptFrom(today, daysMax), 0));
        if (dates && !from.Has("from"))
            from.Fault("from", $"This field is missing: write a date from {kept:yyyy-MM-dd} on, since older {what} are not kept.");
        if (first < kept)
            from.Fault("from", $"This must be a date from {kept:yyyy-MM-dd} on: {what} are kept for {daysMax} days.");
        from.Done();
        return new((int?)days, first, last);
    }
}
