using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Patron.Runtime.Grpc;

/// <summary>A method to call: its name, types and shape, checked once against the generated descriptor.</summary>
public sealed class GrpcMethod<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    /// <exception cref="ArgumentException">The service has no such method with these types.</exception>
    public GrpcMethod(ServiceDescriptor service, string name)
    {
        Descriptor = service.FindMethodByName(name) ?? throw new ArgumentException($"{service.FullName} has no method {name}.", nameof(name));
        GrpcMethodName.CheckShape(Descriptor, typeof(TRequest), typeof(TResponse), Descriptor.IsClientStreaming, Descriptor.IsServerStreaming);
        FullName = GrpcMethodName.Of(Descriptor);
    }

    public MethodDescriptor Descriptor { get; }

    /// <summary>Such as "patron.loyalty.v1.PartnerService/GetBalance".</summary>
    public string FullName { get; }

    internal void CheckShape(bool clientStreams, bool serverStreams) =>
        GrpcMethodName.CheckShape(Descriptor, typeof(TRequest), typeof(TResponse), clientStreams, serverStreams);
}

internal static class GrpcMethodName
{
    public static string Of(MethodDescriptor method) => $"{method.Service.FullName}/{method.Name}";

    public static void CheckShape(MethodDescriptor method, Type request, Type response, bool clientStreams, bool serverStreams)
    {
        if (method.InputType.ClrType != request || method.OutputType.ClrType != response)
            throw new ArgumentException($"{method.FullName} takes {method.InputType.Name} and answers {method.OutputType.Name}.");
        if (method.IsClientStreaming != clientStreams || method.IsServerStreaming != serverStreams)
            throw new ArgumentException($"{method.FullName} has another shape: check which sides stream.");
    }
}
