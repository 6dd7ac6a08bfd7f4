using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Patron.Runtime.Grpc;

/// <summary>
/// Why a call was refused, for programs: messages such as google.rpc.ErrorInfo in a google.rpc.Status, which clients of every language find in
/// the trailer <c>grpc-status-details-bin</c> (the richer error model of gRPC).
/// </summary>
public static class GrpcErrorDetails
{
    internal const string Trailer = "grpc-status-details-bin";

    /// <summary>An exception that carries details to the caller. None of them may hold personal data.</summary>
    public static GrpcException Refusal(GrpcStatus status, string detail, params ReadOnlySpan<IMessage> details)
    {
        var told = new Google.Rpc.Status { Code = (int)status, Message = detail };
        foreach (var message in details)
            told.Details.Add(Any.Pack(message));
        var trailers = new GrpcMetadata();
        trailers.AddOfProtocol(Trailer, told.ToByteArray());
        return new GrpcException(status, detail, trailers);
    }

    /// <summary>The first detail of this type that came with a refusal, or null.</summary>
    public static T? Detail<T>(this GrpcException refusal) where T : class, IMessage<T>, new()
    {
        foreach (var detail in Google.Rpc.Status.Parser.ParseFrom(refusal.Details()).Details)
        {
            if (detail.TryUnpack<T>(out var found))
                return found;
        }
        return null;
    }

    /// <summary>A google.rpc.Status with all details that came with a refusal; empty when none did.</summary>
    public static byte[] Details(this GrpcException refusal) => refusal.Trailers.Binary(Trailer) ?? [];
}
