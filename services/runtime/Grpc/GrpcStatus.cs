namespace Patron.Runtime.Grpc;

/// <summary>
/// The standard gRPC status codes. Whether a call may be repeated depends on the method first: one that only reads, or that carries an
/// idempotency key, may be repeated after any of <see cref="Unavailable"/>, <see cref="DeadlineExceeded"/>, <see cref="Cancelled"/>,
/// <see cref="Aborted"/>, <see cref="Unknown"/> and <see cref="Internal"/>. Any other method may be repeated only after a status that its
/// own contract calls a refusal, or when <see cref="GrpcException.NotSent"/> is true.
/// </summary>
public enum GrpcStatus
{
    Ok = 0,

    /// <summary>The caller gave up; the work may have been done or not.</summary>
    Cancelled = 1,

    /// <summary>The handler threw, or the answer carries no status; the work may have been done or not.</summary>
    Unknown = 2,

    /// <summary>The request can never succeed as it is. Not to be repeated.</summary>
    InvalidArgument = 3,

    /// <summary>The time given ran out; the work may have been done or not.</summary>
    DeadlineExceeded = 4,

    NotFound = 5,

    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this. Not to be repeated.</summary>
    PermissionDenied = 7,

    /// <summary>A quota or a size limit was met: repeat a quota refusal later, never a too large message.</summary>
    ResourceExhausted = 8,

    /// <summary>The state does not allow it now; repeat only after the state was changed.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with concurrent work: repeat from reading on.</summary>
    Aborted = 10,

    OutOfRange = 11,

    /// <summary>The server does not know the method, or the compression that was used.</summary>
    Unimplemented = 12,

    /// <summary>The peer broke the protocol.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached or is stopping: repeat with a growing pause if the method allows it.</summary>
    Unavailable = 14,

    DataLoss = 15,

    /// <summary>The caller gave no valid credentials. Not to be repeated with the same ones.</summary>
    Unauthenticated = 16,
}

internal static class GrpcStatusNames
{
    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ];

    /// <summary>The name that the gRPC specification and OpenTelemetry use, such as DEADLINE_EXCEEDED.</summary>
    public static string WireName(this GrpcStatus status) => Names[(int)status];

    /// <summary>The code of a grpc-status header; anything that is not a standard code is UNKNOWN.</summary>
    public static GrpcStatus Parse(string header) =>
        int.TryParse(header, System.Globalization.NumberStyles.None, null, out var code) && code < Names.Length
            ? (GrpcStatus)code
            : GrpcStatus.Unknown;

    /// <summary>What an HTTP status stands for when there is no grpc-status ("HTTP to gRPC Status Code Mapping" of the gRPC docs).</summary>
    public static GrpcStatus FromHttp(int httpStatus) => httpStatus switch
    {
        400 => GrpcStatus.Internal,
        401 => GrpcStatus.Unauthenticated,
        403 => GrpcStatus.PermissionDenied,
        404 => GrpcStatus.Unimplemented,
        429 or 502 or 503 or 504 => GrpcStatus.Unavailable,
        _ => GrpcStatus.Unknown,
    };
}
