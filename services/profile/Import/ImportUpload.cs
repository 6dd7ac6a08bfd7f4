using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Takes an uploaded file block by block as it arrives: the next block is read when the one before is durable.</summary>
internal sealed class ImportUpload(ImportStore imports, Ingestion ingestion, IngestReader rules, BusinessClock clock)
{
    private const string StoppedDetail = "The upload ended before the file did; send it again under another id, and what went in is recognised.";

    /// <summary>Answers the numbers when everything is taken; null when there is an import of this id.</summary>
    /// <exception cref="FormatException">The file cannot be read as rows of this kind.</exception>
    public async Task<ImportView?> RunAsync(Guid id, Stream body, ImportOptions options, CancellationToken cancellation)
    {
        var source = await ImportSource.OpenAsync(() => body, options, null, cancellation);
        var reader = source.Reader(rules, options);
        var now = clock.GetUtcNow();
        var import = new ImportView(id, options.Kind.Name, options.Source, "running", 0, 0, 0, 0, 0, null, now, now);
        byte[] key;
        try
        {
            key = await imports.StartAsync(import, source.Format.IsCsv ? source.Header : ["line"], cancellation);
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }

        try
        {
            while (await source.Blocks.NextAsync(RecordBlocks.RowsMax, cancellation) is { } block)
            {
                using (block)
                    import = await TakeAsync(import, key, reader, block, cancellation);
            }
            import = import with { State = "finished" };
        }
        catch (InvalidDataException wrong)
        {
            import = import with { State = "stopped", Detail = wrong.Message };
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            await imports.KeepAsync(import with { State = "stopped", Detail = StoppedDetail }, key, [], CancellationToken.None);
            throw;
        }
        await imports.KeepAsync(import, key, [], cancellation);
        return await imports.FindAsync(id, cancellation);
    }

    private async Task<ImportView> TakeAsync(ImportView import, byte[] key, ImportReader reader, RecordBlock block, CancellationToken cancellation)
    {
        var items = reader.Read(block, clock.GetUtcNow());
        var right = items.FindAll(i => i.Told is not null);
        var faults = items.SelectMany(i => i.Faults).ToList();
        var taken = right.Count == 0 ? [] : await ingestion.TakeAsync(right.ConvertAll(i => i.Told!), allOrNone: false, cancellation);
        faults.AddRange(taken.Zip(right).Where(t => t.First.As is not (TakenAs.Accepted or TakenAs.Repeated))
            .SelectMany(t => reader.Refused(t.Second, block, "/id", t.First.Detail!)));
        import = import with
        {
            Rows = import.Rows + block.Count,
            Accepted = import.Accepted + taken.Count(t => t.As == TakenAs.Accepted),
            Repeated = import.Repeated + taken.Count(t => t.As == TakenAs.Repeated),
            Failed = import.Failed + faults.Count,
            Bytes = block.NextOffset,
        };
        await imports.KeepAsync(import, key, faults, cancellation);
        return import;
    }
}
