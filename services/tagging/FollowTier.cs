using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>The tag of the customer's tier follows the loyalty programme's decision.</summary>
internal static class FollowTier
{
    public const string Rule = "loyalty-tier";
    private const int RuleVersion = 1;

    private static readonly HashSet<string> Rules = [Rule];

    /// <param name="tier">The programme's name of the tier, such as <c>gold</c>.</param>
    public static Decision Decide(CustomerTags tags, string tier, string reason, DateTimeOffset at) =>
        RetagCustomer.Decide(tags, Rules, [new WantedTag($"loyalty/tier/{tier}", Rule, RuleVersion, $"the loyalty tier is {tier}: {reason}")], at);

    /// <summary>The customer has the tier that every ledger begins with, of which nobody is told: no tag says it.</summary>
    public static Decision DecideLowest(CustomerTags tags, string reason, DateTimeOffset at) => Decision.Of(
        [.. tags.Held.Where(held => held.Rule == Rule).Select(held => new TagRemoved(held.Tag, held.Rule, held.RuleVersion, reason, at))]);
}
