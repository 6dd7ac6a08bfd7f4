using Patron.Contracts;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>What journey and profile tell, in this service's own words.</summary>
internal static class Consumed
{
    private const string Channel = "email";

    public static IReadOnlyList<Subscription> Subscriptions { get; } =
    [
        new Subscription(new Topic(Topics.Journey))
            .On(SendRequested.Parser, Claim)
            .Ignore<JourneyEntered>()
            .Ignore<StepTaken>()
            .Ignore<JourneyLeft>(),
        new Subscription(new Topic(Topics.Profile))
            .Ignore<ConsentChanged>()
            .On(OptInRequested.Parser, OptIn.Claim)
            .Ignore<BirthdayReached>()
            .Ignore<BehaviourRecorded>()
            .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
            .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
            .Ignore<Absorbed>()
            .Ignore<GaveBack>()
            .Erases(CustomerErased.Parser, (_, _) => [])
            .Ignore<CustomerRegistered>()
            .Ignore<PurchaseRecorded>()
            .Writes(new ConsentRows(Channel)),
        new Subscription(new Topic(Topics.ProfileCustomers, Compacted: true))
            .Ignore<CustomerState>()
            .Writes(new ContactRows()),
    ];

    private static IEnumerable<Command> Claim(SendRequested request, FactContext context)
    {
        if (request.Channel != Channel)
            return [];
        var claim = new SendClaimed(
            request.Journey, request.Step, request.Purpose, request.Template,
            new Dictionary<string, string>(request.Data), request.Deadline.ToDateTimeOffset());
        return [SendCommands.Claim(Guid.ParseExact(request.SendId, "D"), context.Customer, claim)];
    }
}
