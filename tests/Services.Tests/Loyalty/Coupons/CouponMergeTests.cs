using System.Net;
using NUnit.Framework;
using Patron.Contracts.Profile.V1;
using Patron.Testing;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Coupons when customers are merged, parted and erased, and when the process starts again.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CouponMergeTests
{
    [Test]
    [CancelAfter(90_000)]
    public async Task Coupons_go_along_with_a_merge_and_back_with_its_undoing(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("welcome", TenPercent(perMember: 2, validDays: 30), cancellation);
        var (anna, ben) = (NewCustomer(), NewCustomer());
        var annas = await place.IssueAsync(anna, "welcome", cancellation);
        var bens = await place.IssueAsync(ben, "welcome", cancellation);
        var code = await place.ViewAsync(ben, bens, cancellation);
        var held = await place.HoldAsync(new { code }, cancellation);

        var link = Guid.CreateVersion7(TestHost.Start).ToString("D");
        await place.Host.PublishAsync(
            ProfileTopic, "profile", ben, new MergedAway { Into = anna.ToString("D"), LinkId = link, Version = 1 }, cancellation);
        await place.Host.DrainAsync(cancellation);
        Assert.That(await place.WalletAsync(ben, cancellation), Has.Count.EqualTo(2));
        Assert.That(await place.WalletAsync(anna, cancellation), Has.Count.EqualTo(2));

        // The till that held it goes on, by the record that it knew.
        await place.ConfirmAsync(held, HttpStatusCode.OK, cancellation);
        await place.RedeemAsync(new { customer = ben, coupon = annas }, HttpStatusCode.OK, cancellation);
        var (codes, another) = (await place.CodesAsync("welcome", 1, cancellation), NewCustomer());
        Assert.That(
            CodeOf(await place.RedeemAsync(new { code = codes[0], customer = anna }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("customer-limit"));
        await place.RedeemAsync(new { code = codes[0], customer = another }, HttpStatusCode.OK, cancellation);

        await place.Host.PublishAsync(ProfileTopic, "profile", ben, new SplitOff { From = anna.ToString("D"), LinkId = link, Version = 2 }, cancellation);
        await place.Host.DrainAsync(cancellation);
        Assert.That(await place.WalletAsync(anna, cancellation), Is.EqualTo(new[] { ("redeemed", "welcome") }));
        Assert.That(await place.WalletAsync(ben, cancellation), Is.EqualTo(new[] { ("redeemed", "welcome") }));
        await place.IssueAsync(ben, "welcome", cancellation);
        Assert.That((await place.FactsAsync(cancellation)).Count(fact => fact.Type == "WalletRestated"), Is.GreaterThanOrEqualTo(2));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Coupons_of_an_erased_customer_cannot_be_used(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("welcome", TenPercent(validDays: 30), cancellation);
        var anna = NewCustomer();
        var code = await place.ViewAsync(anna, await place.IssueAsync(anna, "welcome", cancellation), cancellation);
        await place.Host.PublishAsync(ProfileTopic, "profile", anna, new CustomerErased(), cancellation);
        await place.Host.DrainAsync(cancellation);
        Assert.That(CodeOf(await place.RedeemAsync(new { code }, HttpStatusCode.NotFound, cancellation)), Is.EqualTo("coupon-unknown"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task After_a_restart_everything_is_as_it_was(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        string[] codes;
        string held;
        var anna = NewCustomer();
        await using (var place = await StartAsync(cancellation, database))
        {
            await place.DefineAsync("spring", TenPercent(), cancellation);
            var annas = await place.ViewAsync(anna, await place.IssueAsync(anna, "spring", cancellation), cancellation);
            codes = [.. await place.CodesAsync("spring", 3, cancellation), annas];
            await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.OK, cancellation, "redeemed-before");
            held = await place.HoldAsync(new { code = codes[1] }, cancellation);
        }

        await using (var place = await StartAsync(cancellation, database))
        {
            await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.OK, cancellation, "redeemed-before");
            Assert.That(CodeOf(await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.Conflict, cancellation, "a")), Is.EqualTo("coupon-used"));
            Assert.That(CodeOf(await place.RedeemAsync(new { code = codes[1] }, HttpStatusCode.Conflict, cancellation, "b")), Is.EqualTo("coupon-reserved"));
            await place.ConfirmAsync(held, HttpStatusCode.OK, cancellation, "c");
            await place.RedeemAsync(new { code = codes[2] }, HttpStatusCode.OK, cancellation, "d");
            await place.RedeemAsync(new { code = codes[3] }, HttpStatusCode.OK, cancellation, "e");
            Assert.That(await place.ExportAsync(1, cancellation), Is.EqualTo(codes[..3]));
        }
    }
}
