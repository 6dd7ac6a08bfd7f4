using System.Globalization;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Npgsql;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventStore;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation;

/// <summary>The history of sizes, and the export of members, through the public face.</summary>
internal sealed class SizeHistoryTests
{
    private const int PagedMembers = 100_000;
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Sizes_by_day_are_those_of_the_events_and_a_rebuild_tells_the_same()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await BuyAsync(host, facts, 1, 2, 3);
        await host.AdvanceToAsync(TestHost.Start.AddDays(10), CancellationToken.None);
        await BuyAsync(host, facts, 3, 4);

        await host.AdvanceToAsync(TestHost.Start.AddDays(92), CancellationToken.None);
        var history = await host.AskAsync("segments/active/history?from=2024-01-09&to=2024-04-11");

        var days = Days(history);
        Assert.That(days, Has.Count.EqualTo(94));
        Assert.That(
            days.Where(day => day.Value.Enters + day.Value.Leaves > 0).Select(day => $"{day.Key}: {day.Value}"),
            Is.EqualTo(new[] { "2024-01-10: (3, 3, 0)", "2024-01-20: (4, 1, 0)", "2024-04-10: (2, 0, 2)" }));
        Assert.That((days["2024-01-09"].Size, days["2024-03-01"].Size, days["2024-04-11"].Size), Is.EqualTo((0L, 4L, 2L)));
        var size = (await host.AskAsync("segments")).EnumerateArray().Single(one => one.GetProperty("name").GetString() == "active").GetProperty("size");
        Assert.That(size.GetInt64(), Is.EqualTo(days["2024-04-11"].Size));

        await host.Service("segmentation").RebuildAsync(SizeHistory.Name, CancellationToken.None);
        await host.DrainAsync(CancellationToken.None);
        Assert.That((await host.AskAsync("segments/active/history?from=2024-01-09&to=2024-04-11")).GetRawText(), Is.EqualTo(history.GetRawText()));
        Assert.That(Days(await host.AskAsync("segments/active/history")), Has.Count.EqualTo(90), "without days, the last ninety");
    }

    [Test]
    public async Task Days_that_make_no_sense_are_refused_by_name()
    {
        await using var host = await StartAsync();
        foreach (var (days, wrong) in new (string, string[])[]
        {
            ("from=yesterday&to=2024-01-11", ["from", "to"]), ("from=2024-01-05&to=2024-01-04", ["from"]), ("from=1999-01-05", ["from"]),
        })
            Assert.That(SegmentHttp.Pointers((await host.TryAsync($"segments/active/history?{days}")).Answer), Is.EquivalentTo(wrong), days);
        Assert.That((await host.TryAsync("segments/nobody/history")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Members_are_exported_as_csv_and_ndjson()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await BuyAsync(host, facts, 1, 2, 3);

        var csv = await host.Http.GetStringAsync("/v1/segmentation/segments/active/export");
        Assert.That(csv.Split('\n')[0], Is.EqualTo("customer,since"));
        Assert.That(csv.TrimEnd().Split('\n').Skip(1), Is.EquivalentTo(new[] { 1, 2, 3 }.Select(number => $"{Customer(number)},2024-01-10T09:00:00Z")));
        var lines = (await host.Http.GetStringAsync("/v1/segmentation/segments/active/export?format=ndjson")).TrimEnd().Split('\n');
        Assert.That(lines.Select(line => JsonElement.Parse(line).GetProperty("customer").GetGuid()), Is.EquivalentTo(new[] { 1, 2, 3 }.Select(Customer)));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("segments/active/export?format=xml")).Answer), Is.EqualTo(new[] { "format" }));
        Assert.That((await host.TryAsync("segments/nobody/export")).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task An_export_has_everybody_who_stays_once_while_others_come_and_go()
    {
        await using var host = await StartAsync();
        var rows = host.Service("segmentation").Database;
        await ExecuteAsync(rows, $"""
            insert into segment_member select n % 8, ('0b6f7a52-5f0e-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'active', now()
            from generate_series(1, {PagedMembers}) n
            """);

        using var answer = await host.Http.GetAsync(
            new Uri("/v1/segmentation/segments/active/export", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var seen = new Dictionary<Guid, int>();
        await lines.ReadLineAsync();
        while (await lines.ReadLineAsync() is { } line)
        {
            var customer = new Guid(line[..36]);
            seen[customer] = seen.GetValueOrDefault(customer) + 1;
            if (seen.Count != 1_000)
                continue;
            await ExecuteAsync(rows, "delete from segment_member where ('x' || right(customer::text, 2))::bit(8)::int % 16 = 3");
            await ExecuteAsync(rows, $"""
                insert into segment_member select n % 8, ('0b6f7a52-5f0e-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'active', now()
                from generate_series({PagedMembers + 1}, {PagedMembers + 5_000}) n
                """);
        }

        Assert.That(seen.Values, Is.All.EqualTo(1));
        var stay = Enumerable.Range(1, PagedMembers).Where(number => number % 16 != 3).Select(Customer).ToList();
        Assert.That(stay.Count(seen.ContainsKey), Is.EqualTo(stay.Count));
    }

    private static Dictionary<string, (long Size, long Enters, long Leaves)> Days(JsonElement history) =>
        history.GetProperty("days").EnumerateArray().ToDictionary(
            day => day.GetProperty("day").GetString()!,
            day => (day.GetProperty("size").GetInt64(), day.GetProperty("enters").GetInt64(), day.GetProperty("leaves").GetInt64()));

    private static async Task BuyAsync(TestHost host, FactWriter facts, params int[] customers)
    {
        await facts.WriteAsync(host, Topics.Profile, [.. customers.Select(number =>
            (Customer(number), (IMessage)Receipt.Of(host.Clock.GetUtcNow(), Channel.Pos, Receipt.Sale(20_00))))]);
        await host.DrainAsync(CancellationToken.None);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static Guid Customer(int number) => new($"0b6f7a52-5f0e-7000-8000-{number:x12}");

    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), CancellationToken.None, database);
}
