using Patron.Profile;

namespace Patron.Tool.Import;

/// <summary>
/// An import: blocks of rows are parsed and checked on every core while the ones before are sent; the place is kept after each block that the
/// server has taken. Never more than a few blocks are in memory.
/// </summary>
/// <param name="sender">Null in a dry run: nothing is sent, and no place is kept.</param>
/// <param name="errors">Told every row that does not go in.</param>
/// <param name="save">Keeps the place.</param>
internal sealed class ImportRun(
    ImportSource source, ImportReader reader, EventSender? sender, ErrorFile errors, Action<ImportState> save, TimeProvider clock)
{
    private static readonly int BlocksAtOnce = Math.Max(2, Environment.ProcessorCount);

    /// <param name="state">Where it starts.</param>
    /// <param name="report">Called after each block.</param>
    /// <param name="cancellation">Stops between two blocks.</param>
    /// <exception cref="SendingFailedException">It can be gone on with later.</exception>
    public async Task<ImportState> RunAsync(ImportState state, Action<ImportState> report, CancellationToken cancellation)
    {
        var next = await ParseAsync(cancellation);
        while (next.Count > 0)
        {
            var parsed = next;
            var parsing = ParseAsync(cancellation);
            try
            {
                foreach (var (block, items) in parsed)
                {
                    state = await TakeAsync(state, block, items, cancellation);
                    report(state);
                    block.Dispose();
                }
            }
            finally
            {
                // A failure here leaves no work behind that nobody waits for.
                await Task.WhenAny(parsing);
            }
            next = await parsing;
        }
        return state;
    }

    private async Task<List<(RecordBlock Block, List<ImportItem> Items)>> ParseAsync(CancellationToken cancellation)
    {
        var blocks = new List<RecordBlock>();
        while (blocks.Count < BlocksAtOnce && await source.Blocks.NextAsync(RecordBlocks.RowsMax, cancellation) is { } block)
            blocks.Add(block);
        var items = new List<ImportItem>[blocks.Count];
        var now = clock.GetUtcNow();
        await Parallel.ForAsync(0, blocks.Count, cancellation, (i, _) =>
        {
            items[i] = reader.Read(blocks[i], now);
            return ValueTask.CompletedTask;
        });
        return [.. blocks.Zip(items)];
    }

    private async Task<ImportState> TakeAsync(ImportState state, RecordBlock block, List<ImportItem> items, CancellationToken cancellation)
    {
        var right = items.FindAll(i => i.Told is not null);
        var faults = items.SelectMany(i => i.Faults).ToList();
        var outcome = sender is null ? new BatchOutcome(right.Count, 0, []) : await sender.SendAsync(right, cancellation);
        faults.AddRange(outcome.Refused.DistinctBy(r => r.Item).SelectMany(r => reader.Refused(r.Item, block, r.Pointer, r.Reason)));
        errors.Write(faults.OrderBy(f => f.Row));

        var now = state with
        {
            Offset = block.NextOffset,
            Row = block.Row + block.Count,
            Accepted = state.Accepted + outcome.Accepted,
            Repeated = state.Repeated + outcome.Repeated,
            Failed = state.Failed + faults.Count,
        };
        if (sender is null)
            return now;
        // The error file first: what the place says is written must be there.
        errors.Flush();
        now = now with { ErrorBytes = errors.Length };
        save(now);
        return now;
    }
}
