using NUnit.Framework;
using Patron.Loyalty;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class RedemptionTests
{
    private static Given<Ledger> TwoLots => Nobody.After(Buy(1, March1.AddDays(9), Line("MUG", 1, 1_000))).After(Buy(2, March1, Line("CUP", 1, 500)));

    [Test]
    public void A_member_cannot_redeem_more_points_than_they_hold() =>
        TwoLots.When(Redeem(16, March1.AddDays(10))).Refused(new NotEnoughPoints(Available: 15, Requested: 16));

    [Test]
    public void The_points_that_expire_first_are_spent_first()
    {
        var redeemed = TwoLots.When(Redeem(7, March1.AddDays(10))).The<PointsRedeemed>();
        Assert.That(redeemed.Lots.Select(use => (use.Lot, use.Points)), Is.EqualTo(new[] { (2, 5L), (1, 2L) }));
        Assert.That((redeemed.Balance, redeemed.NextExpiry), Is.EqualTo((8L, new DateTimeOffset(2012, 3, 11, 0, 0, 0, TimeSpan.Zero))));
    }

    [Test]
    public void Points_past_their_cut_off_cannot_be_redeemed_even_before_the_timer_ran() =>
        TwoLots.When(Redeem(11, new(2012, 3, 2, 0, 0, 0, TimeSpan.Zero))).Refused(new NotEnoughPoints(Available: 10, Requested: 11));

    [TestCase(0)]
    [TestCase(-5)]
    [TestCase(RedeemPoints.PointsMax + 1)]
    public void Points_out_of_range_are_refused(long points) => TwoLots.When(Redeem(points, March1)).Refused(new PointsOutOfRange(points));

    [TestCase("")]
    [TestCase("For Anna Smith")]
    public void A_reason_is_a_code_and_never_free_text(string reason) => TwoLots.When(Redeem(1, March1, reason)).Refused(new ReasonNotACode());

    [Test]
    public void Nobody_redeems_without_a_ledger() => Nobody.When(Redeem(1, March1)).Refused(new NoLedger());
}
