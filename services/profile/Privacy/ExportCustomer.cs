using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// A person asks for all that is kept of them (GDPR 15 and 20, PIPL 45): one JSON document, or an object a line for
/// <c>Accept: application/x-ndjson</c>. It is written as it is read, so its size does not matter; its end says whether every service answered.
/// </summary>
internal sealed class ExportCustomer(
    ServiceRuntime profile, Identities identities, CustomerVault vault, QuarantineSearch quarantine, ImportSearch imports, PeerServices peers,
    BusinessClock clock)
{
    private const string Quarantined = "quarantined";

    public static void Map(WebApplication app) => app.MapPost(
        "/v1/customers/{id:guid}/export", (Guid id, PrivacyRequest request, HttpContext context, ExportCustomer export, CancellationToken cancellation) =>
            export.AnswerAsync(id, request, context, cancellation)).RequireApiKey(PersonalDataEndpoints.Scope);

    private async Task AnswerAsync(Guid id, PrivacyRequest request, HttpContext context, CancellationToken cancellation)
    {
        var refused = request.Faults() is { Count: > 0 } faults ? Problem.Invalid(faults) : await AuditAsync(id, request, context, cancellation);
        if (refused is not null)
        {
            await refused.ExecuteAsync(context);
            return;
        }

        var lines = context.Request.Headers.Accept.ToString().Contains(PersonalDataEndpoints.ExportType, StringComparison.OrdinalIgnoreCase);
        context.Response.ContentType = lines ? PersonalDataEndpoints.ExportType : "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await using var text = new StreamWriter(context.Response.Body, new UTF8Encoding(false), bufferSize: 16 * 1024, leaveOpen: true);
        await WriteAsync(await Person.OfAsync(id, profile, identities, cancellation), text, lines, cancellation);
    }

    /// <summary>Who exported whom and why is kept before anything is handed out.</summary>
    private async Task<IResult?> AuditAsync(Guid id, PrivacyRequest request, HttpContext context, CancellationToken cancellation)
    {
        var made = new ExportMade(request.Reason!, request.Reference!, context.GetApiCaller().Name);
        var result = await profile.ExecuteAsync(CustomerProfile.Kind.Command(id, id, customer => Decide(id, customer, made)), cancellation);
        return result.Refusal switch
        {
            null => null,
            CustomerErased erased => erased.ToProblem(StatusCodes.Status410Gone),
            NoSuchCustomer unknown => unknown.ToProblem(StatusCodes.Status404NotFound),
            var refusal => refusal.ToProblem(),
        };
    }

    public static Runtime.EventStore.Decision Decide(Guid id, CustomerProfile customer, ExportMade made) =>
        customer.Erasure is not null ? new CustomerErased() : customer.Registered ? made : new NoSuchCustomer(id);

    private async Task WriteAsync(Person person, StreamWriter text, bool lines, CancellationToken cancellation)
    {
        var merged = new JsonArray([.. person.Aliases.Select(a => (JsonNode)a)]);
        var head = new JsonObject { ["customer"] = person.Root, ["aliases"] = merged, ["exportedAt"] = clock.GetUtcNow() };
        var between = lines ? "\n" : ",\n";
        await text.WriteAsync(lines ? head.ToJsonString() : head.ToJsonString()[..^1] + ",\"items\":[");
        var first = !lines;
        await foreach (var item in OwnAsync(person, cancellation))
            await PutAsync(JsonSerializer.Serialize(item, PersonalDataJson.Default.ExportedItem));
        var missing = new JsonArray();
        foreach (var service in peers.Names)
        {
            try
            {
                foreach (var customer in person.All)
                {
                    await foreach (var item in peers.ExportAsync(service, customer, cancellation))
                        await PutAsync(item);
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException
                || (fault is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                missing.Add((JsonNode)service);
            }
        }

        var end = new JsonObject { ["complete"] = missing.Count == 0, ["missing"] = missing };
        await text.WriteAsync(lines ? $"\n{end.ToJsonString()}\n" : "]," + end.ToJsonString()[1..] + "\n");

        async Task PutAsync(string item)
        {
            await text.WriteAsync(first ? "" : between);
            await text.WriteAsync(item.AsMemory(), cancellation);
            first = false;
        }
    }

    private async IAsyncEnumerable<ExportedItem> OwnAsync(Person person, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var keys = await vault.GetAsync(person.All, cancellation);
        var traces = new PersonTraces();
        foreach (var customer in person.All)
        {
            var key = keys.GetValueOrDefault(customer);
            if (key is not null)
                traces.Learn(await profile.ReadCustomerAsync(customer, cancellation), key);
            await foreach (var item in profile.ExportAsync(customer, key, cancellation))
                yield return item;
        }

        await foreach (var (id, body) in quarantine.FindAsync(traces, cancellation))
        {
            var headers = new JsonObject();
            foreach (var header in body.Headers)
                headers.TryAdd(header.Name, Encoding.UTF8.GetString(header.Value.Span));
            var data = new JsonObject { ["id"] = id, ["headers"] = headers, ["body"] = Encoding.UTF8.GetString((body.Value ?? default).Span) };
            yield return new ExportedItem(Module.Name, Quarantined, "quarantine", null, data);
        }

        await foreach (var row in imports.FindAsync(traces, cancellation))
        {
            var cells = new JsonArray([.. row.Cells.Select(c => (JsonNode?)c)]);
            var data = new JsonObject { ["import"] = row.Import, ["row"] = row.Row, ["cells"] = cells };
            yield return new ExportedItem(Module.Name, Quarantined, "import_errors", null, data);
        }
    }
}
