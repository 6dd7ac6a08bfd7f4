using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;

namespace Patron.Loyalty;

/// <summary>Refusals as partners' programs see them: a canonical status, and google.rpc.ErrorInfo with a reason of a closed list.</summary>
internal static class PartnerErrors
{
    public const string Domain = "patron";

    /// <summary>The request itself is wrong, at this field.</summary>
    public static GrpcException Invalid(string field, string description)
    {
        var violation = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field, Description = description } } };
        return GrpcErrorDetails.Refusal(GrpcStatus.InvalidArgument, $"{field}: {description}", Info("invalid-argument"), violation);
    }

    /// <summary>The call may be repeated after this long.</summary>
    public static GrpcException TooMany(string description, TimeSpan retryAfter) => GrpcErrorDetails.Refusal(
        GrpcStatus.ResourceExhausted, description, Info("quota-exceeded"), new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) });

    public static GrpcException Of(Refusal refusal) => GrpcErrorDetails.Refusal(StatusOf(refusal), refusal.Detail, Info(refusal.Code));

    /// <summary>A refusal as a session tells it.</summary>
    public static SessionRefusal Told(GrpcException refusal) =>
        new() { Code = (int)refusal.Status, Message = refusal.Detail, StatusDetails = ByteString.CopyFrom(refusal.Details()) };

    /// <summary>Wrong in itself, about nobody, taken by another request, to be repeated as it is, or not possible as things stand.</summary>
    internal static GrpcStatus StatusOf(Refusal refusal) => refusal switch
    {
        PointsOutOfRange or ReasonNotACode or HoldTimeOutOfRange or TimeOutOfRange => GrpcStatus.InvalidArgument,
        NoLedger or MemberUnknown or HoldUnknown or RedemptionNotFound => GrpcStatus.NotFound,
        IdempotencyKeyReused => GrpcStatus.AlreadyExists,
        MoreThanPartnerMayBook => GrpcStatus.PermissionDenied,
        TooManyHolds => GrpcStatus.ResourceExhausted,
        CouponRefused { Reason: "coupon-unknown" } => GrpcStatus.NotFound,
        CouponRefused { Reason: "customer-needed" } => GrpcStatus.InvalidArgument,
        CouponRefused { Reason: "too-many-failed-tries" } => GrpcStatus.ResourceExhausted,
        CustomerParked => GrpcStatus.Unavailable,
        VersionConflict => GrpcStatus.Aborted,
        _ => GrpcStatus.FailedPrecondition,
    };

    public static string ReasonOf(string code) => code.Replace('-', '_').ToUpperInvariant();

    /// <summary>The refusal's code as this model spells reasons: NOT_ENOUGH_POINTS.</summary>
    private static ErrorInfo Info(string code) => new() { Reason = ReasonOf(code), Domain = Domain };
}
