using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// All customers, in columns that an import takes back. Details are masked; with <c>personal=true</c> and the scope <c>personal</c> they are whole.
/// Erased customers are left out, and those merged into others are told with them. Read page by page: who changes meanwhile is shown as before or after.
/// </summary>
internal static class ExportCustomers
{
    public const string PersonalScope = "personal";
    private const int PageCustomers = 1_000;
    private const string MarketingPurpose = "marketing";
    private const string LinkedName = "profile.identifier-linked.v1";
    private static readonly string[] Consents = ["email", "sms", "wechat"];

    private static readonly string[] Columns =
    [
        "customer", "loyaltyCard", "shopCustomerId", "phone", "email", "givenName", "familyName", "language", "timeZone", "country",
        .. Consents.Select(c => $"consent.{c}.{MarketingPurpose}"), "wording",
    ];

    private const string Hidden = "***";

    public static void Map(WebApplication app) =>
        app.MapGet("/v1/exports/customers", ExportAsync).RequireApiKey("read");

    private static IResult ExportAsync(
        HttpContext context, string? format, bool? personal, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault,
        AttributeRegistry registry)
    {
        if (format is not (null or "csv" or "ndjson"))
            return Problem.Invalid(new FieldError("format", "This must be csv or ndjson."));
        if (personal == true && !context.GetApiCaller().Scopes.Contains(PersonalScope))
            return Problem.Of(StatusCodes.Status403Forbidden, "scope-missing", $"Whole details need an API key with the scope '{PersonalScope}'.");
        var isCsv = format != "ndjson";
        var cancellation = context.RequestAborted;
        return TypedResults.Stream(
            stream => WriteAsync(stream, isCsv, personal == true, profile, vault, AttributesOf(registry.Current), cancellation),
            isCsv ? "text/csv; charset=utf-8" : "application/x-ndjson");
    }

    private static async Task WriteAsync(
        Stream stream, bool isCsv, bool isWhole, ServiceRuntime profile, CustomerVault vault, IReadOnlyList<AttributeDefinition> attributes,
        CancellationToken cancellation)
    {
        using var rows = ExportRows.Open(stream, isCsv, [.. Columns, .. attributes.Select(a => CustomerRows.AttributePrefix + a.Key)]);
        var after = Guid.Empty;
        while (true)
        {
            var page = await ReadAsync(profile, after, cancellation);
            var keys = await vault.GetAsync(page.SelectMany(p => p.Identifiers.Select(i => i.Customer).Append(p.Id)).ToHashSet(), cancellation);
            foreach (var customer in page)
            {
                if (customer.State is not { Registered: true, Erasure: null, LinksOrNone.MergedInto: null } || !keys.TryGetValue(customer.Id, out var key))
                    continue;
                Write(rows, customer, key, keys, isWhole);
                foreach (var attribute in attributes)
                    rows.Text(ValueOf(attribute, customer.State.Details, key, isWhole));
                await rows.EndRowAsync(cancellation);
            }
            if (page.Count < PageCustomers)
                break;
            after = page[^1].Id;
        }
        await rows.HandOnAsync(cancellation);
    }

    /// <summary>Those without a column of their own.</summary>
    private static AttributeDefinition[] AttributesOf(AttributeSet declared) =>
        [.. declared.All.Where(a => !AttributesByKey.Own.Contains(a.Key)).OrderBy(a => a.Key, StringComparer.Ordinal)];

    private static string? ValueOf(AttributeDefinition attribute, SealedDetails details, CustomerKey key, bool isWhole) =>
        details.Find(attribute.Key) is not { } value ? null
        : attribute.Personal && !isWhole ? Hidden
        : key.Unseal(value, AttributesByKey.FieldOf(attribute.Key));

    private static void Write(ExportRows rows, Exported customer, CustomerKey key, IReadOnlyDictionary<Guid, CustomerKey> keys, bool isWhole)
    {
        var details = customer.State.Details;
        rows.Text(customer.Id.ToString("D"));
        rows.Text(Token(Linked(IdentifierKind.Card)));
        rows.Text(Token(Linked(IdentifierKind.ShopId)));
        rows.Text(Shown(Open(details.Phone, SealedFields.Phone) ?? Linked(IdentifierKind.Phone), Mask.Phone));
        rows.Text(Shown(Open(details.Email, SealedFields.Email) ?? Linked(IdentifierKind.Email), Mask.Email));
        rows.Text(Shown(Open(details.GivenName, SealedFields.GivenName), Mask.Name));
        rows.Text(Shown(Open(details.FamilyName, SealedFields.FamilyName), Mask.Name));
        rows.Text(Open(details.Language, SealedFields.Language));
        rows.Text(Open(details.TimeZone, SealedFields.TimeZone));
        rows.Text(Open(details.Country, SealedFields.Country));
        var consents = customer.State.Consents.Where(c => c.Purpose == MarketingPurpose).ToDictionary(c => c.Channel);
        foreach (var channel in Consents)
            rows.Text(consents.TryGetValue(channel, out var consent) ? (consent.Granted ? "granted" : "withdrawn") : null);
        rows.Text(consents.Values.FirstOrDefault(c => c.Granted)?.Wording);

        string? Open(string? sealedText, string field) => sealedText is null ? null : key.Unseal(sealedText, field);
        string? Linked(IdentifierKind kind) => customer.Identifiers.Where(i => i.Linked.Kind == kind && keys.ContainsKey(i.Customer))
            .Select(i => keys[i.Customer].Unseal(i.Linked.SealedValue, Recognition.FieldOf(kind))).FirstOrDefault();
        string? Shown(string? text, Func<string?, string?> mask) => isWhole ? text : mask(text);
        string? Token(string? text) => isWhole || text is null ? text : $"***{text[^Math.Min(text.Length / 2, 4)..]}";
    }

    private static async Task<List<Exported>> ReadAsync(ServiceRuntime profile, Guid after, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select s.stream, s.shape, s.state, i.data, i.streams
            from (select stream, shape, state from streams where kind = $2 and stream > $1 order by stream limit $3) s
            left join lateral (
              select array_agg(e.data order by e.stream <> s.stream, e.version) data, array_agg(e.stream order by e.stream <> s.stream, e.version) streams
              from events e
              where e.stream in (select s.stream union all select a.node from aliases a where a.root = s.stream) and e.type = $4) i on true
            order by s.stream
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = CustomerProfile.Kind.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageCustomers });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = LinkedName });
        var page = new List<(Guid Id, string? State, string[] Identifiers, Guid[] Streams)>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                page.Add((
                    row.GetGuid(0), row.GetInt32(1) == CustomerProfile.Kind.Shape ? row.GetString(2) : null,
                    row.IsDBNull(3) ? [] : row.GetFieldValue<string[]>(3), row.IsDBNull(4) ? [] : row.GetFieldValue<Guid[]>(4)));
            }
        }

        var customers = new List<Exported>(page.Count);
        foreach (var (id, state, identifiers, streams) in page)
        {
            // A state of an older shape is folded anew; that is rare, and ends with the customer's next event.
            var kept = state is null
                ? (await profile.StateAsync(CustomerProfile.Kind, id, cancellation))!
                : System.Text.Json.JsonSerializer.Deserialize(state, ProfileJson.Default.CustomerProfile)!;
            // What went back with somebody who was parted is no longer theirs.
            var own = kept.Identifiers.Select(i => i.Hash).ToHashSet();
            var linked = identifiers.Zip(streams, (i, stream) => ((IdentifierLinked)CustomerProfile.Events.Read(LinkedName, i), stream));
            customers.Add(new Exported(id, kept, [.. linked.Where(l => own.Contains(l.Item1.Hash))]));
        }
        return customers;
    }

    private sealed record Exported(Guid Id, CustomerProfile State, IReadOnlyList<(IdentifierLinked Linked, Guid Customer)> Identifiers);
}
