using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Partner;

internal sealed class PartnerStatusTests
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
        Assert.That(codes.Where(code => !Guide.Contains($"`{code.Replace('-', '_').ToUpperInvariant()}`", StringComparison.Ordinal)), Is.Empty);
    }
}
