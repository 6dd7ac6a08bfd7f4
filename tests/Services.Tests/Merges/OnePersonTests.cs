using System.Text.Json.Nodes;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Journey;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Services.Tests.Channels;
using Patron.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Merges;

/// <summary>Every service but profile in one host: two customers who are one person, and turn out not to be.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(120_000)]
internal sealed class OnePersonTests
{
    private static readonly Topic Profile = new(Topics.Profile);

    [Test]
    public async Task Merged_and_unmerged_in_the_middle_of_a_journey_each_gets_exactly_one_of_each_mail(
        [Values] bool absorbedFirst, CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var all = await StartAsync(mails.Port, cancellation);
        var (anna, anne) = await PairAsync(all, cancellation);
        await TellAsync(all, cancellation, People.Buys(anna, 1, 10_000));
        await all.Host.DrainAsync(cancellation);
        await all.Host.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        await TellAsync(all, cancellation, People.Buys(anne, 2, 20_000));
        await all.Host.DrainAsync(cancellation);

        await all.Host.AdvanceToAsync(TestHost.Start.AddHours(12), cancellation);
        await TellAsync(all, cancellation, absorbedFirst ? [.. People.Merge(anne, anna, 1).Reverse()] : People.Merge(anne, anna, 1));
        await all.Host.DrainAsync(cancellation);
        await all.Host.AdvanceToAsync(TestHost.Start.AddDays(2), cancellation);
        Assert.That(Sent(mails), Is.EqualTo(new[] { "anna@cust.example 1" }), "the older journey runs, the other one rests");

        await TellAsync(all, cancellation, People.Split(anne, anna, 2));
        await all.Host.DrainAsync(cancellation);
        await all.Host.AdvanceToAsync(TestHost.Start.AddDays(2).AddHours(1), cancellation);
        Assert.That(Sent(mails), Is.EquivalentTo(new[] { "anna@cust.example 1", "anne@cust.example 1" }));

        await all.Host.AdvanceToAsync(TestHost.Start.AddDays(40), cancellation);
        Assert.That(Sent(mails), Is.EquivalentTo(new[] { "anna@cust.example 2", "anne@cust.example 2" }), "the welcome and the reminder");
    }

    [Test]
    public async Task A_merge_and_its_undoing_without_activity_in_between_restore_both_in_every_service(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var all = await StartAsync(mails.Port, cancellation);
        var (anna, anne) = await PairAsync(all, cancellation);
        await TellAsync(
            all, cancellation, People.Buys(anna, 1, 60_000, "SOFA"), People.Buys(anne, 2, 30_000), People.Returns(anne, 3, "LAMP"), People.Buys(anna, 4, 100));
        await all.Host.DrainAsync(cancellation);
        var before = (await ShownAsync(all.Host, anna, cancellation), await ShownAsync(all.Host, anne, cancellation));
        var figures = await FiguresAsync(all.Host, cancellation);

        await TellAsync(all, cancellation, People.Merge(anne, anna, 1));
        await all.Host.DrainAsync(cancellation);
        var merged = await ShownAsync(all.Host, anna, cancellation);
        Assert.That(merged, Is.Not.EqualTo(before.Item1));
        Assert.That(await ShownAsync(all.Host, anne, cancellation), Is.EqualTo(merged), "who asks for the one gets the other");

        await TellAsync(all, cancellation, People.Split(anne, anna, 2));
        await all.Host.DrainAsync(cancellation);
        Assert.That(await ShownAsync(all.Host, anna, cancellation), Is.EqualTo(before.Item1));
        Assert.That(await ShownAsync(all.Host, anne, cancellation), Is.EqualTo(before.Item2));
        Assert.That(await FiguresAsync(all.Host, cancellation), Is.EqualTo(figures));
    }

    [Test]
    public async Task In_whatever_order_partitions_are_read_all_services_come_to_the_same_and_a_restart_changes_nothing(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var outcomes = new List<string>();
        var customers = new List<Guid>();
        await using (var all = await StartAsync(mails.Port, cancellation, database))
        {
            var random = new Random(11);
            for (var order = 0; order < 8; order++)
            {
                var (anna, anne) = LedgerMergeTests.PairIn(all.Host, onePartition: order == 0);
                var receipt = order * 10;
                Queue<(Guid, IMessage)> annes = new([
                    People.Buys(anne, receipt + 1, 10_000), People.Merge(anne, anna, 1)[0], People.Split(anne, anna, 2)[0],
                    People.Buys(anne, receipt + 5, 500)]);
                Queue<(Guid, IMessage)> annas = new([
                    People.Buys(anna, receipt + 2, 20_000), People.Merge(anne, anna, 1)[1], People.Buys(anna, receipt + 3, 5_000, origin: anne),
                    People.Buys(anna, receipt + 4, 7_000), People.Split(anne, anna, 2)[1]]);
                while (annes.Count + annas.Count > 0)
                {
                    var from = annas.Count == 0 || (annes.Count > 0 && random.Next(2) == 0) ? annes : annas;
                    await TellAsync(all, cancellation, from.Dequeue());
                    if (random.Next(3) > 0)
                        await all.Host.DrainAsync(cancellation);
                }

                await all.Host.DrainAsync(cancellation);
                customers.AddRange([anna, anne]);
                outcomes.Add(await BothAsync(all.Host, anna, anne, cancellation));
            }
        }

        Assert.That(outcomes.Distinct(), Has.Exactly(1).Items, string.Join('\n', outcomes));
        await using var again = await StartAsync(mails.Port, cancellation, database);
        await again.Host.DrainAsync(cancellation);
        for (var pair = 0; pair < outcomes.Count; pair++)
            Assert.That(await BothAsync(again.Host, customers[2 * pair], customers[(2 * pair) + 1], cancellation), Is.EqualTo(outcomes[pair]));
    }

    private static Task<EmailHost> StartAsync(int smtpPort, CancellationToken cancellation, TestDatabase? database = null) => EmailHost.StartAsync(
        smtpPort,
        builder =>
        {
            builder.AddLoyalty();
            builder.AddTagging();
            builder.AddSegmentation();
            builder.AddJourney();
        },
        app =>
        {
            app.MapLoyalty();
            app.MapTagging();
            app.MapSegmentation();
            app.MapJourney();
        },
        cancellation,
        database);

    private static async Task<(Guid Anna, Guid Anne)> PairAsync(EmailHost all, CancellationToken cancellation) => (
        await all.CustomerAsync(cancellation), await all.CustomerAsync(cancellation, "anne@cust.example", "Anne"));

    private static async Task TellAsync(EmailHost all, CancellationToken cancellation, params IReadOnlyList<(Guid Customer, IMessage Fact)> facts)
    {
        foreach (var (customer, fact) in facts)
            await all.Host.PublishAsync(Profile, "profile", customer, fact, cancellation);
    }

    private static IEnumerable<string> Sent(CaughtMails mails) =>
        mails.Catcher.Mails.GroupBy(mail => mail.Recipients[0]).Select(to => $"{to.Key} {to.Count()}").Order(StringComparer.Ordinal);

    /// <summary>What every service's own model shows of a customer; when a segment was entered again is another moment than before.</summary>
    private static async Task<string> ShownAsync(TestHost host, Guid customer, CancellationToken cancellation)
    {
        var segments = await host.GetAsync($"/v1/segmentation/customers/{customer}", cancellation);
        segments.AsObject().Remove("evaluatedAt");
        foreach (var segment in segments["segments"]!.AsArray())
            segment!.AsObject().Remove("since");
        var traveller = await host.Service("journey").StateAsync(Traveller.Kind, customer, cancellation);
        return string.Join(
            '\n',
            await host.GetAsync($"/v1/loyalty/customers/{customer}", cancellation),
            People.WithoutMoments(await host.GetAsync($"/v1/tagging/customers/{customer}/tags", cancellation)),
            segments.ToJsonString(),
            StoredEventExamples.Tell(traveller!.Running),
            StoredEventExamples.Tell(traveller.LastEntered.Select(entered => $"{entered.Key} {entered.Value:O}").ToList()));
    }

    private static async Task<string> BothAsync(TestHost host, Guid one, Guid other, CancellationToken cancellation) =>
        await SummaryAsync(host, one, cancellation) + " | " + await SummaryAsync(host, other, cancellation);

    private static async Task<string> SummaryAsync(TestHost host, Guid customer, CancellationToken cancellation)
    {
        var ledger = await host.GetAsync($"/v1/loyalty/customers/{customer}", cancellation);
        var tags = await host.GetAsync($"/v1/tagging/customers/{customer}/tags", cancellation);
        var segments = await host.GetAsync($"/v1/segmentation/customers/{customer}", cancellation);
        return $"{ledger["balance"]} {ledger["tier"]} {ledger["spendMinor"]}; "
            + string.Join(',', tags["tags"]!.AsArray().Select(tag => (string)tag!["tag"]!)) + "; "
            + string.Join(',', segments["segments"]!.AsArray().Where(s => (bool)s!["member"]!).Select(s => (string)s!["segment"]!)) + "; "
            + string.Join(',', segments["segments"]!.AsArray().Select(Numbers));
    }

    /// <summary>The numbers that clauses saw, which come from the columns.</summary>
    private static string Numbers(JsonNode? segment) => segment!["why"]?.ToJsonString() ?? "";

    private static async Task<string> FiguresAsync(TestHost host, CancellationToken cancellation)
    {
        var loyalty = await LedgerMergeTests.FiguresAsync(host, cancellation);
        var tagging = await host.GetAsync("/v1/tagging/figures", cancellation);
        return string.Join(',', loyalty.Select(f => $"{f.Key} {f.Value}")) + tagging.ToJsonString();
    }
}
