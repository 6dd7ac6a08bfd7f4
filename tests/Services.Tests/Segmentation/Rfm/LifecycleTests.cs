using NUnit.Framework;
using Patron.Segmentation.Rfm;

namespace Patron.Services.Tests.Segmentation.Rfm;

internal sealed class LifecycleTests
{
    private static readonly LifecycleWindows Windows = new();

    [TestCase(null, null, null, LifecycleStage.Prospect)]
    [TestCase(1_000, null, 1_000, LifecycleStage.New)]
    [TestCase(970, 980, 990, LifecycleStage.New)]
    [TestCase(969, null, 969, LifecycleStage.Active)]
    [TestCase(500, 800, 910, LifecycleStage.Active)]
    [TestCase(500, 800, 909, LifecycleStage.AtRisk)]
    [TestCase(500, 800, 820, LifecycleStage.AtRisk)]
    [TestCase(500, 800, 819, LifecycleStage.Dormant)]
    [TestCase(500, 600, 635, LifecycleStage.Dormant)]
    [TestCase(500, 600, 634, LifecycleStage.Lost)]
    [TestCase(500, 770, 950, LifecycleStage.Active)]
    [TestCase(500, 769, 950, LifecycleStage.WonBack)]
    [TestCase(500, 600, 910, LifecycleStage.WonBack)]
    [TestCase(500, 600, 909, LifecycleStage.AtRisk)]
    public void A_stage_follows_from_three_days(int? first, int? previous, int? last, object stage) =>
        Assert.That(Windows.StageOf(today: 1_000, first, previous, last), Is.EqualTo(stage));

    [Test]
    public void A_matrix_adds_up_by_tier()
    {
        var matrix = new TierLifecycle();
        matrix.Add("gold", LifecycleStage.Active);
        matrix.Add("gold", LifecycleStage.Lost);
        matrix.Add(null, LifecycleStage.Prospect, 7);

        Assert.That(matrix.Rows.Keys, Is.EqualTo(new[] { "", "gold" }));
        Assert.That(matrix.Rows["gold"], Is.EqualTo(new[] { 0, 0, 1, 0, 0, 1, 0 }));
        Assert.That(matrix.Rows[""], Is.EqualTo(new[] { 7, 0, 0, 0, 0, 0, 0 }));
    }

    [Test]
    public void Windows_ascend() => Assert.That(
        new[] { new LifecycleWindows(), new LifecycleWindows(Active: 180), new LifecycleWindows(Dormant: 10), new LifecycleWindows(New: 0) }
            .Select(windows => windows.AreAscending),
        Is.EqualTo(new[] { true, false, false, false }));
}
