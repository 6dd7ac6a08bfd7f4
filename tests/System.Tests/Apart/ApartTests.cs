using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;
using Patron.Local;
using Patron.Runtime.Processing;
using Patron.Testing;
using Patron.Tool.Run;

namespace Patron.System.Tests.Apart;

/// <summary>
/// Every service as a process of its own with a real Kafka between them comes to the same as all of them in one process over PostgreSQL.
/// </summary>
[TestFixture(4, 10, null, TestName = "One process a service")]
[TestFixture(2, 4, "loyalty", TestName = "Two processes of loyalty that share its partitions")]
internal sealed class ApartTests(int days, int quietDays, string? twice)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly string folder = Path.Combine(Path.GetTempPath(), $"patron-apart-{Path.GetRandomFileName()}");
    private Outcome together = null!;
    private Outcome apart = null!;
    private IReadOnlyDictionary<string, int> exits = new Dictionary<string, int>();
    private List<string> troubles = [];

    [OneTimeSetUp]
    public async Task ReplayTwiceAsync()
    {
        if (await KafkaBroker.BootstrapAsync() is not { } bootstrap)
        {
            TestContext.Progress.WriteLine(KafkaBroker.HowToGet);
            Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
            Assert.Ignore(KafkaBroker.HowToGet);
            return;
        }

        using var deadline = new CancellationTokenSource(Patience);
        var plan = new ReplayPlan(days, quietDays);
        var watch = Stopwatch.StartNew();
        together = await TogetherRun.RunAsync(plan, folder, deadline.Token);
        Say($"together {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Restart();
        await using var catcher = MailCatcher.Start(new MailCatcherOptions { Folder = Path.Combine(folder, "apart") }, TimeProvider.System);
        await using var deployment = await Deployment.StartAsync(
            await TestPostgres.Server, bootstrap, Secrets.Open(folder), catcher.Port, twice, deadline.Token);
        Say($"started {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Restart();
        var time = new RemoteBusinessTime(deployment.Instances);
        try
        {
            await time.BeginAsync(plan.Begin, deadline.Token);
            await plan.ReplayAsync(deployment.ClientOf("profile"), time, deadline.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException or InvalidOperationException)
        {
            Assert.Fail($"The replay did not come to its end: {fault.Message} ({time.WaitsFor})\n{LogsOf(deployment)}");
        }

        Say($"replayed {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Restart();
        apart = await Outcome.ReadAsync(deployment.ClientOf, plan.Invoices, catcher, deadline.Token);
        exits = await deployment.StopAsync();
        Say($"read and stopped {watch.Elapsed.TotalSeconds:0.0} s");
        troubles = [.. deployment.Programs.SelectMany(p => p.Lines.Where(IsTrouble).Select(l => $"{p.Name}: {l}"))];
    }

    [OneTimeTearDown]
    public void Clean()
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void Every_figure_of_every_service_is_the_same() => Assert.That(apart.Figures, Is.EqualTo(together.Figures));

    [Test]
    public void Every_ledger_is_the_same() => Assert.That(apart.Ledgers, Is.EqualTo(together.Ledgers));

    [Test]
    public void Every_customer_has_the_same_tags() => Assert.That(apart.Tags, Is.EqualTo(together.Tags));

    [Test]
    public void Every_customer_is_in_the_same_segments_since_the_same_time() => Assert.That(apart.Segments, Is.EqualTo(together.Segments));

    [Test]
    public void Stories_are_told_in_the_same_words() => Assert.That(apart.Stories, Is.EqualTo(together.Stories));

    [Test]
    public void The_same_mails_reach_the_same_people() => Assert.That(apart.Mails, Is.EqualTo(together.Mails));

    [Test]
    public void Something_happened_at_all()
    {
        Assert.That(together.Mails, Has.Count.GreaterThan(20));
        Assert.That(together.Stories, Has.Count.GreaterThan(100));
    }

    [Test]
    public void Every_process_ends_in_good_order_when_it_is_told_to()
    {
        Assert.That(exits, Has.Count.EqualTo(9));
        Assert.That(exits.Values, Is.All.Zero);
    }

    [Test]
    public void No_process_logs_a_failure() => Assert.That(troubles, Is.Empty);

    private static bool IsTrouble(string line) =>
        new[] { "warn:", "fail:", "crit:" }.Any(level => line.StartsWith(level, StringComparison.Ordinal));

    private static string LogsOf(Deployment deployment) =>
        string.Join('\n', deployment.Programs.SelectMany(p => p.Lines.Select(l => $"{p.Name}: {l}")));

    private static void Say(FormattableString what) => TestContext.Progress.WriteLine(what.ToString(CultureInfo.InvariantCulture));
}
