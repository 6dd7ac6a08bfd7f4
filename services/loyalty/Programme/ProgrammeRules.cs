using System.Globalization;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>What the parts of a programme's document must be to each other, where each for itself is right.</summary>
internal static class ProgrammeRules
{
    private const int DaysOfShortestMonth = 28;

    public static void Check(Programme programme, DocumentObject root)
    {
        if (!root.Has("earnRates"))
            root.Fault("earnRates", "This field is missing: write a list of currencies and what makes a point, or [] for a programme of tiers only.");
        Differ(root, "earnRates", programme.EarnRates.Select(rate => rate.Currency), "currency");
        Differ(root, "rules", programme.Rules.Select(rule => rule.Id), "id");
        Differ(root, "benefits", programme.Benefits.Select(benefit => benefit.Code), "code");
        Differ(root, "tiers", programme.Tiers.Select(tier => tier.Name), "name");
        if (programme.ReturnWindowDays >= programme.ExpiryMonths * DaysOfShortestMonth)
            root.Fault("returnWindowDays", "The window must close before the points expire (expiryMonths), or nobody could ever redeem them.");
        CheckTiers(programme, root);
        CheckRules(programme, root);
    }

    private static void CheckTiers(Programme programme, DocumentObject root)
    {
        if (programme.Tiers.Count == 0)
        {
            root.Fault("tiers", "There must be at least one tier, which everybody has: such as [{ \"name\": \"member\" }].");
            return;
        }

        if (programme.Tiers[0].Thresholds.Any(threshold => threshold.From != 0))
            root.Fault("tiers/0", "The first tier is everybody's: it starts at 0, so leave fromMinor, fromPoints and fromVisits out or write 0.");
        for (var i = 0; i < programme.Tiers.Count; i++)
        {
            var tier = programme.Tiers[i];
            if (i > 0)
                CheckThresholds(tier, i == 1 ? null : programme.Tiers[i - 1], At("tiers", i), root);
            foreach (var (place, code) in tier.Benefits.Index())
            {
                if (!programme.Benefits.Any(benefit => benefit.Code == code))
                    root.Fault($"{At("tiers", i)}/{At("benefits", place)}", $"There is no benefit '{code}': describe it under /benefits.");
            }
        }
    }

    private static void CheckThresholds(TierRule tier, TierRule? below, string place, DocumentObject root)
    {
        var thresholds = tier.Thresholds.ToList();
        if (thresholds.Count == 0)
            root.Fault(place, "A tier above the first says from what it is held: at least one of fromMinor, fromPoints and fromVisits.");
        foreach (var (measure, from) in thresholds)
        {
            if (from == 0)
                root.Fault($"{place}/{FieldOf(measure)}", "Above the first tier this must be more than 0; leave it out where it does not count.");
        }

        if (below is null)
            return;
        var lower = below.Thresholds.ToDictionary(threshold => threshold.Measure, threshold => threshold.From);
        if (!lower.Keys.SequenceEqual(thresholds.Select(threshold => threshold.Measure)))
            root.Fault(place, "All tiers above the first are reached by the same measures: name those of the tier before this one, and no others.");
        else if (thresholds.FindIndex(threshold => threshold.From <= lower[threshold.Measure]) is >= 0 and var wrong)
            root.Fault($"{place}/{FieldOf(thresholds[wrong].Measure)}", "Tiers must ascend: this must be more than what the tier before asks for.");
    }

    private static void CheckRules(Programme programme, DocumentObject root)
    {
        foreach (var (i, rule) in programme.Rules.Index())
        {
            var place = At("rules", i);
            foreach (var (at, tier) in rule.When.Tiers.Index())
            {
                if (!programme.Tiers.Any(known => known.Name == tier))
                    root.Fault($"{place}/when/{At("tiers", at)}", $"There is no tier '{tier}': use a name of /tiers.");
            }

            if (rule.When.Currency is { } currency && programme.EarnRates.All(rate => rate.Currency != currency))
                root.Fault($"{place}/when/currency", $"Nothing is earned in {currency}: use a currency of /earnRates.");
            if (rule.When.MinimumSpendMinor > 0 && rule.When.Currency is null && programme.EarnRates.Count > 1)
                root.Fault($"{place}/when/minimumSpendMinor", "Several currencies earn points: say in when/currency which of them this amount is of.");
        }
    }

    private static void Differ(DocumentObject root, string list, IEnumerable<string> names, string field)
    {
        var seen = new HashSet<string>();
        foreach (var (i, name) in names.Index())
        {
            if (name.Length > 0 && !seen.Add(name))
                root.Fault($"{At(list, i)}/{field}", $"'{name}' stands in the list already: they must differ.");
        }
    }

    private static string FieldOf(TierMeasure measure) => measure switch
    {
        TierMeasure.Spend => "fromMinor",
        TierMeasure.Points => "fromPoints",
        _ => "fromVisits",
    };

    private static string At(string list, int place) => string.Create(CultureInfo.InvariantCulture, $"{list}/{place}");
}
