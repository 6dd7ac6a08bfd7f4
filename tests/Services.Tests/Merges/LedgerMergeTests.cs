using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Testing;

namespace Patron.Services.Tests.Merges;

/// <summary>Ledgers of customers who turn out to be one person, and of some who turn out not to be.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class LedgerMergeTests
{
    [Test]
    public async Task A_merge_moves_every_point_and_an_unmerge_without_activity_restores_both_sides_exactly(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellAsync(
            host, People.Buys(anna, 1, 60_000, "SOFA"), People.Buys(anne, 2, 30_000), People.Returns(anne, 3, "LAMP"), People.Buys(anna, 4, 100));
        await host.DrainAsync(cancellation);
        await RedeemAsync(host, anna, "k", 50, cancellation);
        var before = (await LedgerAsync(host, anna, cancellation), await LedgerAsync(host, anne, cancellation), await FiguresAsync(host, cancellation));

        await writer.TellAsync(host, People.Merge(anne, anna, 1));
        await host.DrainAsync(cancellation);
        var merged = await LedgerAsync(host, anna, cancellation);
        Assert.That((long)merged["balance"]!, Is.EqualTo(600 + 1 - 50 + 300));
        Assert.That((string)merged["tier"]!, Is.EqualTo("silver"));
        Assert.That((long)merged["spendMinor"]!, Is.EqualTo(90_100));
        Assert.That(merged["openReturns"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That((await LedgerAsync(host, anne, cancellation)).ToJsonString(), Is.EqualTo(merged.ToJsonString()), "who asks for the one gets the other");
        var figures = await FiguresAsync(host, cancellation);
        Assert.That((figures["members"], figures["points outstanding"]), Is.EqualTo((1L, before.Item3["points outstanding"])));

        await writer.TellAsync(host, People.Split(anne, anna, 2));
        await host.DrainAsync(cancellation);
        Assert.That((await LedgerAsync(host, anna, cancellation)).ToJsonString(), Is.EqualTo(before.Item1.ToJsonString()));
        Assert.That((await LedgerAsync(host, anne, cancellation)).ToJsonString(), Is.EqualTo(before.Item2.ToJsonString()));
        Assert.That(await FiguresAsync(host, cancellation), Is.EqualTo(before.Item3));
    }

    [Test]
    public async Task In_whatever_order_the_facts_of_two_partitions_arrive_the_ledger_is_the_same(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var outcomes = new List<string>();
        var receipt = 0;
        var interleaved = new Interleaved(new FactWriter(), new Random(5));
        for (var order = 0; order < 12; order++)
        {
            var (anna, anne) = PairIn(host, order % 2 == 0);
            (Guid, IMessage)[] annes = [People.Buys(anne, 1 + receipt, 10_000), People.Returns(anne, 3 + receipt, "TEA"), People.Merge(anne, anna, 1)[0]];
            (Guid, IMessage)[] annas =
            [
                People.Buys(anna, 2 + receipt, 20_000, "TEA"), People.Merge(anne, anna, 1)[1], People.Buys(anna, 4 + receipt, 5_000, origin: anne),
                People.Returns(anna, 5 + receipt, "MUG"),
            ];
            await interleaved.TellAsync(host, annes, annas, cancellation);
            outcomes.Add((await LedgerAsync(host, anna, cancellation))["balance"] + " " + (await LedgerAsync(host, anna, cancellation))["spendMinor"]);
            receipt += 10;
        }

        Assert.That(outcomes.Distinct(), Has.Exactly(1).Items, string.Join('\n', outcomes));
    }

    [Test]
    public async Task A_repeated_link_and_an_older_one_change_nothing(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(
            host, cancellation,
            [
                People.Buys(anna, 1, 10_000), People.Buys(anne, 2, 20_000), .. People.Merge(anne, anna, 2), .. People.Merge(anne, anna, 2),
                .. People.Merge(anne, anna, 1), .. People.Split(anne, anna, 1),
            ]);
        await writer.RepeatAsync(host, Topics.Profile);
        await host.DrainAsync(cancellation);
        Assert.That((long)(await LedgerAsync(host, anna, cancellation))["balance"]!, Is.EqualTo(300));
        Assert.That(await host.Service("loyalty").ParkedAsync(null, 10, cancellation), Is.Empty);
    }

    [Test]
    public async Task A_return_after_the_merge_finds_what_the_other_one_bought_and_what_is_owed_goes_back_by_origin(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellAsync(host, People.Buys(anne, 1, 10_000, "LAMP"), People.Buys(anna, 2, 5_000));
        await host.DrainAsync(cancellation);
        await writer.TellInOrderAsync(host, cancellation, People.Merge(anne, anna, 1));
        await RedeemAsync(host, anna, "all", 150, cancellation);
        await writer.TellInOrderAsync(host, cancellation, People.Returns(anna, 3, "LAMP"));
        var merged = await LedgerAsync(host, anna, cancellation);
        Assert.That(((long)merged["balance"]!, (long)merged["owed"]!), Is.EqualTo((0L, 100L)));

        await writer.TellInOrderAsync(host, cancellation, [People.Buys(anna, 4, 3_000, origin: anne), .. People.Split(anne, anna, 2)]);
        var (annas, annes) = (await LedgerAsync(host, anna, cancellation), await LedgerAsync(host, anne, cancellation));
        Assert.That(((long)annas["balance"]!, (long)annas["owed"]!), Is.EqualTo((0L, 0L)));
        Assert.That(((long)annes["balance"]!, (long)annes["owed"]!), Is.EqualTo((0L, 70L)), "her own purchase repaid a part of what she owes");

        await writer.TellInOrderAsync(host, cancellation, People.Returns(anne, 5, "MUG"), People.Returns(anna, 6, "LAMP"));
        Assert.That((long)(await LedgerAsync(host, anne, cancellation))["owed"]!, Is.EqualTo(100), "what was bought with her card while merged is hers");
        Assert.That((await LedgerAsync(host, anna, cancellation))["openReturns"]!.AsArray(), Has.Count.EqualTo(1), "the lamp was not Anna's");
    }

    [Test]
    public async Task A_chain_of_merges_ends_at_the_same_ledger_in_either_order_and_comes_apart_again([Values] bool innerFirst, CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, a, b, c) = (new FactWriter(), NewCustomer(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(host, cancellation, People.Buys(a, 1, 10_000), People.Buys(b, 2, 20_000), People.Buys(c, 3, 40_000));
        var (inner, outer) = (People.Merge(a, b, 1), People.Merge(b, c, 1));
        await writer.TellInOrderAsync(host, cancellation, innerFirst ? [.. inner, .. outer] : [.. outer, .. inner]);
        Assert.That((long)(await LedgerAsync(host, a, cancellation))["balance"]!, Is.EqualTo(700));

        await writer.TellInOrderAsync(host, cancellation, [People.Buys(c, 4, 1_000, origin: a), .. People.Split(b, c, 2)]);
        Assert.That((long)(await LedgerAsync(host, c, cancellation))["balance"]!, Is.EqualTo(400));
        Assert.That((long)(await LedgerAsync(host, a, cancellation))["balance"]!, Is.EqualTo(311), "A is still B, and went along");

        await writer.TellInOrderAsync(host, cancellation, People.Split(a, b, 2));
        Assert.That((long)(await LedgerAsync(host, a, cancellation))["balance"]!, Is.EqualTo(111));
        Assert.That((long)(await LedgerAsync(host, b, cancellation))["balance"]!, Is.EqualTo(200));
        Assert.That(await host.Service("loyalty").ParkedAsync(null, 10, cancellation), Is.Empty);
    }

    [Test]
    public async Task Points_that_moved_expire_when_they_would_have_and_the_higher_tier_is_kept_until_its_review(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(host, cancellation, [People.Buys(anne, 1, 60_000), People.Buys(anna, 2, 10_000), .. People.Merge(anne, anna, 1)]);
        Assert.That((string)(await LedgerAsync(host, anna, cancellation))["tier"]!, Is.EqualTo("silver"));
        await host.AdvanceToAsync(TestHost.Start.AddDays(370).AddMonths(13), cancellation);
        var later = await LedgerAsync(host, anna, cancellation);
        Assert.That(((long)later["balance"]!, (string)later["tier"]!), Is.EqualTo((0L, "member")));
        Assert.That((await FiguresAsync(host, cancellation))["points expired"], Is.EqualTo(700));
    }

    internal static Task<TestHost> StartAsync(CancellationToken cancellation, TestDatabase? database = null) =>
        TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database);

    internal static Guid NewCustomer() => Guid.CreateVersion7(TestHost.Start);

    internal static Task<JsonNode> LedgerAsync(TestHost host, Guid customer, CancellationToken cancellation) =>
        host.GetAsync($"/v1/loyalty/customers/{customer}", cancellation);

    internal static async Task<Dictionary<string, long>> FiguresAsync(TestHost host, CancellationToken cancellation) =>
        (await host.GetAsync("/v1/loyalty/figures", cancellation)).AsArray().ToDictionary(f => (string)f!["name"]!, f => (long)f!["value"]!);

    internal static async Task<HttpStatusCode> RedeemAsync(TestHost host, Guid customer, string key, long points, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/loyalty/customers/{customer}/redemptions", UriKind.Relative));
        request.Content = JsonContent.Create(new { points, reason = "voucher" });
        request.Headers.Add("Idempotency-Key", key);
        using var answer = await host.Http.SendAsync(request, cancellation);
        return answer.StatusCode;
    }

    /// <summary>Two customers in two partitions, so that no order holds between them, or in one.</summary>
    internal static (Guid One, Guid Other) PairIn(TestHost host, bool onePartition)
    {
        while (true)
        {
            var (one, other) = (NewCustomer(), NewCustomer());
            if (PartitionOf(host, one) == PartitionOf(host, other) == onePartition)
                return (one, other);
        }
    }

    private static int PartitionOf(TestHost host, Guid customer) => Runtime.EventLog.CustomerPartition.Of(customer, host.Log.Partitions);
}

/// <summary>Tells two partitions' facts one by one, each partition in its order, otherwise at random.</summary>
internal sealed class Interleaved(FactWriter writer, Random random)
{
    public async Task TellAsync(TestHost host, IReadOnlyList<(Guid, IMessage)> one, IReadOnlyList<(Guid, IMessage)> other, CancellationToken cancellation)
    {
        var (i, j) = (0, 0);
        while (i < one.Count || j < other.Count)
        {
            var fact = j == other.Count || (i < one.Count && random.Next(2) == 0) ? one[i++] : other[j++];
            await writer.WriteAsync(host, Topics.Profile, [fact]);
            await host.DrainAsync(cancellation);
        }
    }
}
