using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>The shop's database is replaced by a backup while the rest of the services, in another database, have gone on.</summary>
[CancelAfter(1_800_000)]
internal sealed class RestoreTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task An_accepted_restore_keeps_decisions_and_builds_views_without_what_is_lost(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("A restored store, accepted: facts lost are listed, decisions kept, views built without them");
        proof.Holds(await EachAsync(proof, AcceptedAsync, cancellation));
    }

    [Test]
    public async Task A_store_restored_to_a_later_point_makes_all_well_again(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("A restored store, then restored to a later point: readers go on by themselves, nothing lost, nothing double");
        proof.Holds(await EachAsync(proof, LaterAsync, cancellation));
    }

    private static async Task<IReadOnlyList<string>> EachAsync(
        Proof proof, Func<Proof, int, CancellationToken, Task<IReadOnlyList<string>>> play, CancellationToken cancellation)
    {
        var seeds = Campaign.Seeds(1, 15).ToList();
        proof.Seeded(seeds);
        var violations = new List<string>();
        foreach (var seed in seeds)
        {
            violations.AddRange((await play(proof, seed, cancellation)).Select(v => string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {v}")));
            proof.Count("restores", 1);
        }

        return violations;
    }

    private static async Task<IReadOnlyList<string>> AcceptedAsync(Proof proof, int seed, CancellationToken cancellation)
    {
        await using var story = await Story.BeginAsync(seed, cancellation);
        await story.RestoreAsync(story.Backup, cancellation);
        await using var host = await story.StartAsync(story.Backup, cancellation);
        var after = await story.SellAsync(host, cancellation);

        var violations = new List<string>();
        var lost = story.Lost.Keys.ToHashSet();
        var listed = await ListedAsync(host, lost.Count, cancellation);
        proof.Count("facts listed", listed.Count);
        using var accepted = await host.Http.PostAsJsonAsync(
            "/v1/counter/stopped/accept",
            new { topic = Market.Sales.Name, storeEpoch = host.Service(Market.Shop).StoreEpoch, reason = "the newer backup is lost" },
            cancellation);
        if (accepted.StatusCode != HttpStatusCode.NoContent)
            violations.Add($"The accept was answered with {accepted.StatusCode}.");

        // A partition of which the store knows nothing at all says nothing; all others list all that is lost there.
        var partitions = story.Kept.Concat(after).Select(s => Story.PartitionOf(s.Value)).ToHashSet();
        violations.AddRange(story.Lost.Where(s => partitions.Contains(Story.PartitionOf(s.Value))).Count() is var expected && expected != listed.Count
            ? [$"{expected} facts are lost in partitions that the store knows, and {listed.Count} were listed."] : []);
        await UntilAsync(async () => (await CountedAsync(story, cancellation)).Count >= story.Kept.Count + lost.Count + after.Count, cancellation);
        await host.DrainAsync(cancellation);
        violations.AddRange(Compare("counted", [.. story.Kept.Keys, .. lost, .. after.Keys], await CountedAsync(story, cancellation)));
        violations.AddRange(Compare("audited", [.. story.Kept.Keys, .. lost, .. after.Keys], await AuditedAsync(story, cancellation)));
        violations.AddRange(await UntilSameAsync(
            () => BoardAsync(story, [.. partitions], cancellation),
            [.. story.Kept.Concat(after).Where(s => partitions.Contains(Story.PartitionOf(s.Value))).Select(s => s.Key)],
            cancellation));
        return violations;
    }

    private static async Task<IReadOnlyList<string>> LaterAsync(Proof proof, int seed, CancellationToken cancellation)
    {
        await using var story = await Story.BeginAsync(seed, cancellation);
        await story.RestoreAsync(story.Backup, cancellation);
        await using (var behind = await story.StartAsync(story.Backup, cancellation))
        {
            // Elsewhere readers would go along with this life, and what they applied of it would be the next to be unknown.
            var stopped = story.Lost.Values.Select(Story.PartitionOf).ToHashSet();
            await story.SellAsync(behind, cancellation, [.. MarketHost.Buyers.Where(b => stopped.Contains(Story.PartitionOf(b)))]);
            proof.Count("facts listed", (await ListedAsync(behind, 1, cancellation)).Count);
        }

        await story.RestoreAsync(story.Newest, cancellation);
        await using var host = await story.StartAsync(story.Newest, cancellation);
        var after = await story.SellAsync(host, cancellation);
        int[] all = [.. story.Kept.Keys, .. story.Lost.Keys, .. after.Keys];
        await UntilAsync(async () => (await CountedAsync(story, cancellation)).Count >= all.Length, cancellation);
        await host.DrainAsync(cancellation);
        return
        [
            .. Compare("counted", all, await CountedAsync(story, cancellation)),
            .. Compare("audited", all, await AuditedAsync(story, cancellation)),
            .. await UntilSameAsync(() => BoardAsync(story, [.. Enumerable.Range(0, Story.Partitions)], cancellation), all, cancellation),
        ];
    }

    /// <summary>The facts that the counter lists, as soon as it has stopped at as many partitions as it will.</summary>
    private static async Task<IReadOnlyList<long>> ListedAsync(TestHost host, int lost, CancellationToken cancellation)
    {
        if (lost == 0)
            return [];
        var before = -1;
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var stopped = (await host.Http.GetFromJsonAsync<JsonNode>("/v1/counter/stopped", cancellation))!["restored"]!.AsArray();
            var listed = stopped.SelectMany(s => s!["facts"]!.AsArray()).Select(f => f!["position"]!.GetValue<long>()).ToList();
            if (listed.Count == before && (listed.Count > 0 || TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(5)))
                return listed;
            before = listed.Count;
            foreach (var _ in Enumerable.Range(0, 8))
                await Task.Delay(50, cancellation);
        }
    }

    private static async Task<IReadOnlyList<string>> UntilSameAsync(
        Func<Task<IReadOnlyList<int>>> read, IReadOnlyList<int> expected, CancellationToken cancellation)
    {
        await UntilAsync(async () => Compare("shown", expected, await read()).Count == 0, cancellation);
        return Compare("shown", expected, await read());
    }

    /// <summary>Waits in vain for a while, too: what does not come is then a violation.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition() && TimeProvider.System.GetElapsedTime(began) < Patience)
            await Task.Delay(20, cancellation);
    }

    private static IReadOnlyList<string> Compare(string what, IReadOnlyCollection<int> expected, IReadOnlyCollection<int> found) =>
    [
        .. expected.Except(found).Select(a => $"The sale of {a} is not {what}."),
        .. found.Except(expected).Select(a => $"The sale of {a} is {what} and should not be."),
        .. found.GroupBy(a => a).Where(a => a.Count() > 1).Select(a => $"The sale of {a.Key} is {what} {a.Count()} times."),
    ];

    private static Task<IReadOnlyList<int>> CountedAsync(Story story, CancellationToken cancellation) => story.AmountsAsync(
        "select data::json->>'Amount' from counter.events where type = 'market.counted.v1'", cancellation);

    private static Task<IReadOnlyList<int>> AuditedAsync(Story story, CancellationToken cancellation) => story.AmountsAsync(
        "select amount::text from auditor.receipts", cancellation);

    private static async Task<IReadOnlyList<int>> BoardAsync(Story story, IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        var rows = await Books.SentencesAsync(story.Rest, "select customer || ' ' || amount from board.shown", cancellation);
        return
        [
            .. rows.Select(r => r.Split(' ')).Where(r => partitions.Contains(Story.PartitionOf(Guid.Parse(r[0]))))
                .Select(r => int.Parse(r[1], CultureInfo.InvariantCulture)),
        ];
    }
}
