using NUnit.Framework;
using Patron.Journey;
using Patron.Runtime.EventStore;
using static Patron.Services.Tests.GivenWhenThen;

namespace Patron.Services.Tests.Journey;

internal sealed class JourneyDecisionTests
{
    private static readonly Guid Anna = new("0197f7a0-0000-7000-8000-00000000a11a");
    private static readonly DateTimeOffset Noon = new(2024, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, string> NoData = [];
    private static readonly JourneyDefinition Welcome = Journeys.Of("welcome", 1);
    private static readonly JourneyDefinition WinBack = Journeys.Of("win-back", 1);

    [Test]
    public void Who_enters_waits_at_the_first_waiting_step()
    {
        var when = Given(Traveller.Kind).When(Enter(Welcome, Noon));

        var entered = when.The<Entered>();
        when.Then(
            new Entered(entered.Instance, "welcome", 1, Noon, "why", NoData),
            new Waiting(entered.Instance, "welcome", "settle", Noon.AddDays(1), false, "waits 1 day"));
    }

    [Test]
    public void The_same_entry_always_asks_for_the_same_messages()
    {
        var first = Given(Traveller.Kind).When(Enter(WinBack, Noon)).The<SendRequested>();
        var again = Given(Traveller.Kind).When(Enter(WinBack, Noon)).The<SendRequested>();
        var later = Given(Traveller.Kind).When(Enter(WinBack, Noon.AddDays(200))).The<SendRequested>();

        Assert.That(again.SendId, Is.EqualTo(first.SendId));
        Assert.That(later.SendId, Is.Not.EqualTo(first.SendId));
    }

    [Test]
    public void A_journey_for_once_in_a_lifetime_is_not_entered_again()
    {
        var story = Given(Traveller.Kind).After((t, _) => Enter(Welcome, Noon)(t));

        story.When(Enter(Welcome, Noon.AddYears(5))).Nothing();
    }

    [TestCase(179, false)]
    [TestCase(180, true)]
    public void A_journey_may_be_entered_again_after_its_pause(int days, bool enters)
    {
        var decision = Given(Traveller.Kind).After((t, _) => Enter(WinBack, Noon)(t)).When(Enter(WinBack, Noon.AddDays(days))).Decision;

        Assert.That(decision.Events.OfType<Entered>().Any(), Is.EqualTo(enters));
    }

    [Test]
    public void When_the_wait_is_over_the_message_is_asked_for_and_the_next_wait_begins()
    {
        var story = Given(Traveller.Kind).After((t, _) => Enter(Welcome, Noon)(t));
        var instance = story.State.Running[0].Id;

        var decided = story.When(t => EndWait.TimeCame(t, instance, Noon.AddDays(1)));

        Assert.That(decided.Decision.Events.Select(e => e.GetType()), Is.EqualTo(new[] { typeof(WaitEnded), typeof(SendRequested), typeof(Waiting) }));
        Assert.That(decided.The<SendRequested>().Deadline, Is.EqualTo(Noon.AddDays(4)));
        Assert.That(decided.The<Waiting>().Until, Is.EqualTo(Noon.AddDays(31)));
    }

    [Test]
    public void A_purchase_while_waiting_for_one_is_the_goal()
    {
        var story = WaitingForSecondPurchase();
        var instance = story.State.Running[0].Id;

        var events = EndWait.Purchased(story.State, null, Noon.AddDays(5), "R-2").ToList();

        Assert.That(events, Is.EqualTo(new JourneyEvent[]
        {
            new WaitEnded(instance, "welcome", "second-purchase", "purchase R-2"),
            new Left(instance, "welcome", "goal", "purchase R-2 was what it waited for"),
        }));
    }

    [Test]
    public void A_purchase_made_before_entering_is_not_what_the_journey_waits_for() =>
        Assert.That(EndWait.Purchased(WaitingForSecondPurchase().State, null, Noon, "R-1"), Is.Empty);

    [Test]
    public void Without_a_purchase_in_time_the_reminder_is_asked_for_and_the_journey_ends()
    {
        var story = WaitingForSecondPurchase();

        var decided = story.When(t => EndWait.TimeCame(t, story.State.Running[0].Id, Noon.AddDays(31)));

        Assert.That(decided.The<SendRequested>().Template, Is.EqualTo("second-purchase-reminder"));
        Assert.That(decided.The<Left>().Outcome, Is.EqualTo("completed"));
    }

    [Test]
    public void A_timer_of_an_instance_that_has_ended_does_nothing() =>
        Given(Traveller.Kind).When(t => EndWait.TimeCame(t, Guid.Empty, Noon)).Nothing();

    [Test]
    public void Every_journey_has_steps_with_names_of_their_own()
    {
        foreach (var journey in Journeys.All)
            Assert.That(journey.Steps.Select(s => s.Name), Is.Unique, journey.Name);
    }

    private static Given<Traveller> WaitingForSecondPurchase() => Given(Traveller.Kind)
        .After((t, _) => Enter(Welcome, Noon)(t))
        .After((t, _) => EndWait.TimeCame(t, t.Running[0].Id, Noon.AddDays(1)));

    private static Func<Traveller, Decision> Enter(JourneyDefinition journey, DateTimeOffset now) =>
        traveller => EnterJourney.Decide(traveller, Anna, null, journey, now, "why", NoData);
}
