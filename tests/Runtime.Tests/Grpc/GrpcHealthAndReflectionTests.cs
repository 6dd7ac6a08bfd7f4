using Google.Protobuf.Reflection;
using NUnit.Framework;
using Patron.Runtime.Grpc;
using Patron.Runtime.Grpc.Health.V1;
using Patron.Runtime.Grpc.Reflection.V1;
using ServingStatus = Patron.Runtime.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;
using static Patron.Runtime.Tests.Grpc.EchoMethods;

namespace Patron.Runtime.Tests.Grpc;

[TestFixture]
public sealed class GrpcHealthAndReflectionTests
{
    private static readonly ServiceDescriptor HealthContract = HealthReflection.Descriptor.Services[0];
    private static readonly GrpcMethod<HealthCheckRequest, HealthCheckResponse> Check = new(HealthContract, "Check");
    private static readonly GrpcMethod<HealthCheckRequest, HealthCheckResponse> Watch = new(HealthContract, "Watch");

    private static readonly GrpcMethod<ServerReflectionRequest, ServerReflectionResponse> Info =
        new(ReflectionReflection.Descriptor.Services[0], "ServerReflectionInfo");

    private EchoServer _server = null!;
    private GrpcClient _client = null!;

    [SetUp]
    public async Task Start()
    {
        _server = await EchoServer.StartAsync();
        _client = new GrpcClient(_server.Address, new GrpcClientOptions());
    }

    [TearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [TestCase(""), TestCase("patron.echo.v1.EchoService")]
    public async Task A_check_answers_what_the_table_says(string service)
    {
        Assert.That((await CheckAsync(service)).Status, Is.EqualTo(ServingStatus.Serving));
        _server.Health.Set(service, serving: false);
        Assert.That((await CheckAsync(service)).Status, Is.EqualTo(ServingStatus.NotServing));
    }

    [Test]
    public async Task A_check_of_an_unknown_service_is_not_found() =>
        Assert.That((await Failure(() => CheckAsync("nope"))).Status, Is.EqualTo(GrpcStatus.NotFound));

    [Test, CancelAfter(30_000)]
    public async Task A_watch_tells_the_status_and_each_change(CancellationToken cancellation)
    {
        await using var watch = _client.ServerStreamingAsync(Watch, new HealthCheckRequest { Service = "late" }, Soon, cancellation)
            .GetAsyncEnumerator(cancellation);
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.ServiceUnknown));
        _server.Health.Set("other", serving: true);
        _server.Health.Set("late", serving: true);
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.Serving));
        _server.Health.Set("late", serving: false);
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.NotServing));
    }

    [Test, CancelAfter(30_000)]
    public async Task A_watch_ends_when_the_server_stops_and_does_not_hold_it_up(CancellationToken cancellation)
    {
        await using var watch = _client.ServerStreamingAsync(Watch, new HealthCheckRequest(), Soon, cancellation).GetAsyncEnumerator(cancellation);
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.Serving));
        var stopped = _server.StopAsync(cancellation);
        Assert.That(await NextAsync(watch), Is.EqualTo(ServingStatus.NotServing));
        Assert.That(await watch.MoveNextAsync(), Is.False);
        await stopped.WaitAsync(TimeSpan.FromSeconds(10), cancellation);
    }

    [Test, CancelAfter(30_000)]
    public async Task Reflection_lists_services_and_gives_their_files_with_imports(CancellationToken cancellation)
    {
        ServerReflectionRequest[] questions =
        [
            new() { ListServices = "" },
            new() { FileContainingSymbol = "patron.echo.v1.EchoService.Say" },
            new() { FileContainingSymbol = "patron.echo.v1.EchoReply.SeenEntry" },
            new() { FileByFilename = "google/protobuf/timestamp.proto" },
            new() { FileContainingSymbol = "patron.nope" },
            new() { AllExtensionNumbersOfType = "patron.echo.v1.EchoReply" },
            new(),
        ];
        var answers = await _client.DuplexAsync(Info, questions.ToAsyncEnumerable(), Soon, cancellation).ToListAsync(cancellation);
        Assert.That(answers, Has.Count.EqualTo(questions.Length));
        Assert.That(
            answers[0].ListServicesResponse.Service.Select(service => service.Name),
            Is.EquivalentTo(["patron.echo.v1.EchoService", "grpc.reflection.v1.ServerReflection"]));
        foreach (var answer in answers[1..3])
        {
            var files = FileDescriptor.BuildFromByteStrings(answer.FileDescriptorResponse.FileDescriptorProto.Reverse());
            Assert.That(files.Select(file => file.Name), Is.EqualTo(["google/protobuf/timestamp.proto", "echo.proto"]));
        }

        Assert.That(answers[3].FileDescriptorResponse.FileDescriptorProto, Has.Count.EqualTo(1));
        Assert.That(answers[4].ErrorResponse.ErrorCode, Is.EqualTo((int)GrpcStatus.NotFound));
        Assert.That(answers[5].AllExtensionNumbersResponse.BaseTypeName, Is.EqualTo("patron.echo.v1.EchoReply"));
        Assert.That(answers[6].ErrorResponse.ErrorCode, Is.EqualTo((int)GrpcStatus.InvalidArgument));
    }

    private Task<HealthCheckResponse> CheckAsync(string service) =>
        _client.UnaryAsync(Check, new HealthCheckRequest { Service = service }, Soon, CancellationToken.None);

    private static async Task<ServingStatus> NextAsync(IAsyncEnumerator<HealthCheckResponse> watch)
    {
        Assert.That(await watch.MoveNextAsync(), Is.True);
        return watch.Current.Status;
    }
}
