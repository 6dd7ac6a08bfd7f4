using System.Globalization;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>All purchases, a row a line, with what the catalogue said of the product then. They name customers by id alone: nothing is masked.</summary>
internal static class ExportPurchases
{
    private const int PageEvents = 1_000;
    private static readonly string[] Types = ["profile.purchase-recorded.v1", "profile.anonymous-purchase-recorded.v1"];

    private static readonly string[] Columns =
    [
        "id", "customer", "source", "receipt", "channel", "store", "time", "currency", "product", "kind", "quantity", "amountMinor", "category", "brand",
    ];

    public static void Map(WebApplication app) =>
        app.MapGet("/v1/exports/purchases", ExportAsync).RequireApiKey("read");

    private static IResult ExportAsync(HttpContext context, string? format, [FromKeyedServices(Module.Name)] ServiceRuntime profile)
    {
        if (format is not (null or "csv" or "ndjson"))
            return Problem.Invalid(new FieldError("format", "This must be csv or ndjson."));
        var isCsv = format != "ndjson";
        var cancellation = context.RequestAborted;
        return TypedResults.Stream(
            stream => WriteAsync(stream, isCsv, profile, cancellation), isCsv ? "text/csv; charset=utf-8" : "application/x-ndjson");
    }

    private static async Task WriteAsync(Stream stream, bool isCsv, ServiceRuntime profile, CancellationToken cancellation)
    {
        using var rows = ExportRows.Open(stream, isCsv, Columns);
        (int Partition, long Position)? after = (-1, 0);
        while (after is { } place)
        {
            var page = await ReadAsync(profile.Database, place, cancellation);
            foreach (var (customer, purchase) in page.Select(p => (p.Customer, p.Purchase)))
                await WriteAsync(rows, customer, purchase, cancellation);
            after = page.Count < PageEvents ? null : (page[^1].Partition, page[^1].Position);
        }
        await rows.HandOnAsync(cancellation);
    }

    private static async Task WriteAsync(ExportRows rows, Guid? customer, PurchaseFacts purchase, CancellationToken cancellation)
    {
        var known = purchase.Products?.ToDictionary(p => p.Product) ?? [];
        foreach (var line in purchase.Lines)
        {
            var product = known.GetValueOrDefault(line.Product);
            rows.Text(purchase.Id.ToString("D"));
            rows.Text(customer?.ToString("D"));
            rows.Text(purchase.Source);
            rows.Text(purchase.Receipt);
            rows.Text(purchase.Channel.ToString().ToUpperInvariant());
            rows.Text(purchase.Store);
            rows.Text(purchase.OccurredAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture));
            rows.Text(purchase.Currency);
            rows.Text(line.Product);
            rows.Text(line.Kind.ToString().ToUpperInvariant());
            rows.Number(line.Quantity);
            rows.Number(line.AmountMinor);
            rows.Text(product.Category);
            rows.Text(product.Brand);
            await rows.EndRowAsync(cancellation);
        }
    }

    private static async Task<List<(int Partition, long Position, Guid? Customer, PurchaseFacts Purchase)>> ReadAsync(
        NpgsqlDataSource database, (int Partition, long Position) after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select e.partition, e.position, coalesce(a.root, e.customer), e.type, e.data from events e left join aliases a on a.node = e.customer
            where (e.partition, e.position) > ($1, $2) and e.type = any($3) order by e.partition, e.position limit $4
            """);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)after.Partition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Position });
        command.Parameters.Add(Statements.Texts(Types));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageEvents });
        var page = new List<(int, long, Guid?, PurchaseFacts)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var happened = CustomerProfile.Events.Read(row.GetString(3), row.GetString(4));
            page.Add((
                row.GetInt16(0), row.GetInt64(1), happened is PurchaseRecorded ? row.GetGuid(2) : null,
                happened is PurchaseRecorded named ? named.Purchase : ((AnonymousPurchaseRecorded)happened).Purchase));
        }
        return page;
    }
}
