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
            .Ignore<BehaviourRecorded>()
            .Ignore<MergedAway>()
            .Ignore<Absorbed>()
            .Ignore<SplitOff>()
            .Ignore<GaveBack>()
            .Ignore<CustomerErased>()
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
