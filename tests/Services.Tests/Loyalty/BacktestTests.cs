using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Segmentation.V1;
using Patron.Loyalty;
using Patron.Runtime.Hosting;
using Patron.Services.Tests.Merges;
using Patron.Testing;
using Patron.Tool.Backtest;

namespace Patron.Services.Tests.Loyalty;

/// <summary>A changed programme over the stored history of a host, beside the live ledger.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class BacktestTests
{
    private static readonly ApiKey Key = ApiKey.Create();

    [Test]
    [CancelAfter(120_000)]
    public async Task The_programme_as_it_is_comes_to_exactly_the_live_figures_and_touches_nothing(
        [Values(1, 2, 3)] int seed, CancellationToken cancellation)
    {
        // One of the programmes lets points wait for the end of the return window.
        var windowDays = seed == 3 ? 20 : 0;
        var settings = await Till.ProgrammeAsync(programme => programme["returnWindowDays"] = windowDays, cancellation);
        await using var host = await StartAsync(cancellation, settings);
        await LiveAsync(host, new Random(seed), cancellation);
        var before = await ChecksumAsync(host, cancellation);
        var figures = await LedgerMergeTests.FiguresAsync(host, cancellation);
        string[] lively = ["points reversed", "points expired", "points redeemed", "points owed by members"];
        Assert.That(lively.Select(name => figures[name]), Is.All.Positive, "a life");

        var result = (await RunAsync(host, Document(100, windowDays: windowDays), "", cancellation))["result"]!;
        foreach (var side in new[] { result["asItWas"]!, result["changed"]! })
        {
            long[] run = [.. new[] { "issued", "reversed", "expired", "redeemed", "liability", "owed" }.Select(name => (long)side[name]!)];
            string[] names = ["points issued", "points reversed", "points expired", "points redeemed", "points outstanding", "points owed by members"];
            Assert.That(run, Is.EqualTo(names.Select(name => figures[name])), side.ToJsonString());
            var tiers = side["tiers"]!.AsArray().ToDictionary(tier => $"members in tier {(string)tier!["tier"]!}", tier => (long)tier!["members"]!);
            Assert.That(tiers, Is.EquivalentTo(figures.Where(figure => figure.Key.StartsWith("members in", StringComparison.Ordinal))));
            Assert.That((long)side["notRedeemable"]!, Is.Zero);
        }

        Assert.That((long)result["members"]!, Is.EqualTo(figures["members"]));
        Assert.That(await ChecksumAsync(host, cancellation), Is.EqualTo(before), "the live ledger is untouched");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_doubled_rate_costs_the_double_and_lower_thresholds_move_members_by_tier_and_segment(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var writer = new FactWriter();
        var (anna, bert) = (LedgerMergeTests.NewCustomer(), LedgerMergeTests.NewCustomer());
        await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 1, 40_000), People.Buys(bert, 2, 60_000), People.Buys(bert, 3, 10_000));
        foreach (var who in new[] { anna, bert })
            await writer.WriteAsync(host, Topics.Segmentation, [(who, new SegmentEntered { Segment = "champions" })]);
        await writer.WriteAsync(host, Topics.Segmentation, [(bert, new SegmentLeft { Segment = "champions" })]);
        await host.DrainAsync(cancellation);

        var doubled = (await RunAsync(host, Document(50), "", cancellation))["result"]!;
        Assert.That(((long)doubled["asItWas"]!["issued"]!, (long)doubled["changed"]!["issued"]!), Is.EqualTo((1_110L, 2_220L)), doubled.ToJsonString());
        Assert.That(((long)doubled["asItWas"]!["liability"]!, (long)doubled["changed"]!["liability"]!), Is.EqualTo((1_110L, 2_220L)));
        var segment = doubled["bySegment"]!.AsArray().Single()!;
        Assert.That(((string)segment["name"]!, (long)segment["members"]!, (long)segment["issuedChanged"]!), Is.EqualTo(("champions", 1L, 800L)));

        var lower = (await RunAsync(host, Document(100, silverFrom: 30_000, rules: """{ "id": "welcome", "bonusPoints": 25 }"""), "", cancellation))["result"]!;
        var moved = lower["tierMoves"]!.AsArray().Single(move => (string)move!["asItWas"]! != (string)move["changed"]!)!;
        Assert.That(((string)moved["asItWas"]!, (string)moved["changed"]!, (long)moved["members"]!), Is.EqualTo(("member", "silver", 1L)));
        Assert.That((long)lower["changed"]!["byRule"]![0]!["points"]!, Is.EqualTo(75));
        Assert.That(lower["byTier"]!.AsArray().Select(tier => ((string)tier!["name"]!, (long)tier["issuedAsItWas"]!, (long)tier["issuedChanged"]!)),
            Is.EqualTo(new[] { ("member", 400L, 425L), ("silver", 710L, 760L) }));

        var none = (await RunAsync(host, Document(50), $"?from={TestHost.Start.AddDays(1):yyyy-MM-ddTHH:mm:ssZ}", cancellation, refused: true))["errors"]!;
        Assert.That((string)none[0]!["pointer"]!, Is.EqualTo("from"), "nothing has happened since");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Points_that_a_poorer_programme_would_not_have_given_are_told_where_they_were_redeemed(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var anna = LedgerMergeTests.NewCustomer();
        await new FactWriter().TellInOrderAsync(host, cancellation, People.Buys(anna, 1, 40_000));
        Assert.That(await LedgerMergeTests.RedeemAsync(host, anna, "k", 300, cancellation), Is.EqualTo(HttpStatusCode.OK));
        var changed = (await RunAsync(host, Document(200), "", cancellation))["result"]!["changed"]!;
        Assert.That(
            new[] { "issued", "redeemed", "notRedeemable", "liability" }.Select(name => (long)changed[name]!), Is.EqualTo(new[] { 200L, 200L, 100L, 0L }));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_backtest_whose_instance_died_goes_on_elsewhere_and_a_cancelled_one_stays_so(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await new FactWriter().TellInOrderAsync(host, cancellation, People.Buys(LedgerMergeTests.NewCustomer(), 1, 40_000));
        var id = Guid.CreateVersion7(TestHost.Start);
        var done = await RunAsync(host, Document(50), $"?id={id}", cancellation);
        await using var dies = host.Service("loyalty").Database.CreateCommand(
            """
            update backtests set state = 'running', owner = gen_random_uuid(), alive_at = now() - interval '31 seconds', done = 0, tally = null,
              after_stream = '00000000-0000-0000-0000-000000000000'
            """);
        await dies.ExecuteNonQueryAsync(cancellation);
        var again = await WaitAsync(host, id, cancellation);
        Assert.That(again["result"]!.ToJsonString(), Is.EqualTo(done["result"]!.ToJsonString()));
        var repeated = await RunAsync(host, Document(50), $"?id={id}", cancellation);
        Assert.That((await host.GetAsync("/v1/loyalty/backtests", cancellation)).AsArray(), Has.Count.EqualTo(1), "a retry starts no second one");
        Assert.That((string)repeated["state"]!, Is.EqualTo("done"));

        await using var elsewhere = host.Service("loyalty").Database.CreateCommand(
            "update backtests set state = 'running', owner = gen_random_uuid(), alive_at = now()");
        await elsewhere.ExecuteNonQueryAsync(cancellation);
        using var cancelled = await host.Http.DeleteAsync(new Uri($"/v1/loyalty/backtests/{id}", UriKind.Relative), cancellation);
        Assert.That((string)(await cancelled.Content.ReadFromJsonAsync<JsonNode>(cancellation))!["state"]!, Is.EqualTo("cancelled"));
        using var unknown = await host.Http.GetAsync(new Uri($"/v1/loyalty/backtests/{Guid.Empty}", UriKind.Relative), cancellation);
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task The_command_draws_a_bar_and_tells_the_difference(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await new FactWriter().TellInOrderAsync(host, cancellation, People.Buys(LedgerMergeTests.NewCustomer(), 1, 40_000));
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, Document(50), cancellation);
            Assert.That(await CommandAsync([path]), Does.StartWith("0 ").And.Contain("[########################################] 100 %"));
            Assert.That(await CommandAsync([path]), Does.Match(@"points issued \(cost\) +400 +800 +\+400"));
            await File.WriteAllTextAsync(path, Document(0), cancellation);
            Assert.That(await CommandAsync([path]), Does.StartWith("1 ").And.Contain("/earnRates/0/minorPerPoint"));
            Assert.That(await CommandAsync([]), Does.StartWith("2 "));
        }
        finally
        {
            File.Delete(path);
        }

        async Task<string> CommandAsync(string[] arguments)
        {
            await using var output = new StringWriter();
            var code = await BacktestCommand.ExecuteAsync(
                [.. arguments, "--url", host.Http.BaseAddress!.ToString(), "--key", Key.Text], output, output, cancellation);
            return $"{code} {output}";
        }
    }

    /// <summary>Purchases, returns before and after, redemptions, a debt, a merge and its undoing, points that expire and tiers that fall.</summary>
    private static async Task LiveAsync(TestHost host, Random random, CancellationToken cancellation)
    {
        var writer = new FactWriter();
        var people = Enumerable.Range(0, 12).Select(_ => LedgerMergeTests.NewCustomer()).ToList();
        var receipt = 0;
        for (var month = 0; month < 16; month++)
        {
            var facts = Enumerable.Range(0, 20).Select(_ =>
            {
                var who = people[random.Next(people.Count)];
                var product = random.Next(3) == 0 ? "LAMP" : "MUG";
                receipt += random.Next(1, 4) * 40_000;
                return random.Next(4) == 0 ? People.Returns(who, receipt, product) : People.Buys(who, receipt, random.Next(100, 60_000), product);
            }).ToList();
            await writer.TellAsync(host, facts);
            await host.DrainAsync(cancellation);
            foreach (var who in people.Take(5))
                await LedgerMergeTests.RedeemAsync(host, who, $"{month}", random.Next(50, 400), cancellation);
            foreach (var who in people.Skip(2).Take(6))
                await SpendAsync(host, who, month, random, cancellation);
            if (month == 3)
                await writer.TellInOrderAsync(host, cancellation, People.Merge(people[0], people[1], 1));
            if (month == 6)
            {
                await writer.TellInOrderAsync(
                    host, cancellation, [People.Buys(people[1], ++receipt, 5_000, origin: people[0]), .. People.Split(people[0], people[1], 2)]);
            }

            if (month == 8)
                await writer.TellInOrderAsync(host, cancellation, People.Merge(people[2], people[3], 1));
            await host.AdvanceToAsync(TestHost.Start.AddMonths(month + 1), cancellation);
        }

        var owing = LedgerMergeTests.NewCustomer();
        await writer.TellInOrderAsync(host, cancellation, People.Buys(owing, ++receipt, 30_000));
        await LedgerMergeTests.RedeemAsync(host, owing, "all", 300, cancellation);
        await writer.TellInOrderAsync(host, cancellation, People.Returns(owing, ++receipt));
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation, Dictionary<string, string>? settings = null) => TestHost.StartAsync(
        builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, settings: new Dictionary<string, string>(settings ?? [])
        {
            ["Api:Keys:tool:Hash"] = Key.Hash, ["Api:Keys:tool:Scopes:0"] = "read", ["Api:Keys:tool:Scopes:1"] = "operate",
        });

    /// <summary>Points are reserved, then spent in part, given up, or left until they lapse; some that were redeemed come back.</summary>
    private static async Task SpendAsync(TestHost host, Guid who, int month, Random random, CancellationToken cancellation)
    {
        if (await PostAsync("holds", $"h{month}", new { points = random.Next(10, 200), reason = "voucher" }) is { } held)
        {
            var hold = $"holds/{(string)held["hold"]!}";
            if (month % 3 == 0)
                await PostAsync($"{hold}/confirm", null, new { points = random.Next(1, 10) });
            else if (month % 3 == 1)
                await PostAsync($"{hold}/cancel", null, new { });
        }

        if (await PostAsync("redemptions", $"r{month}", new { points = random.Next(10, 200), reason = "voucher" }) is { } redeemed && month % 2 == 0)
            await PostAsync($"redemptions/{(string)redeemed["redemption"]!}/refund", $"b{month}", new { points = random.Next(1, 10) });

        async Task<JsonNode?> PostAsync(string path, string? key, object body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/loyalty/customers/{who}/{path}", UriKind.Relative));
            request.Content = JsonContent.Create(body);
            if (key is not null)
                request.Headers.Add("Idempotency-Key", key);
            using var answer = await host.Http.SendAsync(request, cancellation);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation) : null;
        }
    }

    private static string Document(int minorPerPoint, int silverFrom = 50_000, string rules = "", int windowDays = 0)
    {
        var document = JsonNode.Parse(Programme.TextOf(null))!;
        document["earnRates"]![0]!["minorPerPoint"] = minorPerPoint;
        document["tiers"]![1]!["fromMinor"] = silverFrom;
        document["returnWindowDays"] = windowDays;
        document["rules"] = JsonNode.Parse($"[{rules}]");
        return document.ToJsonString();
    }

    private static async Task<JsonNode> RunAsync(
        TestHost host, string document, string query, CancellationToken cancellation, bool refused = false)
    {
        using var body = new StringContent(document, Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync(new Uri($"/v1/loyalty/backtests{query}", UriKind.Relative), body, cancellation);
        var told = (await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!;
        Assert.That(answer.StatusCode, Is.EqualTo(refused ? HttpStatusCode.BadRequest : HttpStatusCode.Accepted), told.ToJsonString());
        return refused ? told : await WaitAsync(host, (Guid)told["id"]!, cancellation);
    }

    private static async Task<JsonNode> WaitAsync(TestHost host, Guid id, CancellationToken cancellation)
    {
        while (true)
        {
            var shown = await host.GetAsync($"/v1/loyalty/backtests/{id}", cancellation);
            if ((string)shown["state"]! is not ("waiting" or "running"))
            {
                Assert.That((string)shown["state"]!, Is.EqualTo("done"), shown.ToJsonString());
                return shown;
            }

            await Task.Delay(20, cancellation);
        }
    }

    /// <summary>Of all that the live service decides by and has decided.</summary>
    private static async Task<string> ChecksumAsync(TestHost host, CancellationToken cancellation)
    {
        var sums = new List<string>();
        foreach (var table in new[] { "events", "streams", "timers", "figures", "members_by_tier", "heads", "links", "offsets", "programme_versions" })
        {
            await using var command = host.Service("loyalty").Database.CreateCommand(
                $"select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from {table} t");
            sums.Add($"{table} {await command.ExecuteScalarAsync(cancellation)}");
        }

        return string.Join('\n', sums);
    }
}
