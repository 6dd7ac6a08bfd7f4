using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class ProblemTests
{
    private TestHost _host = null!;

    [OneTimeSetUp]
    public async Task Start() => _host = await TestHost.StartAsync(
        app =>
        {
            var open = app.MapGroup("").AllowPublic("test");
            open.MapGet("/fault", string () => throw new InvalidOperationException("the password is hunter2"));
            open.MapGet("/refused", () => new VersionConflict(3, 4).ToProblem());
            open.MapGet("/count", (int count) => count);
            open.MapPost("/orders", (Order order) => order.Lines.Count);
            open.MapPost("/raw", async (HttpRequest request) =>
            {
                using var reader = new StreamReader(request.Body);
                return (await reader.ReadToEndAsync()).Length;
            });
        },
        settings: "--Http:BodyBytesMax=2048");

    [OneTimeTearDown]
    public async Task Stop() => await _host.DisposeAsync();

    [Test]
    public async Task A_fault_says_nothing_of_the_inside_and_has_the_trace_id()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var request = new HttpRequestMessage(HttpMethod.Get, "/fault") { Headers = { { "traceparent", $"00-{trace}-b7ad6b7169203331-01" } } };
        var problem = await _host.ProblemAsync(request, 500);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem["type"]!.GetValue<string>(), Is.EqualTo("https://patron.example/problems/internal-error"));
            Assert.That(problem["traceId"]!.GetValue<string>(), Is.EqualTo(trace));
            Assert.That(problem.ToJsonString(), Does.Not.Contain("hunter2").And.Not.Contain("InvalidOperation"));
        }
    }

    [Test]
    public async Task A_refusal_keeps_its_code_and_detail()
    {
        var problem = await _host.ProblemAsync(HttpMethod.Get, "/refused", 409);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem["type"]!.GetValue<string>(), Is.EqualTo(Problem.TypeBase + "version-conflict"));
            Assert.That(problem["title"]!.GetValue<string>(), Is.EqualTo("Version conflict"));
            Assert.That(problem["detail"]!.GetValue<string>(), Does.Contain("version 4, not 3"));
        }
    }

    [TestCase("GET", "/nowhere", 404, "not-found")]
    [TestCase("DELETE", "/orders", 405, "method-not-allowed")]
    [TestCase("GET", "/count?count=many", 400, "invalid-request")]
    public async Task Routing_and_binding_failures_are_problems(string method, string path, int status, string code)
    {
        var problem = await _host.ProblemAsync(new HttpMethod(method), path, status);
        Assert.That(problem["type"]!.GetValue<string>(), Is.EqualTo(Problem.TypeBase + code));
    }

    [Test]
    public async Task A_wrong_content_type_is_a_problem() =>
        await _host.ProblemAsync(new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = new StringContent("a,b", Encoding.UTF8, "text/csv") }, 415);

    [TestCase("""{"lines":[{"sku":"a","pence":1},{"sku":"b","pence":"SECRET"}]}""", "/lines/1/pence")]
    [TestCase("""{"lines":[{"sku":"a",""", "/lines/0/sku", TestName = "Half a body names the last field that it has")]
    [TestCase("""{"lines":[{"sku":"a"}]}""", "/lines/0")]
    public async Task A_wrong_body_names_the_field_and_does_not_repeat_its_value(string body, string pointer)
    {
        var problem = await _host.ProblemAsync(Post("/orders", body), 400);
        var errors = problem["errors"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(errors[0]!["pointer"]!.GetValue<string>(), Does.StartWith(pointer[..6]));
            Assert.That(errors[0]!["detail"]!.GetValue<string>(), Does.Contain("line 1"));
            Assert.That(problem.ToJsonString(), Does.Not.Contain("SECRET").And.Not.Contain("Int64"));
        }
    }

    [TestCase("/raw")]
    [TestCase("/orders")]
    public async Task A_body_over_the_limit_is_refused(string path)
    {
        var problem = await _host.ProblemAsync(Post(path, new string('x', 4096)), 413);
        Assert.That(problem["type"]!.GetValue<string>(), Is.EqualTo(Problem.TypeBase + "body-too-large"));
    }

    [Test]
    public async Task Wrong_fields_are_listed_up_to_a_bound()
    {
        await using var host = await TestHost.StartAsync(app => app.MapGet("/wrong", () =>
            Problem.Invalid([.. Enumerable.Range(0, 1000).Select(i => new FieldError($"/lines/{i}", "It must be there."))])).AllowPublic("test"));
        var problem = await host.ProblemAsync(HttpMethod.Get, "/wrong", 400);
        Assert.That(problem["errors"]!.AsArray(), Has.Count.EqualTo(Problem.ErrorsMax));
    }

    private static HttpRequestMessage Post(string path, string body) =>
        new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private sealed record Order(List<Line> Lines);

    private sealed record Line(string Sku)
    {
        public required long Pence { get; init; }
    }
}
