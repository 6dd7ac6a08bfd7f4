using System.Buffers;
using System.Numerics;

namespace Patron.Segmentation;

/// <summary>A sorted line that passes a filter, and whose it is.</summary>
internal readonly record struct LineHit(int Row, int Line);

/// <summary>
/// The lines that pass a filter in a window, found once for all clauses that ask for the same, a block of customers at a time. It keeps scratch
/// memory between <see cref="Begin"/> and <see cref="End"/>: one caller at a time.
/// </summary>
/// <param name="behaviours">The lines are behaviours, and not purchases.</param>
/// <param name="days">By today: the first and the last day, as day numbers; null leaves a side open.</param>
internal sealed class LinePass(PurchaseFilter where, bool behaviours, Func<int, (long? From, long? To)> days)
{
    private const int LinesAtOnce = 4_096;
    private readonly LineFilter filter = new(where);
    private LineHit[] hits = [];
    private int count;
    private int known;
    private bool isReady;

    public LineFilter Filter => filter;

    /// <summary>Brings the filter up to date; false when no line can pass.</summary>
    public bool Ready(PartitionColumns columns) => filter.Ready(behaviours ? columns.Books.Behaviours : columns.Books, days(columns.Today));

    public EventColumns Lines(PartitionColumns columns) => behaviours ? columns.Behaviours : columns.Events;

    /// <summary>What follows is of these columns as they are now.</summary>
    public void Begin(PartitionColumns columns) => (isReady, known) = (Ready(columns), -1);

    /// <summary>Gives the scratch memory back; a second time changes nothing.</summary>
    public void End()
    {
        if (hits.Length > 0)
            ArrayPool<LineHit>.Shared.Return(hits);
        hits = [];
    }

    /// <summary>Of the rows of a block, in the order of rows and days.</summary>
    public ReadOnlySpan<LineHit> Hits(PartitionColumns columns, int word, int words)
    {
        if (known != word)
            (known, count) = (word, isReady ? Find(Lines(columns), word * PartitionColumns.RowsPerWord, words * PartitionColumns.RowsPerWord) : 0);
        return hits.AsSpan(0, count);
    }

    private int Find(EventColumns events, int row, int rows)
    {
        var (line, last) = (events.Begin(row), events.Begin(row + rows));
        if (hits.Length < last - line)
        {
            End();
            hits = ArrayPool<LineHit>.Shared.Rent(last - line);
        }

        var ends = events.Ends;
        var into = hits.AsSpan();
        var found = 0;
        Span<ulong> bits = stackalloc ulong[LinesAtOnce / PartitionColumns.RowsPerWord];
        for (; line < last; line += LinesAtOnce)
        {
            var some = Math.Min(LinesAtOnce, last - line);
            var words = bits[..((some + PartitionColumns.RowsPerWord - 1) / PartitionColumns.RowsPerWord)];
            filter.Find(events, line, some, words);
            for (var word = 0; word < words.Length; word++)
            {
                for (var left = words[word]; left != 0; left &= left - 1)
                    into[found++] = new LineHit(0, line + (word * PartitionColumns.RowsPerWord) + BitOperations.TrailingZeroCount(left));
            }
        }

        // Apart from the columns of lines, so that the ends are read in one go.
        foreach (ref var hit in into[..found])
        {
            row = ColumnKernels.FirstAbove(ends, row, hit.Line);
            hit = hit with { Row = row };
        }

        return found;
    }
}
