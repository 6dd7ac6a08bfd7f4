using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Loyalty.V1;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>What facts say of a customer, without a database.</summary>
internal sealed class SummaryFoldTests
{
    private static readonly Guid Anna = Guid.CreateVersion7(TestHost.Start);

    [Test]
    public void Facts_of_different_topics_may_come_in_any_order([Range(1, 20)] int seed)
    {
        var history = new RandomHistory(seed);
        var facts = Enumerable.Range(1, 120).Select(i => Next(history, i)).ToList();
        var told = Written(facts);

        // Each topic in its own order, the topics mixed anew.
        var random = new Random(seed);
        for (var i = 0; i < 5; i++)
        {
            var queues = facts.GroupBy(f => f.Place.Source).Select(g => new Queue<ViewedFact>(g)).ToList();
            var mixed = new List<ViewedFact>();
            while (queues.FindAll(q => q.Count > 0) is { Count: > 0 } left)
                mixed.Add(left[random.Next(left.Count)].Dequeue());
            Assert.That(Written(mixed), Is.EqualTo(told));
        }
    }

    [Test]
    public void A_summary_reads_back_and_stays_small_however_long_the_history()
    {
        var history = new RandomHistory(7);
        var summary = Enumerable.Range(1, 5_000).Aggregate(CustomerSummary.None, (s, i) => SummaryFold.Fold(s, Next(history, i)));
        var text = CustomerProjection.Write(summary);

        Assert.That(CustomerProjection.Write(CustomerProjection.Read(text)), Is.EqualTo(text));
        Assert.That(text, Has.Length.LessThan(20_000));
    }

    [Test]
    public void Points_that_are_gone_leave_the_lots_that_expire_first()
    {
        var expired = new PointsExpired { Points = 40, Balance = 45 };
        var summary = Told(Earned(50, balance: 50, days: 20), Earned(30, balance: 80, days: 10), Earned(5, balance: 85, days: 10), expired);
        Assert.That(summary.Loyalty.Lots, Is.EqualTo((PointLot[])[new(TestHost.Start.AddDays(20), 45)]));

        // Nine of what was earned repaid what was owed, so they never were in a lot.
        summary = Told(Earned(10, balance: 1, days: 20));
        Assert.That(summary.Loyalty.Lots, Is.EqualTo((PointLot[])[new(TestHost.Start.AddDays(20), 1)]));
    }

    [Test]
    public void Points_that_are_given_spent_and_given_back_count_at_once()
    {
        var granted = new PointsGranted { Points = 30, Balance = 80, ExpiresAt = TestHost.Start.AddDays(5).ToTimestamp(), Reason = "hotel-night" };
        var redeemed = new PointsRedeemed { Points = 60, Balance = 20, Reason = "voucher" };
        var summary = Told(Earned(50, balance: 50, days: 20), granted, redeemed);
        Assert.That((summary.Loyalty.Balance, summary.Loyalty.Lots.Single().Points), Is.EqualTo((20L, 20L)));
        Assert.That(Told(Earned(50, balance: 50, days: 20), redeemed, new PointsRefunded { Points = 60, Balance = 80 }).Loyalty.Balance, Is.EqualTo(80));
    }

    [Test]
    public void A_restated_ledger_is_what_counts_from_then_on()
    {
        var merged = Told(
            Earned(50, balance: 50, days: 20), new TierChanged { From = "silver", To = "gold", Reason = "r" },
            new LedgerRestated
            {
                Balance = 80, Tier = "platinum", Reason = "merged",
                Gained = { new LedgerRestated.Types.ExpiringPoints { Points = 30, ExpiresAt = TestHost.Start.AddDays(10).ToTimestamp() } },
            });
        var away = Told(Earned(50, balance: 50, days: 20), new LedgerRestated { Balance = 0, Reason = "merged" });

        Assert.That(
            merged.Loyalty.Lots, Is.EqualTo((PointLot[])[new(TestHost.Start.AddDays(10), 30), new(TestHost.Start.AddDays(20), 50)]), "what expires soon");
        Assert.That((merged.Loyalty.Balance, merged.Loyalty.Tier, merged.Loyalty.TierReason), Is.EqualTo((80L, "platinum", "merged")));
        Assert.That((away.Loyalty.Balance, away.Loyalty.Tier, away.Loyalty.Lots.Count), Is.EqualTo((0L, (string?)null, 0)));
    }

    [Test]
    public void Coupons_come_are_looked_at_move_with_a_merge_and_go()
    {
        var (first, second, third) = (Coupon(1), Coupon(2), Coupon(3));
        var coupons = Told(
            new CouponIssued { CouponId = first, Campaign = "spring", ValidUntil = TestHost.Start.AddDays(5).ToTimestamp() },
            new CouponIssued { CouponId = second, Campaign = "summer" }, new CouponViewed { CouponId = first, Campaign = "spring" },
            new CouponRedeemed { CouponId = second, Campaign = "summer" },
            new WalletRestated { Added = { new WalletRestated.Types.HeldCoupon { CouponId = third, Campaign = "autumn", Viewed = true } } }).Loyalty.Coupons;
        Assert.That(
            coupons.Select(it => (it.Id.ToString("D"), it.Campaign, it.Viewed)),
            Is.EqualTo(new[] { (first, "spring", true), (third, "autumn", true) }));
        Assert.That(coupons[0].Until, Is.EqualTo(TestHost.Start.AddDays(5)));

        var gone = Told(
            new CouponIssued { CouponId = first, Campaign = "spring" }, new CouponIssued { CouponId = second, Campaign = "spring" },
            new CouponIssued { CouponId = third, Campaign = "spring" }, new CouponExpired { CouponId = first, Campaign = "spring" },
            new CouponVoided { CouponId = second, Campaign = "spring" }, new WalletRestated { Removed = { third } });
        Assert.That(gone.Loyalty.Coupons, Is.Empty);
    }

    [Test]
    public void Many_lots_are_kept_together_at_the_far_end()
    {
        var facts = Enumerable.Range(1, 100).Select(i => (IMessage)Earned(1, balance: i, days: i)).ToArray();
        var lots = Told(facts).Loyalty.Lots;
        Assert.That(lots, Has.Count.EqualTo(LoyaltySummary.LotsMax));
        Assert.That(lots[0], Is.EqualTo(new PointLot(TestHost.Start.AddDays(1), 1)));
        Assert.That(lots.Sum(l => l.Points), Is.EqualTo(100));
    }

    [Test]
    public void Every_fact_that_is_kept_has_words_and_a_place_in_the_view([Range(1, 5)] int seed)
    {
        var history = new RandomHistory(seed);
        foreach (var i in Enumerable.Range(1, 200))
        {
            var (what, why) = StoryWords.Tell(Next(history, i));
            Assert.That(what + why, Does.Not.Contain("{"));
        }
    }

    [Test]
    public void Every_fact_of_every_context_is_kept_or_left_to_profile_by_name()
    {
        string[] noFacts = ["CustomerState", "ProductAtTheTime"];
        var types = new[]
        {
            Patron.Contracts.Profile.V1.FactsReflection.Descriptor, FactsReflection.Descriptor,
            Patron.Contracts.Tagging.V1.FactsReflection.Descriptor, Patron.Contracts.Segmentation.V1.FactsReflection.Descriptor,
            Patron.Contracts.Journey.V1.FactsReflection.Descriptor, Patron.Contracts.Channels.V1.FactsReflection.Descriptor,
        }.SelectMany(f => f.MessageTypes).Where(m => !noFacts.Contains(m.Name)).Select(m => m.FullName);
        Assert.That(types.Where(t => !ViewedFacts.IsKnown(t)), Is.Empty);
    }

    private static string Coupon(int number) => new Guid(number, 0, 0, new byte[8]).ToString("D");

    private static ViewedFact Next(RandomHistory history, int position)
    {
        var (topic, fact) = history.Next(TestHost.Start.AddHours(position));
        return Viewed(topic, position, fact);
    }

    private static CustomerSummary Told(params IMessage[] facts) =>
        facts.Index().Aggregate(CustomerSummary.None, (s, f) => SummaryFold.Fold(s, Viewed(Topics.Loyalty, f.Index + 1, f.Item)));

    private static string Written(IEnumerable<ViewedFact> facts) => CustomerProjection.Write(facts.Aggregate(CustomerSummary.None, SummaryFold.Fold));

    private static PointsEarned Earned(long points, long balance, int days) =>
        new() { Points = points, Balance = balance, ExpiresAt = TestHost.Start.AddDays(days).ToTimestamp() };

    private static ViewedFact Viewed(string topic, int position, IMessage fact)
    {
        var source = ViewedFacts.Topics.Index().Single(t => t.Item.Name == topic).Index + 1;
        var time = TestHost.Start.AddHours(position);
        return ViewedFacts.Of(Anna, new StoryPlace(time, source, 0, position), time, fact);
    }
}
