using Patron.Contracts;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Channels.Sms;

/// <summary>What journey and profile tell, in this service's own words.</summary>
internal static class Consumed
{
    private const string Channel = "sms";

    public static Subscription Journey(ISmsProvider provider) => new Subscription(new Topic(Topics.Journey))
        .On(SendRequested.Parser, (request, context) => Claim(request, context, provider))
        .Ignore<JourneyEntered>()
        .Ignore<StepTaken>()
        .Ignore<JourneyLeft>();

    /// <summary>Nothing is kept by customer but sends: what is asked for a customer who was merged goes to the same person.</summary>
    public static Subscription Profile { get; } = new Subscription(new Topic(Topics.Profile))
        .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
        .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
        .Ignore<Absorbed>()
        .Ignore<GaveBack>()
        .Ignore<CustomerRegistered>()
        .Ignore<PurchaseRecorded>()
        .Ignore<BirthdayReached>()
        .Ignore<BehaviourRecorded>()
        .Ignore<ConsentChanged>()
        .Ignore<OptInRequested>()
        .Ignore<CustomerErased>();

    private static IEnumerable<Command> Claim(SendRequested request, FactContext context, ISmsProvider provider)
    {
        if (request.Channel != Channel)
            return [];
        var claim = new SendClaimed(
            request.Journey, request.Step, request.Purpose, request.Template,
            new Dictionary<string, string>(request.Data), request.Deadline.ToDateTimeOffset());
        return [ClaimSend.Command(Guid.ParseExact(request.SendId, "D"), context.Customer, claim, provider)];
    }
}
