using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;

namespace Patron.Loyalty;

/// <summary>Refusals as gRPC knows them: a canonical status, and the refusal's own code in a trailer.</summary>
internal static class PartnerRefusals
{
    public const string CodeTrailer = "patron-code";

    public static GrpcException Of(Refusal refusal) => new(StatusOf(refusal), refusal.Detail, new GrpcMetadata { { CodeTrailer, refusal.Code } });

    /// <exception cref="GrpcException">INVALID_ARGUMENT: the text is no UUID.</exception>
    public static Guid IdOf(string text, string field) => Guid.TryParseExact(text, "D", out var id)
        ? id
        : throw new GrpcException(GrpcStatus.InvalidArgument, $"{field} must be a UUID of 36 characters.");

    /// <exception cref="GrpcException">INVALID_ARGUMENT: the key has no right length.</exception>
    public static string KeyOf(string key) => key.Length is >= 1 and <= Idempotency.KeyCharsMax
        ? key
        : throw new GrpcException(GrpcStatus.InvalidArgument, $"idempotency_key must have 1 to {Idempotency.KeyCharsMax} characters.");

    private static GrpcStatus StatusOf(Refusal refusal) => refusal switch
    {
        PointsOutOfRange or ReasonNotACode or HoldTimeOutOfRange or TimeOutOfRange => GrpcStatus.InvalidArgument,
        NoLedger or RedemptionNotFound => GrpcStatus.NotFound,
        IdempotencyKeyReused => GrpcStatus.AlreadyExists,
        CouponRefused { Reason: "coupon-unknown" } => GrpcStatus.NotFound,
        CouponRefused { Reason: "customer-needed" } => GrpcStatus.InvalidArgument,
        CouponRefused { Reason: "too-many-failed-tries" } => GrpcStatus.ResourceExhausted,
        TooManyHolds => GrpcStatus.ResourceExhausted,
        CustomerParked => GrpcStatus.Unavailable,
        _ => GrpcStatus.FailedPrecondition,
    };
}
