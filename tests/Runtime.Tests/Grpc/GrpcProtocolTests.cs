using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Globalization;
using System.Net;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Runtime.Tests.Grpc.Messages;

namespace Patron.Runtime.Tests.Grpc;

/// <summary>What a peer sees on the wire, with requests made by hand.</summary>
[TestFixture]
public sealed class GrpcProtocolTests
{
    private EchoServer _server = null!;
    private HttpClient _http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await EchoServer.StartAsync();
        _http = new HttpClient { BaseAddress = _server.Address };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [TestCase("application/json"), TestCase("application/grpc-web"), TestCase("application/grpc+json"), TestCase("application/grpcx")]
    public async Task What_is_not_grpc_is_an_unsupported_media_type(string type)
    {
        using var response = await SendAsync("Say", Frame(new EchoRequest()), type: type);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [TestCase("application/grpc"), TestCase("application/grpc+proto"), TestCase("application/grpc; charset=utf-8")]
    public async Task A_success_has_its_status_in_the_trailers(string type)
    {
        using var response = await SendAsync("Say", Frame(new EchoRequest { Text = "x" }), type: type);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.That(response.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/grpc"));
        Assert.That(EchoReply.Parser.ParseFrom(body.AsSpan(5)).Text, Is.EqualTo("x"));
        Assert.That(response.TrailingHeaders.GetValues("grpc-status"), Is.EqualTo(["0"]));
        Assert.That(response.Headers.Contains("grpc-status"), Is.False);
    }

    [Test]
    public async Task A_failure_without_messages_is_headers_only_with_an_encoded_detail()
    {
        using var response = await SendAsync("Say", Frame(new EchoRequest { FailWith = 9 }));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(response.Headers.GetValues("grpc-status"), Is.EqualTo(["9"]));
        Assert.That(response.Headers.GetValues("grpc-message"), Is.EqualTo(["why: %C3%BCn%C3%AF 100%25%0Anext"]));
        Assert.That(response.Headers.GetValues("x-why"), Is.EqualTo(["because"]));
        Assert.That(await response.Content.ReadAsByteArrayAsync(), Is.Empty);
        Assert.That(response.TrailingHeaders, Is.Empty);
    }

    [TestCase("", 13, TestName = "A_missing_message_is_an_internal_error")]
    [TestCase("00000000", 13, TestName = "A_cut_head_is_an_internal_error")]
    [TestCase("0000000005AABB", 13, TestName = "A_cut_message_is_an_internal_error")]
    [TestCase("0200000000", 13, TestName = "A_flag_that_does_not_exist_is_an_internal_error")]
    [TestCase("0100000000", 13, TestName = "A_compressed_message_without_an_encoding_is_an_internal_error")]
    [TestCase("00000000000000000000", 13, TestName = "A_second_message_of_a_unary_call_is_an_internal_error")]
    [TestCase("00000000020AFF", 13, TestName = "A_message_that_is_not_protobuf_is_an_internal_error")]
    [TestCase("00FFFFFFFF", 8, TestName = "A_length_over_the_limit_is_refused_before_its_bytes_come")]
    [TestCase("0001000001", 8, TestName = "A_length_one_over_the_limit_is_refused")]
    public async Task A_malformed_request_is_refused(string hex, int status)
    {
        using var response = await SendAsync("Say", Convert.FromHexString(hex));
        Assert.That(Status(response), Is.EqualTo(status));
    }

    [TestCase("gzip", 13, TestName = "What_is_not_gzip_is_an_internal_error"), TestCase("deflate", 12, TestName = "An_unknown_encoding_is_unimplemented")]
    public async Task A_wrong_compression_is_refused(string encoding, int status)
    {
        using var response = await SendAsync("Say", [1, 0, 0, 0, 3, 1, 2, 3], header: ("grpc-encoding", encoding));
        Assert.That(Status(response), Is.EqualTo(status));
        Assert.That(response.Headers.GetValues("grpc-accept-encoding"), Is.EqualTo(["identity,gzip"]));
    }

    [TestCase("1", 13), TestCase("m", 13), TestCase("123456789m", 13), TestCase("5x", 13), TestCase("-5m", 13), TestCase("0m", 4), TestCase("1n", 4),
     TestCase("99999999H", 0), TestCase("20S", 0), TestCase("1M", 0), TestCase("20000000u", 0)]
    public async Task A_timeout_is_digits_and_a_unit(string timeout, int status)
    {
        using var response = await SendAsync("Say", Frame(new EchoRequest { Wait = status == 4 }), header: ("grpc-timeout", timeout));
        Assert.That(Status(response), Is.EqualTo(status));
    }

    [TestCase("gzip", true), TestCase("identity, gzip", true), TestCase("identity", false), TestCase("deflate", false)]
    public async Task An_answer_is_compressed_for_a_client_that_accepts_it(string accepted, bool compressed)
    {
        var request = new EchoRequest { Blob = ByteString.CopyFrom(new byte[5_000]) };
        using var response = await SendAsync("Say", Frame(request), header: ("grpc-accept-encoding", accepted));
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.That(body[0], Is.EqualTo(compressed ? 1 : 0));
        Assert.That(body, compressed ? Has.Length.LessThan(1_000) : Has.Length.GreaterThan(5_000));
        Assert.That(response.Headers.Contains("grpc-encoding"), Is.EqualTo(compressed));
    }

    [Test]
    public async Task A_method_that_the_service_does_not_have_is_unimplemented()
    {
        using var response = await SendAsync("Nope", Frame(new EchoRequest()));
        Assert.That(Status(response), Is.EqualTo(12));
    }

    [Test]
    public async Task Metadata_that_is_not_base64_is_an_invalid_argument()
    {
        using var response = await SendAsync("Say", Frame(new EchoRequest()), header: ("x-in-bin", "!!"));
        Assert.That(Status(response), Is.EqualTo(3));
    }

    [Test]
    public async Task Grpc_over_http_1_1_must_be_upgraded()
    {
        await using var server = await EchoServer.StartAsync(tls: true);
        using var http = new HttpClient(server.NewTrustingTransport()) { BaseAddress = server.Address };
        using var request = NewRequest("Say", Frame(new EchoRequest()));
        (request.Version, request.VersionPolicy) = (HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact);
        using var response = await http.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.UpgradeRequired));
    }

    private static byte[] Frame(EchoRequest message)
    {
        var frame = new byte[5 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.CalculateSize());
        message.WriteTo(frame.AsSpan(5));
        return frame;
    }

    private static int Status(HttpResponseMessage response)
    {
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        var headers = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return int.Parse(headers.GetValues("grpc-status").Single(), CultureInfo.InvariantCulture);
    }

    private static HttpRequestMessage NewRequest(string method, byte[] body, string type = "application/grpc", (string Name, string Value)? header = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/patron.echo.v1.EchoService/{method}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        request.Headers.TryAddWithoutValidation("te", "trailers");
        if (header is { } extra)
            request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(string method, byte[] body, string type = "application/grpc", (string Name, string Value)? header = null)
    {
        using var request = NewRequest(method, body, type, header);
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        return await _http.SendAsync(request);
    }
}
