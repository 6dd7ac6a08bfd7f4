using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Patron.Testing;
using static Patron.Services.Tests.Tagging.TaggedHost;
using Contract = Patron.Contracts.Tagging.V1;

namespace Patron.Services.Tests.Tagging;

/// <summary>Tags that people give by hand and with files.</summary>
[CancelAfter(120_000)]
internal sealed class AssignmentTests
{
    private const string Student = "demographics/life-stage/student";
    private const string Parent = "demographics/life-stage/parent";
    private const string Styling = "content/topics/styling";

    private static readonly Topic Profile = new(Topics.Profile);

    [Test]
    public async Task A_tag_by_hand_says_who_gave_it_why_and_until_when_and_a_retry_changes_nothing(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        for (var i = 0; i < 2; i++)
            (await host.TagAsync(Anna, Student, """{ "reason": "told us in the shop", "until": "2024-07-01T00:00:00Z" }""")).MustBe(HttpStatusCode.OK);
        await host.DrainAsync(cancellation);

        var given = await host.AssignmentAsync(Anna, Student);
        Assert.That(
            (Text(given, "giver"), Text(given, "by"), Text(given, "given"), Text(given, "reason"), Time(given, "since"), Time(given, "until")),
            Is.EqualTo(("Person", "test", "given by hand by test", "told us in the shop", TestHost.Start, new DateTimeOffset(2024, 7, 1, 0, 0, 0, default))));
        var facts = await host.ReadTopicAsync(new Topic(Topics.Tagging), cancellation);
        var added = Contract.TagAdded.Parser.ParseFrom(facts.Single().Record.Value!.Value.Span);
        Assert.That((added.Tag, added.Giver, added.Rule, added.Until.ToDateTimeOffset()), Is.EqualTo((Student, "person", "", Time(given, "until"))));

        await host.TagAsync(Anna, Parent);
        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { Parent }), "The branch is single-choice");
        (await host.SendAsync(HttpMethod.Delete, $"/v1/tagging/customers/{Anna}/tags/{Parent}?reason=a%20mistake")).MustBe(HttpStatusCode.OK);
        (await host.SendAsync(HttpMethod.Delete, $"/v1/tagging/customers/{Anna}/tags/{Parent}?reason=a%20mistake")).MustBe(HttpStatusCode.OK);
        Assert.That(await host.TagIdsAsync(Anna), Is.Empty);
        Assert.That((await host.TimelineAsync(Anna)).Select(line => (line.What, line.Why)), Is.EqualTo(new[]
        {
            ($"Tagged {Student}", "told us in the shop (given by hand by test)"),
            ($"Tag {Student} removed", $"replaced by {Parent}"),
            ($"Tagged {Parent}", "given by hand by test"),
            ($"Tag {Parent} removed", "taken away by test: a mistake"),
        }));
    }

    [Test]
    public async Task What_cannot_be_given_is_refused(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var unknown = await host.TagAsync(Anna, "content/topics/none");
        unknown.MustBe(HttpStatusCode.NotFound);
        Assert.That(unknown.Answer.Code(), Is.EqualTo("no-such-tag"));
        (await host.TagAsync(Anna, "content/topics")).MustBe(HttpStatusCode.NotFound);
        var past = await host.TagAsync(Anna, Student, """{ "until": "2020-01-01T00:00:00Z", "who": "me" }""");
        past.MustBe(HttpStatusCode.BadRequest);
        Assert.That(past.Answer.Faults(), Is.EquivalentTo(new[] { "/until", "/who" }));
        using var nobody = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var put = await nobody.PutAsync(new Uri($"/v1/tagging/customers/{Anna}/tags/{Student}", UriKind.Relative), null, cancellation);
        Assert.That(put.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task A_tag_with_an_expiry_ends_by_itself_and_later_when_it_is_given_again(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var host = await StartAsync(cancellation, database))
        {
            (await host.NodeAsync(Styling, """{ "kind": "tag", "parent": "content/topics", "names": { "en": "Styling" }, "expiresAfterDays": 7 }"""))
                .MustBe(HttpStatusCode.OK);
            await host.TagAsync(Anna, Styling);
            await host.TagAsync(Ben, Styling);
            await host.AdvanceToAsync(TestHost.Start.AddDays(3), cancellation);
            await host.TagAsync(Ben, Styling);
            await host.AdvanceToAsync(TestHost.Start.AddDays(7), cancellation);
            Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { Styling }), "The last day is whole");
            await host.AdvanceToAsync(TestHost.Start.AddDays(8), cancellation);
            Assert.That(await host.TagIdsAsync(Anna), Is.Empty);
            var end = (await host.TimelineAsync(Anna))[^1];
            Assert.That((end.What, end.Why, end.Time), Is.EqualTo(
                ($"Tag {Styling} removed", "it had come to its end", new DateTimeOffset(2024, 1, 18, 0, 0, 0, default))));
            Assert.That(Time(await host.AssignmentAsync(Ben, Styling), "until"), Is.EqualTo(new DateTimeOffset(2024, 1, 21, 0, 0, 0, default)));
            Assert.That(Time(await host.AssignmentAsync(Ben, Styling), "since"), Is.EqualTo(TestHost.Start));
        }

        await using var again = await TestHost.StartAsync(
            builder => Patron.Tagging.Module.AddTagging(builder), app => Patron.Tagging.Module.MapTagging(app), cancellation, database,
            start: TestHost.Start.AddDays(20));
        await again.DrainAsync(cancellation);
        Assert.That(await again.TagIdsAsync(Ben), Is.Empty, "What was due while the service was down ends when it is back");
    }

    [Test]
    public async Task An_erased_customer_loses_all_tags_and_gets_no_more(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await host.TagAsync(Anna, Student);
        await host.PublishAsync(Profile, "profile", Anna, new CustomerErased(), cancellation);
        await host.DrainAsync(cancellation);
        Assert.That(await host.TagIdsAsync(Anna), Is.Empty);
        (await host.TagAsync(Anna, Student)).MustBe(HttpStatusCode.Gone);
        Assert.That(await CountAsync(host, "select count(*) from tag_holder"), Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_file_gives_and_takes_tags_names_each_wrong_row_and_can_be_sent_again(bool csv)
    {
        var rows = new (string Customer, string Tag, string Action, string Until)[]
        {
            ($"{Anna}", Styling, "", ""), ($"{Ben}", Styling, "add", "2024-03-01T00:00:00Z"), ("anna", Styling, "", ""), ($"{Ben}", "content/none", "", ""),
            ($"{Ben}", Styling, "paint", ""), ($"{Ben}", Styling, "", "2023-01-01"), ($"{Ben}", Student, "remove", ""),
        };
        var file = csv
            ? "customer,tag,action,reason,until\n"
                + string.Concat(rows.Select(row => $"{row.Customer},{row.Tag},{row.Action},\"seen, at the fair\",{row.Until}\n"))
            : string.Concat(rows.Select(Json));
        await using var host = await StartAsync(CancellationToken.None);
        await host.TagAsync(Ben, Student);

        var first = await ImportAsync(host, file, csv);
        await host.AdvanceToAsync(TestHost.Start.AddDays(2), CancellationToken.None);
        var second = await ImportAsync(host, file, csv);

        Assert.That(Counts(first), Is.EqualTo((7, 3, 0, 4)));
        var header = csv ? 1 : 0;
        Assert.That(
            first.GetProperty("errors").EnumerateArray().Select(error => (error.GetProperty("row").GetInt32(), Text(error, "column"))),
            Is.EqualTo(new[] { (3 + header, "customer"), (4 + header, "tag"), (5 + header, "action"), (6 + header, "until") }));
        Assert.That(Counts(second), Is.EqualTo((7, 0, 3, 4)), "Nothing twice, and nothing prolonged");
        var given = await host.AssignmentAsync(Anna, Styling);
        Assert.That(
            (Text(given, "giver"), Text(given, "by"), Text(given, "reason"), Time(given, "until")),
            Is.EqualTo(("Import", "fair.csv", "seen, at the fair", new DateTimeOffset(2024, 7, 9, 0, 0, 0, default))));
        Assert.That(await host.TagIdsAsync(Ben), Is.EqualTo(new[] { Styling }));

        static string Json((string Customer, string Tag, string Action, string Until) row) => JsonSerializer.Serialize(new
        {
            customer = row.Customer,
            tag = row.Tag,
            action = row.Action.Length == 0 ? null : row.Action,
            reason = "seen, at the fair",
            until = row.Until.Length == 0 ? null : row.Until,
        }) + "\n";
    }

    [Test]
    public async Task Ten_thousand_rows_go_in_with_few_transactions(CancellationToken cancellation)
    {
        var random = new Random(5);
        var file = new StringBuilder("customer,tag\n");
        for (var i = 0; i < 10_000; i++)
            file.Append(CultureInfo.InvariantCulture, $"{Rows.Id(random)},{Styling}\n");
        await using var host = await StartAsync(cancellation);

        Assert.That(Counts(await ImportAsync(host, file.ToString(), csv: true)), Is.EqualTo((10_000, 10_000, 0, 0)));

        Assert.That(await CountAsync(host, "select sum(held)::bigint from tag_count"), Is.EqualTo(10_000));
        Assert.That(await CountAsync(host, "select count(distinct xmin::text) from events"), Is.LessThan(500), "Rows of one transaction have one number");
    }

    [TestCase("customer;tag\n", "text/csv")]
    [TestCase("customer,tag,name\n", "text/csv")]
    public async Task A_file_with_another_header_is_refused_whole(string file, string type)
    {
        await using var host = await StartAsync(CancellationToken.None);
        (await host.SendAsync(HttpMethod.Post, "/v1/tagging/assignments?file=a.csv", file, type)).MustBe(HttpStatusCode.BadRequest);
        (await host.SendAsync(HttpMethod.Post, "/v1/tagging/assignments", file, type)).MustBe(HttpStatusCode.BadRequest);
        (await host.SendAsync(HttpMethod.Post, "/v1/tagging/assignments?file=a.csv", file, "text/plain")).MustBe(HttpStatusCode.UnsupportedMediaType);
    }

    private static async Task<JsonElement> ImportAsync(TestHost host, string file, bool csv)
    {
        var answer = await host.SendAsync(HttpMethod.Post, "/v1/tagging/assignments?file=fair.csv", file, csv ? "text/csv" : "application/x-ndjson");
        answer.MustBe(HttpStatusCode.OK);
        return answer.Answer;
    }

    private static (long Rows, long Changed, long Unchanged, long Failed) Counts(JsonElement answer) => (
        answer.GetProperty("rows").GetInt64(), answer.GetProperty("changed").GetInt64(), answer.GetProperty("unchanged").GetInt64(),
        answer.GetProperty("failed").GetInt64());

    private static async Task<long> CountAsync(TestHost host, string sql)
    {
        await using var command = host.Service("tagging").Database.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return row.GetInt64(0);
    }

    private static string Text(JsonElement of, string field) => of.GetProperty(field).GetString()!;

    private static DateTimeOffset Time(JsonElement of, string field) => of.GetProperty(field).GetDateTimeOffset();
}
