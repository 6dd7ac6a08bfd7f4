using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>The tag of the customer's tier follows the loyalty programme's decision.</summary>
internal static class FollowTier
{
    public const string Rule = "loyalty-tier";
    private const int RuleVersion = 1;

    /// <param name="tier">The programme's name of the tier, such as <c>gold</c>.</param>
    public static Decision Decide(CustomerTags tags, Taxonomy taxonomy, string tier, string reason, DateTimeOffset at, Cause cause)
    {
        var next = new Assignment($"loyalty/tier/{tier}", Giver.Tier, Rule, RuleVersion, $"the loyalty tier is {tier}: {reason}", at) { Cause = cause };
        if (tags.Find(next.Key) is not null)
            return Decision.Nothing;
        var ended = AssignTag.End(tags, given => given.Giver == Giver.Tier, $"replaced by {next.Tag}: {next.Reason}", at);
        return Decision.Of([.. ended, .. AssignTag.Give(ended.Aggregate(tags, CustomerTags.Evolve), taxonomy, next).Events]);
    }

    /// <summary>The customer has the tier that every ledger begins with, of which nobody is told: no tag says it.</summary>
    public static Decision DecideLowest(CustomerTags tags, string reason, DateTimeOffset at) =>
        Decision.Of(AssignTag.End(tags, given => given.Giver == Giver.Tier, reason, at));
}
