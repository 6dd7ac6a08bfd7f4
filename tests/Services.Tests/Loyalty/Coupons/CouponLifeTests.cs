using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Random stories of one coupon that tills reserve, confirm, give up, use and report late, beside a plain account of who holds it.</summary>
internal sealed class CouponLifeTests
{
    [TestCase(LatePolicy.FirstWins, 1)]
    [TestCase(LatePolicy.FirstWins, 2)]
    [TestCase(LatePolicy.Honour, 3)]
    [TestCase(LatePolicy.Honour, 4)]
    public void Whoever_holds_a_coupon_gets_it_and_nobody_else_and_once(LatePolicy policy, int seed)
    {
        var random = new Random(seed);
        for (var story = 0; story < 4_000; story++)
        {
            var (coupon, now) = (new Account(policy), TestHost.Start);
            for (var step = 0; step < 25; step++)
            {
                now = now.AddMinutes(random.Next(0, 9));
                coupon.Step(random, now);
            }

            Assert.That(coupon.Uses, Is.LessThanOrEqualTo(1), $"story {story} of seed {seed}");
            Assert.That(policy == LatePolicy.Honour || coupon.Over == 0, Is.True);
        }
    }

    [Test]
    public void Every_event_of_coupons_has_timers_and_words_or_none_on_purpose()
    {
        var types = typeof(Wallet).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(DomainEvent)) && !type.IsAbstract);
        foreach (var happened in types.Select(type => (DomainEvent)StoredEventExamples.Of(type)).Where(CouponModule.Knows))
        {
            var wallet = Wallet.StreamOf(Guid.Empty);
            Assert.That(() => CouponTimers.Of(happened).ToList(), Throws.Nothing, happened.GetType().Name);
            Assert.That(() => CouponFacts.Tell(happened), Throws.Nothing, happened.GetType().Name);
            var fact = CouponFacts.From(new RecordedEvent(0, 1, wallet, Guid.Empty, 1, TestHost.Start, happened, EventMetadata.None));
            Assert.That(fact is null, Is.EqualTo(happened is not (CouponIssued or CouponViewed or CouponRedeemed or CouponExpired or CouponVoided
                or WalletAbsorbed or WalletClosed or WalletGivenBack or WalletReopened)), happened.GetType().Name);
        }
    }

    [Test]
    public void A_late_use_is_judged_by_the_time_of_the_use()
    {
        var (from, until) = (TestHost.Start, TestHost.Start.AddDays(1));
        var life = CouponLife.Fresh(Guid.Empty, "spring", 1, from, until);
        Assert.That(Late(life, until.AddMinutes(-1)).Refusal, Is.Null, "reported after its end, used before it");
        Assert.That(Late(life, until).Refusal!.Code, Is.EqualTo("coupon-expired"));
        Assert.That(Late(life, from.AddMinutes(-1)).Refusal!.Code, Is.EqualTo("coupon-not-yet-valid"));

        static Decision Late(CouponLife life, DateTimeOffset at) => UseCoupon.Redeem(life, Ask(LatePolicy.Honour, at, TestHost.Start.AddDays(3)));
    }

    [Test]
    public void A_limit_of_a_customer_counts_what_is_used_and_what_is_held_until_its_time_is_over()
    {
        var ask = Ask(LatePolicy.FirstWins, TestHost.Start, null) with { Member = Guid.Empty };
        ask = ask with { Campaign = ask.Campaign with { PerMemberMax = 2 } };
        var wallet = new Wallet();
        foreach (var number in new[] { 1, 2 })
        {
            var reserved = UseCoupon.Reserve(wallet, Coupon(number), loose: true, ask);
            wallet = Wallet.Evolve(wallet, reserved.Events[0]);
        }

        Assert.That(UseCoupon.Reserve(wallet, Coupon(3), loose: true, ask).Refusal!.Code, Is.EqualTo("customer-limit"));
        wallet = Wallet.Evolve(wallet, UseCoupon.Confirm(wallet, Coupon(1), loose: true, 1, ask).Events[0]);
        Assert.That(wallet.Uses.Single().Count, Is.EqualTo(1));
        var later = ask with { Now = TestHost.Start.AddMinutes(16) };
        wallet = Wallet.Evolve(wallet, UseCoupon.Redeem(wallet, Coupon(3), loose: true, later, null).Events[0]);
        Assert.That(UseCoupon.Redeem(wallet, Coupon(4), loose: true, later, null).Refusal!.Code, Is.EqualTo("customer-limit"));
        Assert.That(UseCoupon.Confirm(wallet, Coupon(2), loose: true, 1, later).Refusal!.Code, Is.EqualTo("reservation-over"));
    }

    private static Guid Coupon(int number) => new(number, 0, 0, new byte[8]);

    private static UseAsk Ask(LatePolicy policy, DateTimeOffset at, DateTimeOffset? lateAt) => new(
        new Campaign(
            "spring", new Dictionary<string, string>(), new(BenefitKind.Percentage, BasisPoints: 1_000), Goods.All, Conditions.None, CouponStacking.Free, null,
            null, 0, 0, 15, policy),
        1, null, CouponUse.Unknown, "", "till", at, LateAt: lateAt);

    /// <summary>What a coupon's holder may expect, kept beside it.</summary>
    private sealed class Account(LatePolicy policy)
    {
        private CouponLife life = CouponLife.Fresh(Guid.Empty, "spring", 1, null, null);
        private (int Number, DateTimeOffset Until)? holder;

        public int Uses { get; private set; }

        public int Over { get; private set; }

        public void Step(Random random, DateTimeOffset now)
        {
            var held = holder is { } it && it.Until > now;
            switch (random.Next(5))
            {
                case 0:
                    var reserved = Book(UseCoupon.Reserve(life, Ask(policy, now, null)), allowed: Uses == 0 && !held);
                    holder = reserved.OfType<CouponReserved>().Select(one => ((int, DateTimeOffset)?)(one.Number, one.Until)).FirstOrDefault() ?? holder;
                    break;
                case 1 when holder is { } mine:
                    Book(UseCoupon.Confirm(life, mine.Number, Ask(policy, now, null)), allowed: Uses == 0 && held);
                    break;
                case 2 when holder is { } mine:
                    var lapsed = random.Next(2) == 0;
                    var released = Book(UseCoupon.Release(life, mine.Number, lapsed, now), allowed: lapsed || Uses == 0);
                    holder = released.Count > 0 ? null : holder;
                    break;
                case 3:
                    Book(UseCoupon.Redeem(life, Ask(policy, now, null)), allowed: Uses == 0 && !held);
                    break;
                case 4:
                    var late = Ask(policy, now.AddMinutes(-random.Next(60)), now);
                    Book(UseCoupon.Redeem(life, late), allowed: policy == LatePolicy.Honour || (Uses == 0 && !held));
                    break;
            }
        }

        private IReadOnlyList<DomainEvent> Book(Decision decision, bool allowed)
        {
            Assert.That(decision.Refusal is null, Is.EqualTo(allowed), $"{decision.Refusal?.Code}; {life}");
            foreach (var happened in decision.Events ?? [])
            {
                life = life.Then((CouponEvent)happened);
                Uses += happened is CouponRedeemed { Over: false } ? 1 : 0;
                Over += happened is CouponRedeemed { Over: true } ? 1 : 0;
                holder = happened is CouponRedeemed { Over: false } ? null : holder;
            }

            return decision.Events ?? [];
        }
    }
}
