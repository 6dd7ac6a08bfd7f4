using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Runtime.EventStore;
using Contract = Patron.Contracts.Segmentation.V1;

namespace Patron.Segmentation;

/// <summary>Own events to the contract of the segmentation topic. That a partition was scanned is nobody else's business.</summary>
internal static class Published
{
    /// <summary>Current state for this service's own instances.</summary>
    public static IMessage? State(RecordedEvent recorded) => recorded.Event is RowChanged changed ? LinkedRows.State(changed, recorded.Version) : null;

    public static IMessage? Fact(RecordedEvent recorded) => recorded.Event switch
    {
        SegmentEntered entered => new Contract.SegmentEntered
        {
            Segment = entered.Segment,
            Reason = entered.Reason,
            EvaluatedAt = Timestamp.FromDateTimeOffset(entered.EvaluatedAt),
            Tag = entered.Tag ?? "",
            Revision = entered.Revision,
        },
        SegmentLeft left => new Contract.SegmentLeft
        {
            Segment = left.Segment,
            Reason = left.Reason,
            EvaluatedAt = Timestamp.FromDateTimeOffset(left.EvaluatedAt),
            Tag = left.Tag ?? "",
            Revision = left.Revision,
        },
        ScansScheduled or Scanned or RowChanged => null,
        _ => throw new UnreachableException($"No contract is decided for {recorded.Event.GetType().Name}."),
    };
}
