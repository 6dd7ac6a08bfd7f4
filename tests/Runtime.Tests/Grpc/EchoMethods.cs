using Google.Protobuf.Reflection;
using NUnit.Framework;
using Patron.Runtime.Grpc;
using Patron.Runtime.Tests.Grpc.Messages;

namespace Patron.Runtime.Tests.Grpc;

internal static class EchoMethods
{
    public static readonly ServiceDescriptor Service = EchoReflection.Descriptor.Services[0];
    public static readonly GrpcMethod<EchoRequest, EchoReply> Say = new(Service, "Say");
    public static readonly GrpcMethod<CountRequest, EchoReply> Count = new(Service, "Count");
    public static readonly GrpcMethod<EchoRequest, EchoReply> Collect = new(Service, "Collect");
    public static readonly GrpcMethod<EchoRequest, EchoReply> Chat = new(Service, "Chat");
    public static readonly GrpcMethod<EchoRequest, EchoReply> Closed = new(Service, "Closed");
    public static readonly GrpcMethod<EchoRequest, EchoReply> Unbound = new(Service, "Unbound");

    public static readonly GrpcClientOptions Large = new() { ReceivedMessageBytesMax = 64 << 20, SentMessageBytesMax = 64 << 20 };

    public static GrpcCallOptions Soon => GrpcCallOptions.Within(TimeSpan.FromSeconds(20));

    /// <summary>The failure of a call; the test fails when there is none.</summary>
    public static async Task<GrpcException> Failure(Func<Task> call) => (await Assert.ThrowsAsync<GrpcException>(async () => await call()))!;
}
