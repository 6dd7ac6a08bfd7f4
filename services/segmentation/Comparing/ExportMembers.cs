using System.Globalization;
using System.Text;
using Npgsql;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>
/// The members of a segment, a customer id and since when a line. Read page by page in the order of partition and id, so that memory stays the same
/// however many there are; whoever is in all the time comes once, and who enters or leaves meanwhile is shown as before or after.
/// </summary>
internal static partial class ExportMembers
{
    private const int PageMembers = 10_000;

    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/segments/{name}/export", ExportAsync);

    /// <param name="format">csv, which it is without one, or ndjson.</param>
    /// <param name="control">The name of a control group to tell each customer's side of; with <paramref name="percent"/>.</param>
    private static IResult ExportAsync(
        HttpContext context, string name, string? format, string? control, decimal? percent, SegmentEngine engine,
        [FromKeyedServices(Module.Name)] ServiceRuntime service, ILoggerFactory logs)
    {
        if (format is not (null or "csv" or "ndjson"))
            return Problem.Invalid(new FieldError("format", "This must be csv or ndjson."));
        if ((control is not null || percent is not null) && ControlGroupEndpoints.Wrong(control ?? "", percent) is { } wrong)
            return Problem.Invalid(wrong with { Path = wrong.Path == "name" ? nameof(control) : wrong.Path });
        if (engine.Catalog.Find(name) is null)
            return Problem.NotFound($"There is no segment {name}.");
        var lines = new MemberLines(format == "ndjson", control is null ? null : new InControlGroup(control, percent!.Value));
        var cancellation = context.RequestAborted;
        var (caller, log) = (context.GetApiCaller().Name, logs.CreateLogger(typeof(ExportMembers)));
        LogExport(log, caller, name);
        return TypedResults.Stream(stream => WriteAsync(stream, name, lines, engine.PartitionCount, service.Database, cancellation), lines.ContentType);
    }

    private static async Task WriteAsync(
        Stream stream, string segment, MemberLines lines, int partitions, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await stream.WriteAsync(lines.Head(), cancellation);
        for (var partition = 0; partition < partitions; partition++)
        {
            var after = Guid.Empty;
            for (var isMore = true; isMore;)
            {
                var page = await ReadAsync(database, partition, segment, after, cancellation);
                await stream.WriteAsync(lines.Of(page), cancellation);
                isMore = page.Count == PageMembers;
                after = isMore ? page[^1].Customer : after;
            }
        }
    }

    private static async Task<List<(Guid Customer, DateTime Since)>> ReadAsync(
        NpgsqlDataSource database, int partition, string segment, Guid after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select customer, since from segment_member
            where partition = $1 and segment = $2 and customer > $3 order by customer limit $4
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = segment });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageMembers });
        var page = new List<(Guid, DateTime)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            page.Add((row.GetGuid(0), row.GetDateTime(1)));
        return page;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Caller} exports the members of the segment {Segment}")]
    private static partial void LogExport(ILogger log, string caller, string segment);

    /// <summary>Lines of ids and times, in which nothing needs to be escaped.</summary>
    private sealed class MemberLines(bool isJson, InControlGroup? split)
    {
        private readonly ControlGroup group = new(split?.Name ?? "");

        public string ContentType => isJson ? "application/x-ndjson" : "text/csv; charset=utf-8";

        public ReadOnlyMemory<byte> Head() =>
            isJson ? ReadOnlyMemory<byte>.Empty : Encoding.UTF8.GetBytes(split is null ? "customer,since\n" : "customer,since,group\n");

        public ReadOnlyMemory<byte> Of(List<(Guid Customer, DateTime Since)> page)
        {
            var text = new StringBuilder();
            foreach (var (customer, since) in page)
            {
                var time = since.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
                var side = split is null ? null : group.Has(customer, split.Percent) ? "control" : "treated";
                var line = isJson
                    ? $$"""{"customer":"{{customer:D}}","since":"{{time}}"{{(side is null ? "" : $",\"group\":\"{side}\"")}}}"""
                    : $"{customer:D},{time}{(side is null ? "" : $",{side}")}";
                text.Append(line).Append('\n');
            }

            return Encoding.UTF8.GetBytes(text.ToString());
        }
    }
}
