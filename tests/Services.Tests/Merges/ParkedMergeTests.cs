using System.Net;
using NUnit.Framework;
using Patron.Contracts.Profile.V1;
using Patron.Testing;
using static Patron.Services.Tests.Merges.LedgerMergeTests;

namespace Patron.Services.Tests.Merges;

/// <summary>Merges of customers whose records could not be applied.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class ParkedMergeTests
{
    [Test]
    public async Task A_merge_waits_for_parked_records_of_either_side_and_nobody_spends_meanwhile(
        [Values] bool sickIsMergedAway, CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var loyalty = host.Service("loyalty");
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 1, 20_000), People.Buys(anne, 2, 10_000));
        var sick = sickIsMergedAway ? anne : anna;
        await writer.TellInOrderAsync(host, cancellation, [(sick, Unreadable()), .. People.Merge(anne, anna, 1), People.Buys(anna, 3, 5_000)]);

        foreach (var customer in new[] { anna, anne })
            Assert.That(await RedeemAsync(host, customer, $"{customer}", 10, cancellation), Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(await loyalty.RootAsync(anne, cancellation), Is.EqualTo(anne), "not merged yet");

        var unreadable = (await loyalty.ParkedAsync(sick, 10, cancellation))
            .First(record => record.Reason.Contains("FormatException", StringComparison.Ordinal));
        await loyalty.DiscardParkedAsync(unreadable.Id, "test", "a till's mistake", cancellation);
        await loyalty.ReplayParkedAsync(sick, cancellation);
        await loyalty.ReplayParkedAsync(anne, cancellation);
        await host.DrainAsync(cancellation);

        Assert.That(await loyalty.ParkedAsync(null, 10, cancellation), Is.Empty);
        Assert.That((long)(await LedgerAsync(host, anne, cancellation))["balance"]!, Is.EqualTo(350));
        Assert.That(await RedeemAsync(host, anne, "now", 350, cancellation), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_record_of_a_merged_customer_waits_behind_the_parked_records_of_the_other_one(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var loyalty = host.Service("loyalty");
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(
            host, cancellation, [People.Buys(anna, 1, 20_000), .. People.Merge(anne, anna, 1), (anna, Unreadable()), People.Buys(anne, 2, 10_000)]);
        Assert.That((await loyalty.ParkedAsync(anne, 10, cancellation)).Single().Reason, Does.Contain($"{anna:D}"));

        var unreadable = (await loyalty.ParkedAsync(anna, 10, cancellation)).Single();
        await loyalty.DiscardParkedAsync(unreadable.Id, "test", "a till's mistake", cancellation);
        await loyalty.ReplayParkedAsync(anna, cancellation);
        await loyalty.ReplayParkedAsync(anne, cancellation);
        Assert.That((long)(await LedgerAsync(host, anna, cancellation))["balance"]!, Is.EqualTo(300));
    }

    private static PurchaseRecorded Unreadable() => new((PurchaseRecorded)People.Buys(Guid.Empty, 9, 1).Fact) { PurchaseId = "not a UUID" };
}
