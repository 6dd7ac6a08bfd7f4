using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>A segment that gives a tag gives it to whoever enters and takes it from whoever leaves.</summary>
internal static class FollowSegments
{
    public static Decision Enter(CustomerTags tags, Taxonomy taxonomy, SegmentEntered entered, Cause cause) => AssignTag.Give(
        tags, taxonomy, new Assignment(entered.Tag, Giver.Rule, entered.Segment, (int)entered.Revision, entered.Reason, entered.EvaluatedAt.ToDateTimeOffset())
        {
            Cause = cause,
        });

    public static Decision Leave(CustomerTags tags, SegmentLeft left) => Decision.Of(AssignTag.End(
        tags, given => given.Giver == Giver.Rule && given.By == left.Segment, $"the rule {left.Segment} no longer holds: {left.Reason}",
        left.EvaluatedAt.ToDateTimeOffset()));
}
