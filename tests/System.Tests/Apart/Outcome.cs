using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Patron.History;
using Patron.Local;
using Patron.Runtime.Processing;
using Patron.Tool.Run;

namespace Patron.System.Tests.Apart;

/// <summary>What came of a replay, by content: ids differ from run to run and are left out.</summary>
/// <param name="Figures">Each service's own, such as <c>loyalty: points issued</c>.</param>
/// <param name="Ledgers">By customer number: balance, tier and lots.</param>
/// <param name="Tags">By customer number.</param>
/// <param name="Segments">By customer number: memberships and since when.</param>
/// <param name="Stories">Whole timelines as the gateway tells them, of some customers.</param>
/// <param name="Mails">Every mail by recipient and subject, in order.</param>
internal sealed partial record Outcome(
    IReadOnlyList<string> Figures,
    IReadOnlyList<string> Ledgers,
    IReadOnlyList<string> Tags,
    IReadOnlyList<string> Segments,
    IReadOnlyList<string> Stories,
    IReadOnlyList<string> Mails)
{
    private const int StoryEvery = 10;
    private static readonly string[] Services = ["profile", "tagging", "loyalty", "segmentation", "journey", "email", "sms", "wechat"];

    /// <param name="clientOf">Speaks to a service, with a key of the scope <c>read</c>.</param>
    public static async Task<Outcome> ReadAsync(
        Func<string, HttpClient> clientOf, IReadOnlyList<Invoice> invoices, MailCatcher catcher, CancellationToken cancellation)
    {
        var figures = new List<string>();
        foreach (var service in Services)
        {
            var address = new Uri($"/v1/{service}/figures", UriKind.Relative);
            figures.AddRange((await clientOf(service).GetFromJsonAsync(address, StoryJson.Default.IReadOnlyListFigure, cancellation))!
                .Where(f => !f.Name.StartsWith("bytes", StringComparison.Ordinal)) // What an instance's memory takes is no outcome.
                .Select(f => string.Create(CultureInfo.InvariantCulture, $"{service}: {f.Name} {f.Value}")));
        }

        var (ledgers, tags, segments, stories) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        var known = PurchaseHistory.Open().Customers.ToDictionary(c => c.Number);
        foreach (var (index, first) in invoices.Where(i => i.CustomerNumber is not null).DistinctBy(i => i.CustomerNumber).Index())
        {
            var number = first.CustomerNumber!;
            var id = await FindAsync(clientOf("profile"), SyntheticPeople.For(known[number]), TouchpointEvents.SourceOf(first), cancellation);
            ledgers.Add($"{number}: {await ReadAsync(clientOf("loyalty"), $"/v1/loyalty/customers/{id:D}", cancellation)}");
            var held = await ReadAsync(clientOf("tagging"), $"/v1/tagging/customers/{id:D}/tags", cancellation);
            tags.Add($"{number}: {AnyPlace().Replace(held, "place")}");
            segments.Add($"{number}: {await SegmentsAsync(clientOf("segmentation"), id, cancellation)}");
            if (index % StoryEvery == 0)
                stories.AddRange((await StoryAsync(clientOf("gateway"), id, cancellation)).Select(line => $"{number}: {line}"));
        }

        var mails = catcher.Mails.Select(m => $"{string.Join(',', m.Recipients)} {m.Subject}").Order(StringComparer.Ordinal);
        return new Outcome([.. figures.Order(StringComparer.Ordinal)], ledgers, tags, segments, stories, [.. mails]);
    }

    private static async Task<Guid> FindAsync(HttpClient profile, SyntheticPerson person, string source, CancellationToken cancellation)
    {
        var wanted = new Dictionary<string, string> { ["shopId"] = person.CustomerNumber, ["source"] = source };
        using var response = await profile.PostAsJsonAsync("/v1/customers/lookup", wanted, cancellation);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("customer").GetGuid();
    }

    private static async Task<string> ReadAsync(HttpClient service, string path, CancellationToken cancellation)
    {
        using var response = await service.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        return response.IsSuccessStatusCode ? AnyId().Replace(await response.Content.ReadAsStringAsync(cancellation), "id") : $"{response.StatusCode}";
    }

    // When a customer was last looked at depends on who else is in the partition, which the ids decide.
    private static async Task<string> SegmentsAsync(HttpClient segmentation, Guid customer, CancellationToken cancellation)
    {
        var answer = await segmentation.GetFromJsonAsync<JsonElement>($"/v1/segmentation/customers/{customer:D}", cancellation);
        return string.Join(", ", answer.GetProperty("segments").EnumerateArray().Where(s => s.GetProperty("member").GetBoolean())
            .Select(s => $"{s.GetProperty("segment")} since {s.GetProperty("since")}"));
    }

    // Lines of one moment come in the order in which the services answered it.
    private static async Task<IEnumerable<string>> StoryAsync(HttpClient gateway, Guid customer, CancellationToken cancellation)
    {
        var address = new Uri($"/v1/gateway/customers/{customer:D}/timeline", UriKind.Relative);
        return (await gateway.GetFromJsonAsync(address, StoryJson.Default.IReadOnlyListTimelineEntry, cancellation))!
            .Select(e => AnyId().Replace($"{e.Time:O} {e.Service} {e.What}, because {e.Why}", "id")).Order(StringComparer.Ordinal);
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex AnyId();

    // Where a fact lies depends on who else is in the partition, which the ids decide.
    [GeneratedRegex(""" "id":"[0-9]+-[0-9]+","position":[0-9]+ """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex AnyPlace();
}
