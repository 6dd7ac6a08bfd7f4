using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What a referral is worth, and when somebody has to look at it.</summary>
/// <param name="ReferrerCampaign">Whose coupon the referrer gets; <paramref name="FriendCampaign"/> is the friend's.</param>
/// <param name="MinMinor">The friend's purchase must come to this, in minor units of <paramref name="Currency"/>.</param>
/// <param name="WithinDays">From the friend's joining to that purchase: 1 to 366.</param>
/// <param name="RewardedMax">Rewarded referrals of one customer, ever; what is beyond is rejected.</param>
/// <param name="VelocityMax">Referrals of one customer within <paramref name="VelocityDays"/>; what is beyond waits for a person.</param>
internal sealed record ReferralRules(
    string ReferrerCampaign, string FriendCampaign, long MinMinor, string Currency, int WithinDays, int RewardedMax, int VelocityMax, int VelocityDays);

[EventName("loyalty.referral-rules-defined.v1")]
internal sealed record ReferralRulesDefined(ReferralRules Rules, int Version, string By) : BookEvent;

/// <summary>A code by which a customer can refer friends; it stays theirs.</summary>
[EventName("loyalty.referral-code-given.v1")]
internal sealed record ReferralCodeGiven(string Code, Guid Member, DateTimeOffset At, Guid? Origin = null) : DomainEvent;

/// <summary>A new customer came by a friend's code.</summary>
/// <param name="Friend">The new customer.</param>
/// <param name="Ancestors">Who referred the referrer, and so on, nearest first: whoever turns out to be one of them closes a circle.</param>
/// <param name="Signals">What made somebody suspicious, as codes such as <c>shared-device</c>.</param>
[EventName("loyalty.friend-joined.v1")]
internal sealed record FriendJoined(
    Guid Friend, Guid Referrer, DateTimeOffset At, IReadOnlyList<Guid> Ancestors, IReadOnlyList<string> Signals, Guid? Origin = null) : DomainEvent;

/// <summary>The friend made the purchase that the referral is rewarded for.</summary>
[EventName("loyalty.friend-qualified.v1")]
internal sealed record FriendQualified(Guid Friend, Guid Referrer, Guid Purchase, DateTimeOffset At, string? Suspicion) : DomainEvent;

[JsonConverter(typeof(WordJson<ReferralOutcome>))]
internal enum ReferralOutcome
{
    /// <summary>Waits for a person.</summary>
    Held,
    Rewarded,
    Rejected,
}

/// <summary>What became of a referral, in the referrer's wallet; with their coupon where it is rewarded.</summary>
/// <param name="Reason">A code such as <c>velocity</c>.</param>
[EventName("loyalty.referral-judged.v1")]
internal sealed record ReferralJudged(
    Guid Friend, Guid Referrer, ReferralOutcome Outcome, string Reason, DateTimeOffset At, string By, Guid? Origin = null) : DomainEvent;

/// <summary>The friend's side of a rewarded referral; their coupon is issued with it.</summary>
[EventName("loyalty.friend-rewarded.v1")]
internal sealed record FriendRewarded(Guid Friend, Guid Referrer, DateTimeOffset At) : DomainEvent;

[JsonConverter(typeof(WordJson<JoiningStage>))]
internal enum JoiningStage
{
    Joined,
    Qualified,
    Rewarded,
}

/// <summary>How a customer came.</summary>
/// <param name="Friend">The id under which they came.</param>
internal sealed record Joining(
    Guid Friend, Guid Referrer, DateTimeOffset At, IReadOnlyList<Guid> Ancestors, IReadOnlyList<string> Signals, JoiningStage Stage, Guid? Origin);

/// <summary>A friend whom a customer referred.</summary>
internal sealed record ReferralMade(Guid Friend, ReferralOutcome Outcome, string Reason, DateTimeOffset At, Guid? Origin);

internal sealed record ReferralCodeHeld(string Code, Guid? Origin);

/// <summary>Whose code it is: a stream of its own, so that no two customers have the same.</summary>
internal sealed record ReferralCode(Guid? Member)
{
    private const int CodeChars = 10;

    public static StreamKind<ReferralCode> Kind { get; } = new(
        "referral-code", new(Member: null), (_, happened) => new(((ReferralCodeGiven)happened).Member), CouponJson.Default.ReferralCode);

    public static Guid IdOf(string code) => Ids.Of("referral-code", code);

    public static Command Command(string code, Func<ReferralCode, Decision> decide) => Kind.Command(IdOf(code), IdOf(code), decide);

    /// <param name="tried">Another code for each, should one be taken.</param>
    public static string For(Guid member, int tried)
    {
        Span<byte> bytes = stackalloc byte[16];
        Ids.Of("referral", FormattableString.Invariant($"{member:N}/{tried}")).TryWriteBytes(bytes);
        return string.Create(CodeChars, BitConverter.ToUInt64(bytes), static (text, number) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = CodeText.Alphabet[(int)(number % (uint)CodeText.Alphabet.Length)];
                number /= (uint)CodeText.Alphabet.Length;
            }
        });
    }
}
