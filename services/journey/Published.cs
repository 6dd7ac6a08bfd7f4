using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Facts = Patron.Contracts.Journey.V1;

namespace Patron.Journey;

/// <summary>Own events and the public facts that they become.</summary>
internal static class Published
{
    public static readonly Publication Publication = new(new Topic(Topics.Journey), Map);

    private static IMessage? Map(RecordedEvent recorded) => recorded.Event switch
    {
        Entered e => new Facts.JourneyEntered { Journey = e.Journey, JourneyVersion = e.Version, InstanceId = e.Instance.ToString("D"), Reason = e.Reason },
        Waiting e => new Facts.StepTaken { Journey = e.Journey, InstanceId = e.Instance.ToString("D"), Step = e.Step, Reason = e.Reason },
        WaitEnded e => new Facts.StepTaken { Journey = e.Journey, InstanceId = e.Instance.ToString("D"), Step = e.Step, Reason = e.Reason },
        SendRequested e => new Facts.SendRequested
        {
            SendId = e.SendId.ToString("D"),
            Journey = e.Journey,
            InstanceId = e.Instance.ToString("D"),
            Step = e.Step,
            Channel = e.Channel,
            Purpose = e.Purpose,
            Template = e.Template,
            Data = { (IDictionary<string, string>)e.Data.ToDictionary() },
            Deadline = e.Deadline.ToTimestamp(),
        },
        Left e => new Facts.JourneyLeft { Journey = e.Journey, InstanceId = e.Instance.ToString("D"), Outcome = e.Outcome, Reason = e.Reason },
        // Private on purpose: the instances go on under their ids, and whom they are for is profile's to tell.
        JourneysHandedOver or JourneysJoined or JourneysGivenBack or JourneysReopened or Suspended or Resumed => null,
        _ => throw new System.Diagnostics.UnreachableException($"{recorded.Event.GetType().Name} is neither published nor private on purpose."),
    };
}
