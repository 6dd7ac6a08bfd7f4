using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
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

    public static GrpcException Of(Refusal refusal) => GrpcErrorDetails.Refusal(StatusOf(refusal.Code), refusal.Detail, Info(refusal.Code));

    /// <summary>Wrong in itself, about nobody, taken by another request, to be repeated as it is, or not now.</summary>
    internal static GrpcStatus StatusOf(string code) => code switch
    {
        "points-out-of-range" or "hold-time-out-of-range" or "time-out-of-range" or "reason-not-a-code" or "conflict-policy-unknown" or "basket-wrong"
            or "code-wrong" => GrpcStatus.InvalidArgument,
        "no-ledger" or "hold-not-found" or "redemption-not-found" or "coupon-not-found" or "member-unknown" => GrpcStatus.NotFound,
        "idempotency-key-reused" => GrpcStatus.AlreadyExists,
        "partition-elsewhere" => GrpcStatus.Unavailable,
        "version-conflict" or "replay-overtaken" => GrpcStatus.Aborted,
        "points-per-call-exceeded" => GrpcStatus.PermissionDenied,
        "too-many-tries" => GrpcStatus.ResourceExhausted,
        _ => GrpcStatus.FailedPrecondition,
    };

    /// <summary>The refusal's code as this model spells reasons: NOT_ENOUGH_POINTS.</summary>
    private static ErrorInfo Info(string code) => new() { Reason = code.Replace('-', '_').ToUpperInvariant(), Domain = Domain };
}
