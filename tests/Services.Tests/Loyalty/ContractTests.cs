using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using static Patron.Services.Tests.Loyalty.LedgerStories;
using Facts = Patron.Contracts.Loyalty.V1;

namespace Patron.Services.Tests.Loyalty;

/// <summary>What loyalty hears and what it says.</summary>
internal sealed class ContractTests
{
    private static readonly System.Type[] Till =
    [
        typeof(PointsReserved), typeof(HoldReleased), typeof(HoldTimerSet), typeof(ExpiryWarningSet), typeof(ClawbackSettled), typeof(PointsReleased),
    ];

    private static readonly System.Type[] Private =
        [typeof(MemberEnrolled), typeof(TierKept), typeof(TierGraceGiven), typeof(LedgerClosed), .. Till];

    [Test]
    public void Only_sales_earn_and_only_returns_come_back()
    {
        var fact = Fact();
        var command = Consumed.From(fact, Context(), Demo).Single();
        var decision = command.Decide(new Ledger(), new(Anna, [], null));
        var earned = decision.Events.OfType<PointsEarned>().Single();
        Assert.That(earned.Lines.Single().Product, Is.EqualTo("MUG"));
        Assert.That(decision.Events.OfType<ReturnUnmatched>().Single(), Is.EqualTo(new ReturnUnmatched(Receipt(7), March1, "LAMP", 2)));
        Assert.That((command.Customer, command.Metadata.TraceParent), Is.EqualTo((Anna, "00-trace")));
    }

    [Test]
    public void A_purchase_without_returns_needs_no_history()
    {
        var fact = Fact();
        fact.Lines.RemoveAt(1);
        Assert.That(Consumed.From(fact, Context(), Demo).Single().NeedsHistory, Is.False);
        Assert.That(Consumed.From(Fact(), Context(), Demo).Single().NeedsHistory, Is.True);
    }

    [Test]
    public void Anonymous_purchases_and_those_of_fees_only_concern_nobody()
    {
        var anonymous = Fact();
        anonymous.Anonymous = true;
        Assert.That(Consumed.From(anonymous, Context(), Demo), Is.Empty);

        var fees = Fact();
        fees.Lines.RemoveAt(0);
        fees.Lines.RemoveAt(0);
        Assert.That(Consumed.From(fees, Context(), Demo), Is.Empty);
    }

    [Test]
    public void Public_facts_say_what_happened_and_the_balance_after_it()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 2, 60_000))).After(Return(2, March1.AddDays(1), "SOFA", 3))
            .After(Expire(March1.AddYears(2)));
        Assert.That(
            story.History.Select(Published.From).OfType<Google.Protobuf.IMessage>(), Is.EqualTo(new Google.Protobuf.IMessage[]
            {
                new Facts.PointsEarned
                {
                    PurchaseId = Receipt(1).ToString(), Points = 600, Balance = 600,
                    ExpiresAt = new DateTimeOffset(2012, 3, 2, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
                },
                new Facts.TierChanged { From = "member", To = "silver", Reason = "600.00 GBP spent since 2010-03 reaches silver, which starts at 500.00 GBP" },
                new Facts.PointsReversed { PurchaseId = Receipt(2).ToString(), Points = 600, Balance = 0 },
                new Facts.ReturnUnmatched { PurchaseId = Receipt(2).ToString(), Product = "SOFA", Quantity = 1 },
            }));
    }

    [Test]
    public void Every_event_is_told_written_read_and_either_public_or_private_on_purpose()
    {
        var at = March1;
        DomainEvent[] all =
        [
            new MemberEnrolled(at, "member"), new PointsEarned(Receipt(1), at, 1, "member", "GBP", 201103, 6, 1, 1, at, [new("MUG", 1, 600, 6)], 5, at),
            new PointsReversed(Receipt(2), true, 6, [new(1, 5)], 1, [new(Receipt(1), 0, "MUG", 1, 600, 201103, 6)], 0, null),
            new ReturnUnmatched(Receipt(2), at, "MUG", 1), new PointsRedeemed(new(Anna), at, 5, "voucher", [new(1, 5)], 0, null),
            new PointsExpired(at, 5, [new(1, 5)], 0, null), new TierChanged("member", "silver", true, 50_000, 50_000, "GBP", 201003, at, at),
            new TierKept("silver", 50_000, 50_000, "GBP", 201003, at, at), new TierGraceGiven("silver", 1, 50_000, "GBP", 201003, at, at),
            new LedgerClosed(Anna, Anna, 1, "silver", 5, 0),
            new LedgerAbsorbed(Anna, Anna, 1, Content, "silver", "silver", at, 5, at), new LedgerReopened(Anna, Anna, 2, Content, "silver", at, 5, at),
            new LedgerGivenBack(Anna, Anna, 2, [Anna], 5, "silver", "silver", at, 5, at),
            new PointsReserved(new(Anna), at, at, 5, "voucher", [new(1, 5)], 5, 0, true, null, at), new HoldTimerSet(at),
            new HoldReleased(new(Anna), at, ReleaseHold.Lapsed, 5, [new(1, 5)], 5, at), new ClawbackSettled(at, 1, [new(1, 1)], 4, at),
            new PointsRefunded(new(Anna), new(Anna), at, 5, [new(1, 5)], 0, 5, at), new PointsReleased(at, 5, [new(1, 5)], null),
            new PointsExpiring(at, 5, at, at, 5, at), new ExpiryWarningSet(at),
            new PointsGranted(new(Anna), at, 5, 0, "goodwill", 1, at, 5, at),
        ];
        var defined = typeof(Ledger).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(DomainEvent)) && !type.IsAbstract
            && !CouponModule.Knows((DomainEvent)RuntimeHelpers.GetUninitializedObject(type)));
        Assert.That(all.Select(happened => happened.GetType()), Is.EquivalentTo(defined));
        foreach (var happened in all)
        {
            var text = CouponModule.Events.Write(happened);
            Assert.That(CouponModule.Events.Write(CouponModule.Events.Read(CouponModule.Events.NameOf(happened), text)), Is.EqualTo(text));
            Assert.That(Published.From(happened) is null, Is.EqualTo(Private.Contains(happened.GetType())), text);

            // When holds and lots are looked at next is nobody's story.
            var told = Timeline.Of([new(0, 1, Anna, Anna, 1, at, happened, EventMetadata.None)]);
            Assert.That(told.Count(entry => entry.What.Length * entry.Why.Length > 0), Is.EqualTo(happened is HoldTimerSet or ExpiryWarningSet ? 0 : 1), text);
        }
    }

    private static LedgerContent Content => new([new(Anna, "silver", March1, 1)], [new(1, March1, 5, Anna, Anna)], [], []);

    private static PurchaseRecorded Fact() => new()
    {
        PurchaseId = Receipt(7).ToString(),
        Currency = "GBP",
        OccurredAt = March1.ToTimestamp(),
        Lines =
        {
            new Line { Product = "MUG", Kind = LineKind.Sale, Quantity = 1, AmountMinor = 600 },
            new Line { Product = "LAMP", Kind = LineKind.Return, Quantity = 2, AmountMinor = -900 },
            new Line { Product = "POST", Kind = LineKind.Fee, Quantity = 1, AmountMinor = 300 },
            new Line { Product = "BENT", Kind = LineKind.Adjustment, Quantity = 1 },
        },
    };

    private static FactContext Context() => new(
        Anna, "patron.profile", 3, 42,
        new Envelope
        {
            Id = "3-1", Source = "/patron/profile", Type = "patron.profile.v1.PurchaseRecorded", Time = March1, StoreEpoch = Anna, Position = 1, Previous = 0,
        },
        new EventMetadata { TraceParent = "00-trace" });
}
