using System.Collections.Concurrent;
using System.Diagnostics;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A batch with what its codes are worth.</summary>
internal sealed record Batch(BatchMade Made, Campaign Campaign, bool Voided)
{
    public DateTimeOffset? From => Latest(Made.From, Campaign.From);

    public DateTimeOffset? Until => Earliest(Made.Until, Campaign.Until);

    public static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other : one;

    public static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;
}

internal sealed record PublicCode(PublicCodeDefined Defined, Campaign Campaign, bool Ended)
{
    public DateTimeOffset? From => Batch.Latest(Defined.From, Campaign.From);

    public DateTimeOffset? Until => Batch.Earliest(Defined.Until, Campaign.Until);
}

internal sealed record KnownOffer(Offer Offer, int Version, bool Ended);

internal sealed record KnownReward(Reward Reward, int Version, int Shards, bool Ended);

/// <summary>Everything that was written up to a position. Never changes.</summary>
internal sealed record BookContent(
    long Position, string? SpaceKey, IReadOnlyDictionary<(string Id, int Version), Campaign> Versions, IReadOnlyDictionary<string, int> Latest,
    IReadOnlySet<string> Stopped, IReadOnlyDictionary<int, Batch> Batches, IReadOnlyDictionary<string, PublicCode> PublicCodes,
    IReadOnlyDictionary<string, KnownReward> Rewards, IReadOnlyDictionary<string, KnownOffer> Offers,
    ReferralRules? Referral)
{
    public static BookContent Empty { get; } = new(
        0, null, new Dictionary<(string, int), Campaign>(), new Dictionary<string, int>(), new HashSet<string>(), new Dictionary<int, Batch>(),
        new Dictionary<string, PublicCode>(), new Dictionary<string, KnownReward>(), new Dictionary<string, KnownOffer>(), null);

    /// <summary>The latest version; null where there is none.</summary>
    public (Campaign Campaign, int Version)? Find(string campaign) =>
        Latest.TryGetValue(campaign, out var version) ? (Versions[(campaign, version)], version) : null;

    public Campaign Version(string campaign, int version) => Versions[(campaign, version)];

    public BookContent With(IReadOnlyList<(long Position, BookEvent Event)> written)
    {
        if (written.Count == 0)
            return this;
        var (space, versions, latest, stopped) = (SpaceKey, Versions.ToDictionary(), Latest.ToDictionary(), Stopped.ToHashSet());
        var (batches, codes, rewards, offers) = (Batches.ToDictionary(), PublicCodes.ToDictionary(), Rewards.ToDictionary(), Offers.ToDictionary());
        var referral = Referral;
        foreach (var (_, happened) in written)
        {
            switch (happened)
            {
                case CodeSpaceOpened opened:
                    space = opened.Key;
                    break;
                case CampaignDefined defined:
                    versions[(defined.Campaign.Id, defined.Version)] = defined.Campaign;
                    latest[defined.Campaign.Id] = defined.Version;
                    break;
                case CampaignStopped stopping:
                    stopped.Add(stopping.Campaign);
                    break;
                case CampaignResumed resumed:
                    stopped.Remove(resumed.Campaign);
                    break;
                case BatchMade made:
                    batches[made.Number] = new(made, versions[(made.Campaign, made.Version)], Voided: false);
                    break;
                case BatchVoided voided:
                    batches[voided.Number] = batches[voided.Number] with { Voided = true };
                    break;
                case PublicCodeDefined defined:
                    codes[defined.Code] = new(defined, versions[(defined.Campaign, defined.Version)], Ended: false);
                    break;
                case PublicCodeEnded ended:
                    codes[ended.Code] = codes[ended.Code] with { Ended = true };
                    break;
                case RewardDefined defined:
                    rewards[defined.Reward.Id] = new(defined.Reward, defined.Version, defined.Shards, Ended: false);
                    break;
                case RewardEnded ended:
                    rewards[ended.Reward] = rewards[ended.Reward] with { Ended = true };
                    break;
                case OfferDefined defined:
                    offers[defined.Offer.Id] = new(defined.Offer, defined.Version, Ended: false);
                    break;
                case OfferEnded ended:
                    offers[ended.Offer] = offers[ended.Offer] with { Ended = true };
                    break;
                case ReferralRulesDefined defined:
                    referral = defined.Rules;
                    break;
                default:
                    throw new UnreachableException($"Nobody has decided what {happened.GetType().Name} means for the book.");
            }
        }

        return new(written[^1].Position, space, versions, latest, stopped, batches, codes, rewards, offers, referral);
    }
}

/// <summary>
/// The book as this instance knows it. What another instance writes is known here after <see cref="CouponSettings.BookHeldFor"/>; what this one
/// writes is known when it is answered.
/// </summary>
internal sealed class CouponBook(IServiceProvider services, CouponSettings settings, SystemClock clock, ILogger<CouponBook> logger)
    : StoreFollower("The book of campaigns and batches", FollowEvery, clock, logger)
{
    private const long Never = long.MinValue;
    private static readonly TimeSpan FollowEvery = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, byte[]> keys = new(StringComparer.Ordinal);
    private readonly MasterKeys? master = settings.OpenKeys();
    private volatile BookContent content = BookContent.Empty;
    private long readAt = Never;
    private CodeSpace? space;

    /// <summary>As it was known last, without asking.</summary>
    public BookContent Known => content;

    public bool HasKey => master is not null;

    public async ValueTask<BookContent> ReadAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref readAt) is var at && (at == Never || Clock.GetElapsedTime(at) >= settings.BookHeldFor))
            await RefreshAsync(cancellation);
        return content;
    }

    /// <summary>Learns everything that was committed before the call.</summary>
    public async Task<BookContent> RefreshAsync(CancellationToken cancellation)
    {
        await AloneAsync(
            async () =>
            {
                var now = Clock.GetTimestamp();
                var database = services.PatronService(Module.Name).Database;
                content = content.With(await BookRows.AfterAsync(database, CouponModule.Events, content.Position, cancellation));
                Volatile.Write(ref readAt, now);
            },
            cancellation);
        return content;
    }

    /// <summary>Null before the first batch.</summary>
    public CodeSpace? Space(BookContent book) => space ??= book.SpaceKey is { } key && master is not null ? new CodeSpace(Open(key, "codes")) : null;

    public byte[] KeyOf(Batch batch) => Open(batch.Made.Key, OwnerOf(batch.Made.Number));

    /// <exception cref="InvalidOperationException">No master key is configured.</exception>
    public string NewKey(int batch) => Wrap(OwnerOf(batch));

    /// <summary>The key of the space of codes, for its first event.</summary>
    public string NewSpaceKey() => Wrap("codes");

    /// <summary>Purchases count for the offers of other instances too, although nobody asks this one for them.</summary>
    protected override async Task LookAsync(CancellationToken cancellation) => await ReadAsync(cancellation);

    private static string OwnerOf(int batch) => FormattableString.Invariant($"batch {batch}");

    private string Wrap(string owner) =>
        Convert.ToBase64String((master ?? throw new InvalidOperationException("Set Coupons:MasterKey.")).Wrap(CouponSettings.NewKey(), owner));

    private byte[] Open(string wrapped, string owner) => keys.GetOrAdd(
        wrapped, text => (master ?? throw new InvalidOperationException("Set Coupons:MasterKey.")).Unwrap(Convert.FromBase64String(text), owner));
}
