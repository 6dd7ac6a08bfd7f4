using System.Globalization;
using System.Net.Http.Json;
using Patron.History;
using Patron.Local;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tool.Run;

/// <summary>Prints what came of the replay, as the services themselves tell it.</summary>
internal sealed class Report(HttpClient http, SignedLinks links, TextWriter output)
{
    private const int StoryLinesMax = 45;
    private const int CandidatesMax = 60;
    private static readonly string[] Services = ["profile", "loyalty", "tagging", "segmentation", "journey", "email"];
    private static readonly TimeSpan LinksFor = TimeSpan.FromDays(30);

    public async Task PrintAsync(PurchaseHistory history, int? days, MailCatcher catcher, CancellationToken cancellation)
    {
        await output.WriteLineAsync($"\nThe history: {history.InvoiceCount:N0} invoices. {PurchaseHistory.Attribution}");
        await output.WriteLineAsync($"Its lines: {history.CountClasses()}. Names, contact points and consents are synthetic.");
        foreach (var service in Services)
        {
            await output.WriteLineAsync($"\n{service}");
            foreach (var figure in await FiguresAsync(service, cancellation))
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {figure.Value,12:N0}  {figure.Name}"));
        }

        await output.WriteLineAsync($"\ncustomers by recency and frequency (quintiles), and by name\n{await RfmGridText.ReadAsync(http, cancellation)}");
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"\nmail catcher\n  {catcher.Count,12:N0}  mails received over SMTP at 127.0.0.1:{catcher.Port}"));
        var customer = await StoryAsync(history, days, cancellation);
        await output.WriteLineAsync("\nLook further (links for this machine, valid for 30 days):");
        await output.WriteLineAsync("  overview   " + Link("overview", "/"));
        if (customer is { } id)
            await output.WriteLineAsync("  customer   " + Link("customer", $"/customers/{id:D}"));
        await output.WriteLineAsync($"  health     {new Uri(http.BaseAddress!, "/health/ready")}\n  metrics    {new Uri(http.BaseAddress!, "/metrics")}");
    }

    private async Task<IReadOnlyList<Figure>> FiguresAsync(string service, CancellationToken cancellation)
    {
        try
        {
            return await http.GetFromJsonAsync(new Uri($"/v1/{service}/figures", UriKind.Relative), StoryJson.Default.IReadOnlyListFigure, cancellation) ?? [];
        }
        catch (HttpRequestException fault)
        {
            await output.WriteLineAsync($"  did not answer: {fault.Message}");
            return [];
        }
    }

    private Uri Link(string purpose, string path) =>
        new(http.BaseAddress!, links.Sign(purpose, path, new Dictionary<string, string>(), TimeProvider.System.GetUtcNow() + LinksFor));

    /// <summary>Tells the customer whose story touches most services in a readable number of lines.</summary>
    private async Task<Guid?> StoryAsync(PurchaseHistory history, int? days, CancellationToken cancellation)
    {
        (Guid Customer, SyntheticPerson Person, IReadOnlyList<TimelineEntry> Lines)? best = null;
        foreach (var candidate in Candidates(history, days))
        {
            if (await FindAsync(candidate.Person, candidate.Source, cancellation) is not { } id)
                continue;
            var lines = await http.GetFromJsonAsync(
                new Uri($"/v1/gateway/customers/{id:D}/timeline", UriKind.Relative), StoryJson.Default.IReadOnlyListTimelineEntry, cancellation) ?? [];
            if (lines.Count <= StoryLinesMax && Richness(lines) > (best is null ? 0 : Richness(best.Value.Lines)))
                best = (id, candidate.Person, lines);
            if (best is not null && Richness(best.Value.Lines) == Services.Length * 100 + StoryLinesMax)
                break;
        }

        if (best is not { } told)
            return null;
        await output.WriteLineAsync($"\nOne customer's story: {told.Person.FullName} (synthetic), customer {told.Customer:D}");
        foreach (var line in told.Lines)
        {
            await output.WriteLineAsync($"  {line.Time.UtcDateTime:yyyy-MM-dd HH:mm}  {line.Service,-12} {line.What}");
            if (line.Why.Length > 0)
                await output.WriteLineAsync($"{"",33}because: {line.Why}");
        }

        return told.Customer;
    }

    private static int Richness(IReadOnlyList<TimelineEntry> lines) => (lines.Select(l => l.Service).Distinct().Count() * 100) + lines.Count;

    /// <summary>Customers with a few purchases and a return, in the order of the history.</summary>
    private static IEnumerable<(SyntheticPerson Person, string Source)> Candidates(PurchaseHistory history, int? days)
    {
        var countries = history.Customers.ToDictionary(c => c.Number);
        return history.Deliveries(days).Where(d => !d.IsRepeat && d.Invoice.CustomerNumber is not null)
            .GroupBy(d => d.Invoice.CustomerNumber!)
            .Where(c => c.Count() is >= 3 and <= 7 && c.Any(d => d.Invoice.IsCancellation))
            .Select(c => (SyntheticPeople.For(countries[c.Key]), TouchpointEvents.SourceOf(c.First().Invoice)))
            .Take(CandidatesMax);
    }

    private async Task<Guid?> FindAsync(SyntheticPerson person, string source, CancellationToken cancellation)
    {
        using var response = await http.PostAsJsonAsync(
            new Uri("/v1/customers/lookup", UriKind.Relative),
                new Dictionary<string, string> { ["shopId"] = person.CustomerNumber, ["source"] = source }, cancellation);
        if (!response.IsSuccessStatusCode)
            return null;
        using var found = await System.Text.Json.JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellation), default, cancellation);
        return found.RootElement.GetProperty("customer").GetGuid();
    }
}
