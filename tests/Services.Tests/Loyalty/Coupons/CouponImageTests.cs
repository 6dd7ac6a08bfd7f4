using System.Net;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>A coupon's code as an image, read back by a decoder that is not ours: <c>jsqr</c>.</summary>
[CancelAfter(180_000)]
internal sealed class CouponImageTests
{
    private static readonly string Folder = NodeTool.SourceFolder("tests/Services.Tests/Loyalty/Coupons/foreign");

    [OneTimeSetUp]
    public async Task InstallAsync()
    {
        NodeTool.RequireNode();
        await NodeTool.InstallAsync(Folder, CancellationToken.None);
    }

    [Test]
    public async Task A_code_is_drawn_as_an_image_that_tills_read_and_a_mistyped_one_is_not(CancellationToken cancellation)
    {
        await using var place = await CouponPlace.StartAsync(cancellation);
        await place.DefineAsync("spring", CouponPlace.TenPercent(), cancellation);
        var code = (await place.CodesAsync("spring", 1, cancellation))[0];
        var image = await place.Host.Http.GetStringAsync(new Uri($"/v1/loyalty/coupons/{code}/qr.svg", UriKind.Relative), cancellation);
        Assert.That(image, Does.StartWith("<svg").And.Contains("http://www.w3.org/2000/svg"));

        await using var decoder = NodeTool.StartScript(Folder, "read-qr.js", new Dictionary<string, string> { ["SVG"] = image });
        Assert.That(await decoder.WaitForExitAsync(TimeSpan.FromSeconds(60), cancellation), Is.Zero, decoder.Output);
        Assert.That(decoder.Output.Trim(), Is.EqualTo(code.ToUpperInvariant()));

        var wrong = code[..^1] + (code[^1] == 'A' ? 'B' : 'A');
        await place.SendAsync(HttpMethod.Get, $"/v1/loyalty/coupons/{wrong}/qr.svg", null, HttpStatusCode.BadRequest, cancellation);
    }
}
