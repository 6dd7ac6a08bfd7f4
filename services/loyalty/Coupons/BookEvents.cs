using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What the brand decided about its campaigns, codes and rewards. All of it lies in one partition, so that its positions are in order.</summary>
internal abstract record BookEvent : DomainEvent;

/// <summary>The key of the permutation of all codes, wrapped by the master key. Made once.</summary>
[EventName("loyalty.code-space-opened.v1")]
internal sealed record CodeSpaceOpened(string Key) : BookEvent;

[EventName("loyalty.campaign-defined.v1")]
internal sealed record CampaignDefined(Campaign Campaign, int Version, string By) : BookEvent;

/// <summary>None of its coupons can be issued or used until it is resumed, whatever their version.</summary>
[EventName("loyalty.campaign-stopped.v1")]
internal sealed record CampaignStopped(string Campaign, string Reason, string By) : BookEvent;

[EventName("loyalty.campaign-resumed.v1")]
internal sealed record CampaignResumed(string Campaign, string Reason, string By) : BookEvent;

/// <summary>So many codes exist from now on; they are computed when they are needed.</summary>
/// <param name="Number">0 to 32,767.</param>
/// <param name="Version">Of the campaign.</param>
/// <param name="Key">Its own key, wrapped by the master key.</param>
/// <param name="Running">Its codes are given out one by one to customers who were issued a coupon.</param>
/// <param name="Hash">Of the request that made it.</param>
[EventName("loyalty.batch-made.v1")]
internal sealed record BatchMade(
    int Number, string Campaign, int Version, int Count, DateTimeOffset? From, DateTimeOffset? Until, string Key, bool Running, string Hash,
    string By) : BookEvent;

[EventName("loyalty.batch-voided.v1")]
internal sealed record BatchVoided(int Number, string Reason, string By) : BookEvent;

/// <summary>Serials of a running batch that one instance may give out; those that it never does are lost.</summary>
[EventName("loyalty.serials-taken.v1")]
internal sealed record SerialsTaken(int Number, int First, int Count) : BookEvent;

/// <summary>A code that many people may use, such as one on a poster.</summary>
/// <param name="TotalMax">The most uses; 0 for no bound.</param>
/// <param name="Shards">Over how many streams the uses are counted.</param>
[EventName("loyalty.public-code-defined.v1")]
internal sealed record PublicCodeDefined(
    string Code, string Campaign, int Version, long TotalMax, int Shards, DateTimeOffset? From, DateTimeOffset? Until, string By) : BookEvent;

[EventName("loyalty.public-code-ended.v1")]
internal sealed record PublicCodeEnded(string Code, string Reason, string By) : BookEvent;
