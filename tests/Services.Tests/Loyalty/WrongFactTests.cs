using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Facts that cannot be booked, or are worth nothing: nothing is ever half booked.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class WrongFactTests
{
    [Test]
    public async Task A_currency_without_a_rate_and_amounts_below_zero_earn_nothing_and_can_still_come_back(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = Till.NewCustomer();
        await till.TellAsync(anna, new PurchaseRecorded(till.Sale("MUG", 1, 10_000)) { Currency = "XAU" }, cancellation);
        await till.TellAsync(anna, till.Sale("LAMP", 1, -10_000), cancellation);
        await till.TellAsync(anna, till.Back("MUG", 1), cancellation);
        await till.TellAsync(anna, till.Back("LAMP", 1), cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), Till.Number(ledger, "owed"), ledger["openReturns"]!.AsArray().Count), Is.EqualTo((0L, 0L, 0)));
        Assert.That((await till.GetAsync($"/v1/loyalty/customers/{anna}/journal", cancellation))["lines"]!.AsArray(), Is.Empty);
    }

    [Test]
    public async Task What_no_ledger_can_hold_parks_its_customer_alone_and_books_nothing(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var (anna, anne) = (await till.CustomerAsync(10_000, cancellation), await till.CustomerAsync(10_000, cancellation));
        var tooMuch = till.Sale("MUG", 1, long.MaxValue);
        tooMuch.Lines.Add(new Line { Product = "LAMP", Kind = LineKind.Sale, Quantity = 1, AmountMinor = long.MaxValue });
        await till.TellAsync(anna, tooMuch, cancellation);
        var farAway = till.Sale("MUG", 1, 10_000);
        farAway.OccurredAt = new DateTimeOffset(9999, 12, 31, 0, 0, 0, TimeSpan.Zero).ToTimestamp();
        await till.TellAsync(anne, farAway, cancellation);

        var parked = await till.Host.Service("loyalty").ParkedAsync(null, 10, cancellation);
        Assert.That(parked.Select(record => record.Customer), Is.EquivalentTo(new[] { anna, anne }));
        foreach (var customer in new[] { anna, anne })
        {
            Assert.That(Till.Number(await till.LedgerAsync(customer, cancellation), "balance"), Is.EqualTo(100));
            Assert.That(
                Till.Refusal(await till.RedeemAsync(customer, "k", new { points = 1, reason = "voucher" }, cancellation)).Code, Is.EqualTo("customer-parked"));
        }

        var other = await till.CustomerAsync(5_000, cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(other, cancellation), "balance"), Is.EqualTo(50));
    }

    [Test]
    public async Task A_fact_that_is_told_twice_counts_once(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var (writer, anna) = (new FactWriter(), Till.NewCustomer());
        await writer.WriteAsync(till.Host, Patron.Contracts.Topics.Profile, anna, till.Sale("MUG", 1, 10_000));
        await writer.RepeatAsync(till.Host, Patron.Contracts.Topics.Profile);
        await writer.RepeatAsync(till.Host, Patron.Contracts.Topics.Profile);
        await till.Host.DrainAsync(cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(100));
    }
}
