using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

[JsonConverter(typeof(WordJson<RewardKind>))]
internal enum RewardKind
{
    Discount,
    FreeProduct,

    /// <summary>To something that others cannot buy.</summary>
    ExclusiveAccess,

    /// <summary>To a sale before it begins for all.</summary>
    EarlySale,
}

/// <summary>What points are exchanged for: a coupon of a campaign.</summary>
/// <param name="Id">Lower-case letters, digits and hyphens, at most 40.</param>
/// <param name="Names">By language: en, zh-Hans, zh-Hant.</param>
/// <param name="CostPoints">0 to 1,000,000,000.</param>
/// <param name="Campaign">Whose newest version the coupon gets.</param>
/// <param name="Stock">Pieces in all; null for no bound.</param>
/// <param name="StockByStore">Pieces by store, beside which <paramref name="Stock"/> is not used: whoever claims names the store.</param>
/// <param name="PerMemberMax">Claims of one customer; 0 for no bound.</param>
/// <param name="Tiers">Who may claim it; empty for all.</param>
internal sealed record Reward(
    string Id, IReadOnlyDictionary<string, string> Names, RewardKind Kind, long CostPoints, string Campaign, long? Stock,
    IReadOnlyDictionary<string, long>? StockByStore, int PerMemberMax, DateTimeOffset? From, DateTimeOffset? Until, IReadOnlyList<string>? Tiers);

/// <param name="Shards">Over how many streams a stock for all stores is counted: never changed, or what was claimed would be forgotten.</param>
[EventName("loyalty.reward-defined.v1")]
internal sealed record RewardDefined(Reward Reward, int Version, int Shards, string By) : BookEvent;

[EventName("loyalty.reward-ended.v1")]
internal sealed record RewardEnded(string Reward, string Reason, string By) : BookEvent;

/// <summary>A customer exchanged points for a reward. Its coupon is issued in the same transaction.</summary>
/// <param name="Counts">The reward bounds the claims of a customer.</param>
[EventName("loyalty.reward-claimed.v1")]
internal sealed record RewardClaimed(
    Guid Claim, string Reward, int Version, long Points, string? Store, Guid Coupon, DateTimeOffset At, string Hash, bool Counts,
    Guid? Origin = null) : DomainEvent;
