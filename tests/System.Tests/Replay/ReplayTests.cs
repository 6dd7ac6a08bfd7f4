using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NUnit.Framework;
using Patron.History;
using Patron.Local;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Testing;
using Patron.Tool.Run;

namespace Patron.System.Tests.Replay;

/// <summary>The first days of the real history through every service in one process, over HTTP, PostgreSQL and SMTP.</summary>
internal sealed class ReplayTests
{
    private const int Days = 8;

    private readonly string folder = Path.Combine(Path.GetTempPath(), $"patron-replay-{Path.GetRandomFileName()}");
    private TestDatabase database = null!;
    private NpgsqlDataSource connections = null!;
    private MailCatcher catcher = null!;
    private Dictionary<string, long> figures = [];
    private ReplayState state = new(0, default, false, null);

    /// <summary>Replays once for all tests: the first half, an end of the process, then the rest with the last deliveries sent again.</summary>
    [OneTimeSetUp]
    public async Task ReplayAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        database = await TestPostgres.CreateDatabaseAsync(deadline.Token);
        connections = NpgsqlDataSource.Create(database.ConnectionString);
        catcher = MailCatcher.Start(new MailCatcherOptions { Folder = folder }, TimeProvider.System);
        var history = PurchaseHistory.Open();
        state = state with { BusinessTime = ReplayHistory.HourEnd(history.First().Time).AddHours(-1) };

        state = await InOneProcessAsync(history, Days / 2, deadline.Token);
        state = state with { Delivered = state.Delivered - 20 };
        state = await InOneProcessAsync(history, Days, deadline.Token);
    }

    [OneTimeTearDown]
    public async Task TearDownAsync()
    {
        await catcher.DisposeAsync();
        await connections.DisposeAsync();
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void Every_known_customer_is_one_profile_and_nobody_else_is()
    {
        var known = Delivered().Select(i => i.CustomerNumber).OfType<string>().Distinct().Count();

        Assert.That(figures["profile/customers"], Is.EqualTo(known));
    }

    [Test]
    public void Every_invoice_counts_once_however_often_it_was_delivered()
    {
        Assert.That(figures["profile/purchases"], Is.EqualTo(Delivered().Count(i => i.CustomerNumber is not null)));
        Assert.That(figures["profile/anonymous purchases"], Is.EqualTo(Delivered().Count(i => i.CustomerNumber is null)));
        Assert.That(figures["profile/repeats ignored"], Is.GreaterThanOrEqualTo(20));
    }

    [TestCase(LineClass.Sale, "sale lines")]
    [TestCase(LineClass.Return, "return lines")]
    [TestCase(LineClass.Fee, "fee lines")]
    [TestCase(LineClass.Adjustment, "adjustment lines")]
    public void Every_line_is_counted_under_its_class(LineClass lineClass, string figure) =>
        Assert.That(figures.GetValueOrDefault($"profile/{figure}"), Is.EqualTo(Delivered().Sum(i => i.Lines.Count(l => l.Class == lineClass))));

    [Test]
    public void Only_sales_earn_and_a_member_without_multiplier_earns_a_point_a_pound()
    {
        var spentPounds = Delivered().Where(i => i.CustomerNumber is not null)
            .Sum(i => i.Lines.Where(l => l.Class == LineClass.Sale).Sum(l => l.AmountMinor) / 100);

        // Tiers reached on the way earn up to twice as much.
        Assert.That(figures["loyalty/points issued"], Is.InRange(spentPounds, spentPounds * 2));
    }

    [Test]
    public void Every_sent_mail_arrived_exactly_once()
    {
        Assert.That(figures["email/emails sent"], Is.GreaterThan(50));
        Assert.That(catcher.Count, Is.EqualTo(figures["email/emails sent"]));
        Assert.That(catcher.Mails.Select(m => m.MessageId), Is.Unique);
        Assert.That(figures["email/emails waiting"], Is.Zero);
    }

    [Test]
    public void Who_did_not_agree_gets_no_mail()
    {
        var refused = SyntheticAddresses(consent: false);

        Assert.That(catcher.Mails.SelectMany(m => m.Recipients), Is.Not.Empty.And.None.Matches<string>(address => refused.Contains(address!)));
    }

    [Test]
    public void Tags_segments_and_journeys_follow()
    {
        Assert.That(figures["tagging/consumption/frequency/first-time"], Is.GreaterThan(100));
        Assert.That(figures["segmentation/in segment active"], Is.GreaterThan(100));
        Assert.That(figures["journey/journey steps"], Is.GreaterThan(figures["journey/sends requested"]));
        Assert.That(figures["journey/sends requested"], Is.EqualTo(figures["email/emails sent"] + figures["email/emails suppressed: no-consent"]));
    }

    private static IEnumerable<Invoice> Delivered() => PurchaseHistory.Open().Deliveries(Days).Where(d => !d.IsRepeat).Select(d => d.Invoice);

    private static HashSet<string> SyntheticAddresses(bool consent) =>
        [.. PurchaseHistory.Open().Customers.Select(SyntheticPeople.For).Where(p => p.EmailConsent == consent).Select(p => p.Email)];

    private async Task<ReplayState> InOneProcessAsync(PurchaseHistory history, int days, CancellationToken cancellation)
    {
        var settings = new Dictionary<string, string>
        {
            ["Database"] = database.ConnectionString,
            ["Http:Port"] = "0",
            ["Grpc:Port"] = "0",
            ["Http:BodyBytesMax"] = "16777216",
            ["Runtime:Partitions"] = "16",
            ["Email:BaseAddress"] = "http://127.0.0.1:1",
            ["Email:Smtp:Host"] = "127.0.0.1",
            ["Email:Smtp:Port"] = catcher.Port.ToString(global::System.Globalization.CultureInfo.InvariantCulture),
        };
        var secrets = Secrets.Open(folder);
        await using var app = AllInOne.Build(settings, secrets, BusinessTimeState.SimulatedFrom(state.BusinessTime));
        await app.StartAsync(cancellation);
        using var http = new HttpClient { BaseAddress = AllInOne.AddressOf(app) };
        http.DefaultRequestHeaders.Add("X-Api-Key", secrets.ApiKey);
        var progress = new ReplayProgress(connections);
        await progress.ReadAsync(cancellation);
        var replay = new ReplayHistory(http, AllInOne.DriverOf(app), progress);
        var done = await replay.RunAsync(history, days, state, (_, _, _) => { }, cancellation);

        figures = [];
        foreach (var service in new[] { "profile", "loyalty", "tagging", "segmentation", "journey", "email" })
        {
            var address = new Uri($"/v1/{service}/figures", UriKind.Relative);
            foreach (var figure in (await http.GetFromJsonAsync(address, StoryJson.Default.IReadOnlyListFigure, cancellation))!)
                figures[$"{service}/{figure.Name}"] = figure.Value;
        }

        await app.StopAsync(cancellation);
        return done;
    }
}
