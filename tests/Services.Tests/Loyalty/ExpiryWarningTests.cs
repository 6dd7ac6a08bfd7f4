using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class ExpiryWarningTests
{
    private static readonly DateTimeOffset Expiry = new(2012, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Due = Expiry.AddDays(-30);

    [Test]
    public void Points_of_a_week_are_told_of_together_and_those_after_it_next()
    {
        var story = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000))).After(Buy(2, March1.AddDays(6), Line("MUG", 1, 700)))
            .After(Buy(3, March1.AddDays(20), Line("MUG", 1, 300)));
        story.When(Warn(Due)).Then(new PointsExpiring(Due, 17, Expiry, Due.AddDays(37), 20, Due.AddDays(20)));
        story.After(Warn(Due)).When(Warn(Due.AddDays(20)))
            .Then(new PointsExpiring(Due.AddDays(20), 3, Expiry.AddDays(20), Due.AddDays(57), 20, null));
    }

    [Test]
    public void What_was_told_of_is_not_told_of_again_when_the_first_lot_is_spent()
    {
        var story = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000))).After(Buy(2, March1.AddDays(1), Line("MUG", 1, 700)))
            .After(Buy(3, March1.AddDays(60), Line("MUG", 1, 300))).After(Warn(Due)).After(Redeem(10, Due.AddDays(1)));
        var redeemed = new RecordedEvent(
            0, 1, Anna, Anna, 1, Due.AddDays(1), new PointsRedeemed(new(Anna), Due, 10, "voucher", [new(1, 10)], 10, Expiry.AddDays(1)), EventMetadata.None);
        Assert.That(
            LedgerTimers.Of(redeemed, Demo), Does.Contain(TimerChange.Set(LedgerTimers.Warning, Due.AddDays(1))), "the timer goes with the earliest lot");
        story.When(Warn(Due.AddDays(1))).Then(new ExpiryWarningSet(Due.AddDays(60).AddHours(-1)));
    }

    [Test]
    public void A_programme_that_does_not_warn_sets_no_timer_and_tells_of_nothing()
    {
        var silent = Demo with { ExpiryWarningDays = 0 };
        var story = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000)));
        story.When((ledger, _) => WarnOfExpiry.Decide(ledger, silent.ExpiryWarningDays, Due)).Nothing();
        var expired = new RecordedEvent(0, 1, Anna, Anna, 1, Expiry, new PointsExpired(Expiry, 1, [], 0, Expiry), EventMetadata.None);
        Assert.That(LedgerTimers.Of(expired, silent).Select(change => change.Name), Is.EqualTo(new[] { LedgerTimers.Expiry }));
    }

    private static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Warn(DateTimeOffset due) =>
        (ledger, _) => WarnOfExpiry.Decide(ledger, Demo.ExpiryWarningDays, due);
}
