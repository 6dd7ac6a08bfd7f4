using NUnit.Framework;
using Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Returns that say which purchase they are from.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class NamedReturnTests
{
    [Test]
    public async Task A_return_that_names_its_purchase_takes_back_what_that_one_gave([Values] bool byReceipt, CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = Till.NewCustomer();
        var first = await till.TellAsync(anna, till.Sale("MUG", 1, 10_000), cancellation);
        await till.TellAsync(anna, till.Sale("MUG", 1, 3_000), cancellation);
        await till.TellAsync(anna, Of(till.Back("MUG", 1), first, byReceipt), cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(30), "the first, although another is later");

        await till.TellAsync(anna, Of(till.Back("MUG", 1), first, byReceipt), cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That(Till.Number(ledger, "balance"), Is.EqualTo(30), "no more comes back than was bought by it");
        Assert.That(ledger["openReturns"]!.AsArray(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_return_that_comes_before_its_purchase_waits_for_that_one_alone([Values] bool byReceipt, CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = Till.NewCustomer();
        var (named, other) = (till.Sale("MUG", 2, 20_000), till.Sale("MUG", 1, 3_000));
        await till.TellAsync(anna, Of(till.Back("MUG", 1), named, byReceipt), cancellation);
        await till.TellAsync(anna, other, cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(30));
        await till.TellAsync(anna, named, cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), ledger["openReturns"]!.AsArray().Count), Is.EqualTo((130L, 0)));
    }

    private static PurchaseRecorded Of(PurchaseRecorded back, PurchaseRecorded purchase, bool byReceipt)
    {
        if (byReceipt)
            (back.ReturnedSource, back.ReturnedReceipt) = (purchase.Source, purchase.Receipt);
        else
            back.ReturnedPurchaseId = purchase.PurchaseId;
        return back;
    }
}
