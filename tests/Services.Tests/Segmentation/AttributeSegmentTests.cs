using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Profile;
using Patron.Runtime.EventLog;
using Patron.Runtime.Privacy;
using Patron.Segmentation;
using Patron.Services.Tests.Channels;
using Patron.Services.Tests.Profile;
using Patron.Testing;
using static Patron.Services.Tests.Profile.Identity;
using Contract = Patron.Contracts.Segmentation.V1;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Segments over what people told of themselves, which travels sealed.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(90_000)]
internal sealed class AttributeSegmentTests
{
    private const string Taipei = """{"kind":"attribute","attribute":"city","in":["taipei"]}""";

    [Test]
    public async Task Customers_enter_and_leave_by_what_they_tell_and_as_they_become_older_and_no_value_is_kept(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await PutAsync(host, "taipei", Taipei, cancellation);
        await PutAsync(host, "thirties", """{"kind":"age","min":30,"max":39}""", cancellation);
        await PutAsync(host, "birthday-soon", """{"kind":"birthday","nextDays":7}""", cancellation);
        var anna = new ToldCustomer(host, "A-ANNA");
        await anna.AttributesAsync(5, "/web", cancellation, ("city", "Taipei"), ("birth_date", "1994-01-20"));
        await host.DrainAsync(cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(15), cancellation);
        await anna.AttributesAsync(359, "/web", cancellation, ("city", "Tainan"));
        await host.DrainAsync(cancellation);

        Assert.That((await ToldAsync(host, cancellation)).Select(told => (told.What, told.Reason)), Is.EqualTo(new[]
        {
            ("+taipei", "the rule on city holds"), ("+birthday-soon", "the rule on birthday holds"), ("+thirties", "the rule on age holds"),
            ("-birthday-soon", "the rule on birthday does not hold"), ("-taipei", "the rule on city does not hold"),
        }));
        await using var command = host.Service("segmentation").Database.CreateCommand(
            "select count(*) from events e where e::text ~ 'Taipei|Tainan|1994-01-20'");
        Assert.That(await command.ExecuteScalarAsync(cancellation), Is.Zero);
        Assert.That(await WhyAsync(host, anna.Customer, "taipei", cancellation), Is.EqualTo("the rule on city does not hold"), "without the scope personal");
    }

    [Test]
    public async Task Merged_customers_follow_the_survivor_and_of_the_erased_nothing_is_known(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation, "personal");
        await PutAsync(host, "taipei", Taipei, cancellation);
        var (stays, goes) = (new ToldCustomer(host, "M-STAYS"), new ToldCustomer(host, "M-GOES"));
        await stays.AttributesAsync(5, "/web", cancellation, ("gender", "female"));
        await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);
        await goes.AttributesAsync(5, "/web", cancellation, ("city", "Taipei"));
        await host.DrainAsync(cancellation);
        Assert.That(await MembersAsync(host, "taipei", cancellation), Is.EqualTo(1));
        var link = (Guid)(await MergeAsync(host, stays.Customer, goes.Customer, cancellation, despiteConflicts: true))["link"]!;
        await host.DrainAsync(cancellation);
        Assert.That(await WhyAsync(host, stays.Customer, "taipei", cancellation), Is.EqualTo("city is Taipei"));
        Assert.That(await MembersAsync(host, "taipei", cancellation), Is.EqualTo(1));

        using (var undone = await PostAsync(host, $"/v1/customers/merges/{link}/undo", Said([]), cancellation))
            undone.EnsureSuccessStatusCode();
        await host.DrainAsync(cancellation);
        Assert.That(await WhyAsync(host, stays.Customer, "taipei", cancellation), Is.EqualTo("city is not known"));
        Assert.That(await WhyAsync(host, goes.Customer, "taipei", cancellation), Is.EqualTo("city is Taipei"));

        var erasure = $"/v1/customers/{goes.Customer}/erasure";
        using (var asked = await host.Http.PostAsJsonAsync(erasure, new { reason = "request", reference = "T-1" }, cancellation))
            asked.EnsureSuccessStatusCode();
        await host.DrainAsync(cancellation);
        Assert.That(await MembersAsync(host, "taipei", cancellation), Is.Zero);
        Assert.That(await WhyAsync(host, goes.Customer, "taipei", cancellation), Is.EqualTo("city is not known"));
    }

    [Test]
    public async Task Without_a_key_memberships_stay_as_they_are_and_a_key_that_comes_late_is_not_too_late(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var (profile, facts, anna) = (new ClosedProfile(), new FactWriter(), Guid.CreateVersion7(TestHost.Start));
        var key = profile.Inner.KeyOf(anna);
        await using (var host = await AloneAsync(database, profile, cancellation))
        {
            await PutAsync(host, "taipei", Taipei, cancellation);
            await facts.WriteAsync(host, Topics.ProfileCustomers, anna, State(key, 1, "Taipei"));
            await host.DrainAsync(cancellation);
            Assert.That(await MembersAsync(host, "taipei", cancellation), Is.EqualTo(1));
        }

        profile.Closed = true;
        await using var again = await AloneAsync(database, profile, cancellation);
        await facts.WriteAsync(again, Topics.ProfileCustomers, anna, State(key, 2, "Tainan"));
        while (profile.Refused < 2)
            await Task.Delay(10, cancellation);
        Assert.That(await MembersAsync(again, "taipei", cancellation), Is.EqualTo(1), "Nobody knows better yet");
        profile.Closed = false;
        await again.DrainAsync(cancellation);
        Assert.That(await MembersAsync(again, "taipei", cancellation), Is.Zero);
    }

    [Test]
    public void A_customer_with_twenty_attributes_fifty_tags_and_two_hundred_segments_takes_at_most_two_hundred_bytes()
    {
        const int customers = 20_000;
        var random = new Random(20);
        var columns = new PartitionColumns(new CodeBooks(), BrandDaysTests.London);
        for (var number = 0; number < customers; number++)
        {
            var row = columns.RowOf(Guid.CreateVersion7());
            columns.Attributes.Replace(row, Enumerable.Range(0, 20).ToDictionary(key => $"attribute_{key}", key => (key % 4) switch
            {
                0 => new DateOnly(1940, 1, 1).AddDays(random.Next(25_000)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                1 => $"text {random.Next(100)}",
                2 => $"text {random.Next(10_000)}",
                _ => $"{random.Next(200_000)}.5",
            }));
            for (var tag = 0; tag < 50; tag++)
                columns.SetTag(row, $"tag-{tag}", random.Next(2) == 0);
        }

        var (_, offsets, _) = columns.Events.Bytes;
        const double bitsOfSegments = 200 / 8.0;
        Assert.That(((columns.Bytes + offsets) / (double)customers) + bitsOfSegments, Is.LessThanOrEqualTo(200));
    }

    private static CustomerState State(CustomerKey key, int version, string city) =>
        new() { Version = version, SealedAttributes = { ["city"] = key.Seal(city, SealedFields.Attribute("city")) } };

    private static Task<TestHost> StartAsync(CancellationToken cancellation, params IEnumerable<string> scopes) => TestHost.StartAsync(
        builder =>
        {
            builder.AddProfile();
            builder.AddSegmentation();
        },
        app =>
        {
            app.MapProfile();
            app.MapSegmentation();
        },
        cancellation, settings: new Dictionary<string, string>(scopes.Select(scope => KeyValuePair.Create("Api:Keys:test:Scopes:20", scope)))
        {
            ["Vault:MasterKey"] = ProfileHost.MasterKey,
        });

    private static Task<TestHost> AloneAsync(TestDatabase database, ICustomerKeys keys, CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            builder.Services.AddSingleton(keys);
            builder.AddSegmentation();
        },
        app => app.MapSegmentation(), cancellation, database);

    private static async Task PutAsync(TestHost host, string name, string rule, CancellationToken cancellation)
    {
        using var body = new StringContent($$"""{"title":"{{name}}","rule":{{rule}}}""", Encoding.UTF8, "application/json");
        using var answer = await host.Http.PutAsync(new Uri($"/v1/segmentation/segments/{name}", UriKind.Relative), body, cancellation);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<long> MembersAsync(TestHost host, string segment, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonElement>("/v1/segmentation/segments", cancellation)).EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == segment).GetProperty("size").GetInt64();

    private static async Task<string?> WhyAsync(TestHost host, Guid customer, string segment, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/customers/{customer}", cancellation)).GetProperty("segments").EnumerateArray()
            .Single(one => one.GetProperty("segment").GetString() == segment).GetProperty("why").GetProperty("fact").GetString();

    private static async Task<List<(string What, string Reason)>> ToldAsync(TestHost host, CancellationToken cancellation) =>
    [
        .. (await host.ReadTopicAsync(new Topic(Topics.Segmentation), cancellation)).Select(told =>
            told.Envelope.Type == Contract.SegmentEntered.Descriptor.FullName
                ? Contract.SegmentEntered.Parser.ParseFrom(told.Record.Value!.Value.Span) is var entered ? ($"+{entered.Segment}", entered.Reason) : default
                : Contract.SegmentLeft.Parser.ParseFrom(told.Record.Value!.Value.Span) is var left ? ($"-{left.Segment}", left.Reason) : default),
    ];

    /// <summary>Profile, which can be shut.</summary>
    private sealed class ClosedProfile : ICustomerKeys
    {
        private int refused;

        public FakeProfile Inner { get; } = new();

        public bool Closed { get; set; }

        public int Refused => refused;

        public ValueTask<IReadOnlyDictionary<Guid, CustomerKey>> GetAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
        {
            if (!Closed)
                return Inner.GetAsync(customers, cancellation);
            Interlocked.Increment(ref refused);
            throw new HttpRequestException("Profile is shut.");
        }

        public void Forget(Guid customer) => Inner.Forget(customer);
    }
}
