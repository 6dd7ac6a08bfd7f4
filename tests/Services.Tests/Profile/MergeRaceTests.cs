using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Merges at one instance while another takes events, on one database.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class MergeRaceTests
{
    private TestDatabase database = null!;
    private TestHost here = null!;
    private TestHost elsewhere = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        here = await ProfileHost.StartAsync(CancellationToken.None, database);
        elsewhere = await ProfileHost.StartAsync(CancellationToken.None, database);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await here.DisposeAsync();
        await elsewhere.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Nothing_is_recorded_for_a_merged_customer_while_merged_and_nothing_for_the_other_after_they_are_parted(CancellationToken cancellation)
    {
        const int purchases = 120;
        const int merges = 6;
        var goes = await Identity.AcceptAsync(elsewhere, Events.Purchase("race-0", email: "race@example.com"), cancellation);
        var stays = await Identity.AcceptAsync(here, Events.Purchase("race-card", card: "C-race"), cancellation);
        var buying = Parallel.ForEachAsync(
            Enumerable.Range(1, purchases), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation },
            async (i, token) => await Identity.AcceptAsync(elsewhere, Events.Purchase($"race-{i}", email: "race@example.com"), token));
        for (var i = 0; i < merges; i++)
        {
            var link = (Guid)(await Identity.MergeAsync(here, stays, goes, cancellation, despiteConflicts: true))["link"]!;
            using var undone = await Identity.PostAsync(here, $"/v1/customers/merges/{link}/undo", Identity.Said([]), cancellation);
            Assert.That(undone.IsSuccessStatusCode, Is.True);
        }
        await buying;

        var facts = await PublishedAsync(
            all => Identity.Of<PurchaseRecorded>(all).Count() >= purchases + 2 && Identity.Of<GaveBack>(all).Count() == merges, [goes, stays], cancellation);
        var (ofGoes, ofStays) = (facts.FindAll(f => f.Record.Key == $"{goes:D}"), facts.FindAll(f => f.Record.Key == $"{stays:D}"));
        Assert.That(Identity.Of<PurchaseRecorded>(facts).Select(p => p.PurchaseId).ToList(), Is.Unique, "each purchase is recorded once");
        Assert.That(Between(ofGoes, "MergedAway", "SplitOff", open: false), Is.Empty, "who is merged has no facts until parted");
        Assert.That(
            Identity.Of<PurchaseRecorded>(Between(ofStays, "GaveBack", "Absorbed", open: true)).Where(p => p.Origin.Length > 0), Is.Empty,
            "who is parted has facts of their own");
    }

    [Test]
    public async Task Customers_whom_many_merge_at_once_become_one_and_each_is_merged_away_once(CancellationToken cancellation)
    {
        const int customers = 6;
        var all = new List<Guid>();
        for (var i = 0; i < customers; i++)
            all.Add(await Identity.AcceptAsync(here, Events.Purchase($"many-{i}", email: $"many-{i}@example.com"), cancellation));
        var pairs = all.SelectMany(one => all.Where(other => one.CompareTo(other) < 0).Select(other => (One: one, Other: other))).ToList();
        await Task.WhenAll(pairs.Select(async (pair, i) =>
        {
            using var _ = await Identity.PostAsync(i % 2 == 0 ? here : elsewhere, "/v1/customers/merges", Identity.Said([pair.One, pair.Other]), cancellation);
        }));

        var roots = new List<Guid>();
        foreach (var host in new[] { here, elsewhere })
        {
            foreach (var customer in all)
            {
                var view = JsonNode.Parse(await host.Http.GetStringAsync(new Uri($"/v1/customers/{customer}", UriKind.Relative), cancellation));
                roots.Add((Guid)view!["id"]!);
            }
        }
        var merged = Identity.Of<Absorbed>(await PublishedAsync(f => Identity.Of<Absorbed>(f).Count() >= customers - 1, all, cancellation)).ToList();
        Assert.That(roots.Distinct().Count(), Is.EqualTo(1));
        Assert.That(merged.ConvertAll(m => m.Customer), Is.Unique.And.Count.EqualTo(customers - 1));
    }

    [Test]
    public async Task An_identifier_that_was_claimed_while_its_customer_was_merged_still_leads_to_the_other(CancellationToken cancellation)
    {
        var stays = await Identity.AcceptAsync(here, Events.Purchase("claimed-stays", card: "C-claimed"), cancellation);
        var goes = await Identity.AcceptAsync(here, Events.Purchase("claimed-goes", email: "claimed@example.com"), cancellation);
        await Identity.MergeAsync(here, stays, goes, cancellation, despiteConflicts: true);

        // As a claim leaves it that did not see the merge yet, and that the merge did not see.
        await using (var planted = here.Service("profile").Database.CreateCommand("update identifiers set merged = false where customer = $1"))
        {
            planted.Parameters.Add(new Npgsql.NpgsqlParameter<Guid> { TypedValue = goes });
            Assert.That(await planted.ExecuteNonQueryAsync(cancellation), Is.EqualTo(1));
        }

        var found = await Identity.PostAsync(elsewhere, "/v1/customers/lookup", new JsonObject { ["email"] = "claimed@example.com" }, cancellation);
        Assert.That((Guid)JsonNode.Parse(await found.Content.ReadAsStringAsync(cancellation))!["customer"]!, Is.EqualTo(stays));
        Assert.That(await Identity.AcceptAsync(elsewhere, Events.Purchase("claimed-later", email: "claimed@example.com"), cancellation), Is.EqualTo(stays));
        await using var mended = here.Service("profile").Database.CreateCommand("select count(*) from identifiers where customer = $1 and not merged");
        mended.Parameters.Add(new Npgsql.NpgsqlParameter<Guid> { TypedValue = goes });
        Assert.That(await mended.ExecuteScalarAsync(cancellation), Is.Zero);
    }

    /// <summary>These customers' facts, once those that are waited for are published: an instance hears late of what another committed.</summary>
    private async Task<List<(Envelope Envelope, LogRecord Record)>> PublishedAsync(
        Func<IReadOnlyList<(Envelope Envelope, LogRecord Record)>, bool> complete, IReadOnlyList<Guid> customers, CancellationToken cancellation)
    {
        var keys = customers.Select(c => c.ToString("D")).ToHashSet();
        while (true)
        {
            var facts = (await here.ReadTopicAsync(new Topic(Topics.Profile), cancellation)).Where(r => keys.Contains(r.Record.Key!)).ToList();
            if (complete(facts))
                return facts;
            await Task.Delay(10, cancellation);
        }
    }

    /// <summary>The facts after one of the first type and before the next of the second.</summary>
    /// <param name="open">Whether the facts before any of both count too.</param>
    private static List<(Envelope Envelope, LogRecord Record)> Between(
        IReadOnlyList<(Envelope Envelope, LogRecord Record)> facts, string after, string before, bool open)
    {
        var between = new List<(Envelope, LogRecord)>();
        foreach (var fact in facts)
        {
            var type = fact.Envelope.Type.Split('.')[^1];
            if (type == before)
                open = false;
            if (open)
                between.Add(fact);
            if (type == after)
                open = true;
        }
        return between;
    }
}
