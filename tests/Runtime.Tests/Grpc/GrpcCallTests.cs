using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Runtime.Grpc;
using Patron.Runtime.Tests.Grpc.Messages;
using static Patron.Runtime.Tests.Grpc.EchoMethods;

namespace Patron.Runtime.Tests.Grpc;

[TestFixture]
public sealed class GrpcCallTests
{
    private EchoServer _server = null!;
    private GrpcClient _client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await EchoServer.StartAsync();
        _client = new GrpcClient(_server.Address, Large);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Test, CancelAfter(30_000)]
    public async Task A_unary_call_answers_one_message(CancellationToken cancellation)
    {
        var reply = await _client.UnaryAsync(Say, new EchoRequest { Text = "hé" }, Soon, cancellation);
        Assert.That(reply.Text, Is.EqualTo("hé"));
    }

    [Test, CancelAfter(30_000)]
    public async Task A_server_stream_answers_all_messages_in_order(CancellationToken cancellation)
    {
        var replies = await _client.ServerStreamingAsync(Count, new CountRequest { N = 1_000 }, Soon, cancellation)
            .Select(reply => reply.Text).ToListAsync(cancellation);
        Assert.That(replies, Is.EqualTo(Enumerable.Range(0, 1_000).Select(i => $"{i}")));
    }

    [Test, CancelAfter(30_000)]
    public async Task A_client_stream_is_read_to_its_end(CancellationToken cancellation)
    {
        var reply = await _client.ClientStreamingAsync(Collect, Requests(500), Soon, cancellation);
        Assert.That(reply.Text, Is.EqualTo("500:1000"));
    }

    [Test, CancelAfter(30_000)]
    public async Task An_empty_client_stream_has_an_answer(CancellationToken cancellation)
    {
        var reply = await _client.ClientStreamingAsync(Collect, Requests(0), Soon, cancellation);
        Assert.That(reply.Text, Is.EqualTo("0:0"));
    }

    [Test, CancelAfter(30_000)]
    public async Task A_duplex_call_answers_while_requests_still_come(CancellationToken cancellation)
    {
        var questions = System.Threading.Channels.Channel.CreateBounded<EchoRequest>(1);
        var answers = new List<string>();
        await questions.Writer.WriteAsync(new EchoRequest { Text = "0" }, cancellation);
        await foreach (var reply in _client.DuplexAsync(Chat, questions.Reader.ReadAllAsync(cancellation), Soon, cancellation))
        {
            answers.Add(reply.Text);
            if (answers.Count == 5)
                questions.Writer.Complete();
            else
                await questions.Writer.WriteAsync(new EchoRequest { Text = $"{answers.Count}" }, cancellation);
        }

        Assert.That(answers, Is.EqualTo(["re:0", "re:1", "re:2", "re:3", "re:4"]));
    }

    [Test, CancelAfter(30_000)]
    public async Task Metadata_travels_both_ways_as_text_and_as_bytes(CancellationToken cancellation)
    {
        GrpcMetadata? headers = null, trailers = null;
        var options = Soon with
        {
            Metadata = new GrpcMetadata { { "x-in", "v" }, { "x-in-bin", [1, 255] } },
            OnHeaders = received => headers = received,
            OnTrailers = received => trailers = received,
        };
        var reply = await _client.UnaryAsync(Say, new EchoRequest(), options, cancellation);
        Assert.That(reply.Seen["x-in"], Is.EqualTo("v"));
        Assert.That(reply.Seen["x-in-bin"], Is.EqualTo("01FF"));
        Assert.That(headers!.Text("x-out"), Is.EqualTo("v!"));
        Assert.That(trailers!.Text("x-trail"), Is.EqualTo("t"));
        Assert.That(trailers!.Binary("x-trail-bin"), Is.EqualTo(new byte[] { 9, 8, 7 }));
        Assert.That(trailers, Has.Exactly(2).Items, "what belongs to the protocol is not metadata");
    }

    [TestCase("X-Upper", "v"), TestCase("grpc-status", "0"), TestCase("x-in-bin", "text"), TestCase("x", "é"), TestCase("x", "a\nb"), TestCase("te", "v")]
    public async Task Metadata_that_the_protocol_forbids_is_refused(string key, string text) =>
        Assert.That(() => new GrpcMetadata { { key, text } }, Throws.ArgumentException);

    [Test]
    public async Task Every_status_travels_with_its_detail_and_trailers([Range(1, 16)] int code)
    {
        var failure = await Failure(() => _client.UnaryAsync(Say, new EchoRequest { FailWith = code }, Soon, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo((GrpcStatus)code));
        Assert.That(failure.Detail, Is.EqualTo(EchoServer.FailureDetail));
        Assert.That(failure.Trailers.Text("x-why"), Is.EqualTo("because"));
        Assert.That(failure.NotSent, Is.False);
    }

    [Test]
    public async Task A_handler_that_throws_answers_unknown_and_tells_nothing()
    {
        var failure = await Failure(() => _client.UnaryAsync(Say, new EchoRequest { FailWith = 99 }, Soon, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.Unknown));
        Assert.That(failure.Detail, Does.Not.Contain("secret"));
    }

    [Test]
    public async Task A_stream_that_fails_gives_what_came_before()
    {
        var replies = new List<string>();
        var failure = await Failure(async () =>
        {
            await foreach (var reply in _client.ServerStreamingAsync(Count, new CountRequest { N = 10, FailAt = 3 }, Soon, CancellationToken.None))
                replies.Add(reply.Text);
        });
        Assert.That(replies, Is.EqualTo(["0", "1", "2"]));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.DataLoss));
    }

    [Test]
    public async Task A_client_stream_is_not_read_on_after_the_server_has_refused_it([Values] bool duplex)
    {
        var failure = await Failure(() => duplex
            ? _client.DuplexAsync(Chat, Endless(failAt: 20), Soon, CancellationToken.None).CountAsync().AsTask()
            : _client.ClientStreamingAsync(Collect, Endless(failAt: 20), Soon, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.FailedPrecondition));
    }

    [Test]
    public async Task What_the_stream_of_requests_throws_is_thrown_as_it_is()
    {
        static async IAsyncEnumerable<EchoRequest> Broken()
        {
            yield return new EchoRequest();
            await Task.Yield();
            throw new InvalidTimeZoneException("ours");
        }

        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => _client.ClientStreamingAsync(Collect, Broken(), Soon, CancellationToken.None));
    }

    [Test]
    public async Task A_deadline_ends_the_call_on_both_sides()
    {
        await using var server = await EchoServer.StartAsync();
        using var client = new GrpcClient(server.Address, Large);
        await client.UnaryAsync(Say, new EchoRequest(), Soon, CancellationToken.None);
        var watch = Stopwatch.StartNew();
        var halfSecond = GrpcCallOptions.Within(TimeSpan.FromMilliseconds(500));
        var failure = await Failure(() => client.UnaryAsync(Say, new EchoRequest { Wait = true }, halfSecond, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.DeadlineExceeded));
        Assert.That(watch.Elapsed, Is.InRange(TimeSpan.FromMilliseconds(450), TimeSpan.FromSeconds(5)));
        Assert.That(() => server.Ended, Is.EqualTo(["cancelled"]).After(5_000, 10));
    }

    [Test]
    public async Task A_call_whose_time_is_over_fails_at_once([Values(0, -1, -60_000)] int milliseconds)
    {
        var options = GrpcCallOptions.Within(TimeSpan.FromMilliseconds(milliseconds));
        var failure = await Failure(() => _client.UnaryAsync(Say, new EchoRequest(), options, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.DeadlineExceeded));
    }

    [Test, CancelAfter(30_000)]
    public async Task A_handler_knows_how_long_its_caller_waits(CancellationToken cancellation)
    {
        var reply = await _client.UnaryAsync(Say, new EchoRequest(), GrpcCallOptions.Within(TimeSpan.FromMinutes(30)), cancellation);
        var left = TimeSpan.FromMilliseconds(double.Parse(reply.Seen["left-ms"], CultureInfo.InvariantCulture));
        Assert.That(left, Is.InRange(TimeSpan.FromMinutes(29), TimeSpan.FromMinutes(30)));
        var endless = await _client.UnaryAsync(Say, new EchoRequest(), new GrpcCallOptions { Timeout = null }, cancellation);
        Assert.That(endless.Seen.Keys, Has.No.Member("left-ms"));
    }

    [Test]
    public async Task A_caller_that_cancels_stops_the_handler()
    {
        await using var server = await EchoServer.StartAsync();
        using var client = new GrpcClient(server.Address, Large);
        using var source = new CancellationTokenSource();
        var call = client.UnaryAsync(Say, new EchoRequest { Wait = true }, Soon, source.Token);
        await server.Waiting.WaitAsync(TimeSpan.FromSeconds(10));
        await source.CancelAsync();
        Assert.That(async () => await call, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => server.Ended, Is.EqualTo(["cancelled"]).After(5_000, 10));
    }

    [Test]
    public async Task A_reader_that_stops_early_stops_the_stream()
    {
        await using var server = await EchoServer.StartAsync();
        using var client = new GrpcClient(server.Address, Large);
        var first = await client.ServerStreamingAsync(Count, new CountRequest { N = int.MaxValue }, Soon, CancellationToken.None)
            .Take(3).CountAsync();
        Assert.That(first, Is.EqualTo(3));
        Assert.That(() => server.Ended, Is.EqualTo(["cancelled"]).After(5_000, 10));
    }

    [Test, CancelAfter(30_000)]
    public async Task Large_messages_travel_both_ways([Values] bool gzip, CancellationToken cancellation)
    {
        using var client = new GrpcClient(_server.Address, Large with { GzipFromBytes = gzip ? 1_024 : int.MaxValue });
        var bytes = new byte[10 << 20];
        new Random(1).NextBytes(bytes.AsSpan(0, 4 << 20));
        var reply = await client.UnaryAsync(Say, new EchoRequest { Blob = ByteString.CopyFrom(bytes) }, Soon, cancellation);
        Assert.That(reply.Blob.Span.SequenceEqual(bytes));
    }

    [Test]
    public async Task A_request_over_the_servers_limit_is_refused_and_the_connection_stays_usable([Values] bool gzip)
    {
        using var client = new GrpcClient(_server.Address, Large with { GzipFromBytes = gzip ? 1_024 : int.MaxValue });
        var request = new EchoRequest { Blob = ByteString.CopyFrom(new byte[EchoServer.MessageBytesMax + 1]) };
        var failure = await Failure(() => client.UnaryAsync(Say, request, Soon, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.ResourceExhausted), failure.ToString());
        Assert.That(async () => (await client.UnaryAsync(Say, new EchoRequest { Text = "on" }, Soon, CancellationToken.None)).Text, Is.EqualTo("on"));
    }

    [Test]
    public async Task A_request_or_response_over_the_clients_limit_is_refused()
    {
        var request = new EchoRequest { Blob = ByteString.CopyFrom(new byte[2_000]) };
        using var sender = new GrpcClient(_server.Address, Large with { SentMessageBytesMax = 1_000 });
        var unsent = await Failure(async () => await sender.UnaryAsync(Say, request, Soon, CancellationToken.None));
        Assert.That(unsent.Status, Is.EqualTo(GrpcStatus.ResourceExhausted));
        using var receiver = new GrpcClient(_server.Address, Large with { ReceivedMessageBytesMax = 1_000 });
        var unread = await Failure(() => receiver.UnaryAsync(Say, request, Soon, CancellationToken.None));
        Assert.That(unread.Status, Is.EqualTo(GrpcStatus.ResourceExhausted));
    }

    [Test]
    public async Task A_method_without_a_handler_is_unimplemented()
    {
        var failure = await Failure(() => _client.UnaryAsync(Unbound, new EchoRequest(), Soon, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.Unimplemented));
    }

    [TestCase(null, GrpcStatus.Unauthenticated), TestCase("other", GrpcStatus.PermissionDenied)]
    public async Task A_guard_refuses_a_call_before_its_handler(string? key, GrpcStatus expected)
    {
        var options = key is null ? Soon : Soon with { Metadata = new GrpcMetadata { { "x-api-key", key } } };
        Assert.That((await Failure(() => _client.UnaryAsync(Closed, new EchoRequest(), options, CancellationToken.None))).Status, Is.EqualTo(expected));
    }

    [Test, CancelAfter(30_000)]
    public async Task A_guard_lets_a_call_pass_and_names_its_user(CancellationToken cancellation)
    {
        using var client = new GrpcClient(_server.Address, new GrpcClientOptions { Metadata = new GrpcMetadata { { "x-api-key", "partner" } } });
        var reply = await client.UnaryAsync(Closed, new EchoRequest { Text = "in" }, Soon, cancellation);
        Assert.That(reply.Text, Is.EqualTo("partner: in"));
    }

    [Test]
    public async Task A_server_that_is_not_there_has_provably_not_seen_the_call()
    {
        // Port 1 is reserved and nobody listens there.
        using var client = new GrpcClient(new Uri("http://127.0.0.1:1"), Large);
        var failure = await Failure(() => client.UnaryAsync(Say, new EchoRequest(), Soon, CancellationToken.None));
        Assert.That(failure.Status, Is.EqualTo(GrpcStatus.Unavailable));
        Assert.That(failure.NotSent, Is.True);
    }

    [Test, CancelAfter(30_000)]
    public async Task Calls_travel_over_tls(CancellationToken cancellation)
    {
        await using var server = await EchoServer.StartAsync(tls: true);
        using var transport = server.NewTrustingTransport();
        using var client = new GrpcClient(server.Address, Large with { Transport = transport });
        var reply = await client.UnaryAsync(Say, new EchoRequest { Text = "sealed" }, Soon, cancellation);
        Assert.That(reply.Text, Is.EqualTo("sealed"));
        using var distrusting = new GrpcClient(server.Address, Large);
        Assert.That((await Failure(() => distrusting.UnaryAsync(Say, new EchoRequest(), Soon, cancellation))).NotSent, Is.True);
    }

    [Test]
    public void Handlers_are_checked_against_the_contract_when_they_are_bound()
    {
        var service = new GrpcService(Service);
        Assert.That(() => service.Unary<EchoRequest, EchoReply>("Nope", (_, _, _) => null!), Throws.ArgumentException);
        Assert.That(() => service.Unary<CountRequest, EchoReply>("Say", (_, _, _) => null!), Throws.ArgumentException);
        Assert.That(() => service.ServerStreaming<EchoRequest, EchoReply>("Say", (_, _, _) => null!), Throws.ArgumentException);
        Assert.That(() => _client.DuplexAsync(Say, Requests(0), Soon, CancellationToken.None), Throws.ArgumentException);
    }

    private static async IAsyncEnumerable<EchoRequest> Requests(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return new EchoRequest { Text = "ab" };
        }
    }

    private static async IAsyncEnumerable<EchoRequest> Endless(int failAt, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (var i = 0; i < failAt; i++)
            yield return new EchoRequest { Text = "ab" };
        yield return new EchoRequest { FailWith = (int)GrpcStatus.FailedPrecondition };

        // Nothing more comes: only the end of the call wakes this up.
        await Task.Delay(Timeout.Infinite, cancellation);
    }
}
