using System.Runtime.CompilerServices;
using Google.Protobuf.Reflection;
using Patron.Runtime.Grpc.Reflection.V1;
using Asked = Patron.Runtime.Grpc.Reflection.V1.ServerReflectionRequest.MessageRequestOneofCase;

namespace Patron.Runtime.Grpc;

/// <summary>
/// The gRPC reflection service, grpc.reflection.v1, from generated descriptors: tools such as grpcurl discover services with it. It tells the
/// whole contract of what it was given, so guard it, or leave it out, where the contract is not public.
/// </summary>
public static class GrpcReflection
{
    /// <summary>Describes the given services and itself.</summary>
    public static GrpcService Describe(params ServiceDescriptor[] services)
    {
        var index = new DescriptorIndex([.. services, ReflectionReflection.Descriptor.Services[0]]);
        return new GrpcService(ReflectionReflection.Descriptor.Services[0]).Duplex<ServerReflectionRequest, ServerReflectionResponse>(
            "ServerReflectionInfo", (requests, _, cancellation) => AnswerAsync(index, requests, cancellation));
    }

    private static async IAsyncEnumerable<ServerReflectionResponse> AnswerAsync(
        DescriptorIndex index, IAsyncEnumerable<ServerReflectionRequest> requests, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var request in requests.WithCancellation(cancellation))
            yield return index.Answer(request);
    }

    /// <summary>Files and symbols by name, over the services' files and all that these import.</summary>
    private sealed class DescriptorIndex
    {
        private readonly ServiceDescriptor[] _services;
        private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
        private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);

        public DescriptorIndex(ServiceDescriptor[] services)
        {
            _services = services;
            foreach (var service in services)
                Add(service.File);
        }

        public ServerReflectionResponse Answer(ServerReflectionRequest request)
        {
            var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
            switch (request.MessageRequestCase)
            {
                case Asked.ListServices:
                    response.ListServicesResponse = new() { Service = { _services.Select(service => new ServiceResponse { Name = service.FullName }) } };
                    break;
                case Asked.FileByFilename when _files.TryGetValue(request.FileByFilename, out var file):
                    response.FileDescriptorResponse = WithImports(file);
                    break;
                case Asked.FileContainingSymbol when _symbols.TryGetValue(request.FileContainingSymbol, out var file):
                    response.FileDescriptorResponse = WithImports(file);
                    break;
                case Asked.AllExtensionNumbersOfType when _symbols.ContainsKey(request.AllExtensionNumbersOfType):
                    // Contracts here are proto3, whose only extensions are custom options: no message has any.
                    response.AllExtensionNumbersResponse = new() { BaseTypeName = request.AllExtensionNumbersOfType };
                    break;
                case Asked.None:
                    response.ErrorResponse = Error(GrpcStatus.InvalidArgument, "Nothing was asked.");
                    break;
                default:
                    response.ErrorResponse = Error(GrpcStatus.NotFound, "Not found.");
                    break;
            }

            return response;
        }

        private static ErrorResponse Error(GrpcStatus status, string message) => new() { ErrorCode = (int)status, ErrorMessage = message };

        private static FileDescriptorResponse WithImports(FileDescriptor file)
        {
            var response = new FileDescriptorResponse();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            Put(file);
            return response;

            void Put(FileDescriptor next)
            {
                if (!seen.Add(next.Name))
                    return;
                response.FileDescriptorProto.Add(next.SerializedData);
                foreach (var import in next.Dependencies)
                    Put(import);
            }
        }

        private void Add(FileDescriptor file)
        {
            if (!_files.TryAdd(file.Name, file))
                return;
            foreach (var service in file.Services)
            {
                _symbols[service.FullName] = file;
                foreach (var method in service.Methods)
                    _symbols[method.FullName] = file;
            }

            foreach (var type in file.EnumTypes)
                _symbols[type.FullName] = file;
            foreach (var message in file.MessageTypes)
                Add(message);
            foreach (var import in file.Dependencies)
                Add(import);
        }

        private void Add(MessageDescriptor message)
        {
            _symbols[message.FullName] = message.File;
            foreach (var type in message.EnumTypes)
                _symbols[type.FullName] = message.File;
            foreach (var nested in message.NestedTypes)
                Add(nested);
        }
    }
}
