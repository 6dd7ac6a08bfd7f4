using System.Text.RegularExpressions;
using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Partner;

internal sealed partial class PartnerStatusTests
{
    private static readonly string Guide = File.ReadAllText(NodeTool.SourceFolder("contracts/partner/README.md"));

    [Test]
    public void The_guide_lists_every_reason_that_a_handler_can_answer()
    {
        Type[] answered =
        [
            typeof(NotEnoughPoints), typeof(PointsOutOfRange), typeof(ReasonNotACode), typeof(TimeOutOfRange), typeof(HoldNotOpen), typeof(MoreThanHeld),
            typeof(HoldParted),
            typeof(TooManyHolds), typeof(HoldTimeOutOfRange), typeof(NoLedger), typeof(MemberUnknown), typeof(HoldUnknown), typeof(IdempotencyKeyReused),
            typeof(MoreThanPartnerMayBook),
        ];
        var codes = answered.Select(type => ((Refusal)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type)).Code);
        AssertListed(codes);
    }

    [Test]
    public void The_guide_lists_every_reason_why_a_partner_cannot_use_a_coupon()
    {
        // Those of using one, and of a code; what a campaign's rules ask of a basket is told by sentences.
        var told = new[] { "CouponLife", "CouponDesk", "UseCoupon", "FailedTries", "Stock" }
            .SelectMany(name => CouponReason().Matches(File.ReadAllText(NodeTool.SourceFolder($"services/loyalty/Coupons/{name}.cs"))))
            .Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.That(told, Has.Count.GreaterThan(9));
        AssertListed(told);
    }

    private static void AssertListed(IEnumerable<string> codes) =>
        Assert.That(codes.Where(code => !Guide.Contains($"`{PartnerErrors.ReasonOf(code)}`", StringComparison.Ordinal)), Is.Empty);

    [GeneratedRegex(@"new(?: CouponRefused)?\(\s*""([a-z]+(?:-[a-z]+)+)""", RegexOptions.CultureInvariant)]
    private static partial Regex CouponReason();
}
