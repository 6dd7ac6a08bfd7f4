using System.Globalization;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Gateway;

/// <summary>One customer's story over all services, oldest first: as JSON for programs and as a page behind a signed link.</summary>
internal static class ShowCustomer
{
    public const string Purpose = "customer";

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/gateway/customers/{id:guid}/timeline", async (Guid id, Peers peers, CancellationToken cancellation) =>
            TypedResults.Json(await StoryAsync(id, peers, cancellation), StoryJson.Default.IReadOnlyListTimelineEntry)).RequireApiKey("read");
        app.MapGet("/customers/{id:guid}", PageAsync).RequireSignedLink(Purpose, LinkTime.System);
    }

    private static async Task<IReadOnlyList<TimelineEntry>> StoryAsync(Guid customer, Peers peers, CancellationToken cancellation) =>
        [.. (await peers.TimelinesAsync(customer, cancellation)).SelectMany(a => a.Items).OrderBy(e => e.Time)];

    private static async Task<IResult> PageAsync(Guid id, Peers peers, CancellationToken cancellation)
    {
        var answers = await peers.TimelinesAsync(id, cancellation);
        var page = new Page("A customer's story").Text("h1", "A customer's story").Text("p", $"Customer {id:D}. Times are UTC.", "lead");
        foreach (var trouble in answers.Where(a => a.Trouble is not null))
            page.Text("p", trouble.Trouble!, "trouble");
        page.Markup("<table><thead><tr><th>When</th><th>Service</th><th>What</th><th>Why</th></tr></thead><tbody>");
        foreach (var entry in answers.SelectMany(a => a.Items).OrderBy(e => e.Time))
            page.Row(
                (entry.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), "time"),
                (entry.Service, "who"), (entry.What, null), (entry.Why, "lead"));
        return page.Markup("</tbody></table>").ToResult();
    }
}
