using System.Net;
using NUnit.Framework;
using Patron.Contracts.Profile.V1;
using Patron.Testing;
using static Patron.Services.Tests.Merges.LedgerMergeTests;

namespace Patron.Services.Tests.Merges;

/// <summary>Customers who were merged, or were to be, and are erased.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class ErasedMergeTests
{
    [Test]
    public async Task The_erasure_of_a_merged_person_does_not_wait_for_the_parked_records_of_any_of_their_ids(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(
            host, cancellation,
            [
                People.Buys(anna, 1, 20_000), People.Buys(anne, 2, 10_000), .. People.Merge(anne, anna, 1), (anna, ParkedMergeTests.Unreadable()),
                (anne, new CustomerErased()), (anna, new CustomerErased { Aliases = { anne.ToString("D") } }),
            ]);

        Assert.That(await host.Service("loyalty").ParkedAsync(null, 10, cancellation), Is.Empty);
        Assert.That((long)(await LedgerAsync(host, anna, cancellation))["balance"]!, Is.Zero);
        await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 3, 5_000), People.Buys(anne, 4, 5_000));
        Assert.That((long)(await LedgerAsync(host, anna, cancellation))["balance"]!, Is.Zero, "what comes later is dropped");
    }

    [Test]
    public async Task Nobody_waits_for_the_parked_merge_of_a_customer_who_is_erased(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var (writer, anna, anne) = (new FactWriter(), NewCustomer(), NewCustomer());
        await writer.TellInOrderAsync(
            host, cancellation,
            [
                People.Buys(anna, 1, 20_000), (anne, ParkedMergeTests.Unreadable()), .. People.Merge(anne, anna, 1), .. People.Split(anne, anna, 2),
            ]);
        Assert.That(await RedeemAsync(host, anna, "waits", 10, cancellation), Is.EqualTo(HttpStatusCode.Conflict));

        await writer.TellInOrderAsync(host, cancellation, (anne, new CustomerErased()));

        Assert.That(await host.Service("loyalty").ParkedAsync(null, 10, cancellation), Is.Empty);
        Assert.That(await RedeemAsync(host, anna, "goes on", 200, cancellation), Is.EqualTo(HttpStatusCode.OK));
    }
}
