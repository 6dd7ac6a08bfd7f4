using System.Text.RegularExpressions;

namespace Patron.Segmentation.Rfm;

/// <summary>A range of scores, 1 to 5, both ends included.</summary>
internal readonly record struct ScoreRange(int From, int To)
{
    public bool Has(int score) => From <= score && score <= To;

    public override string ToString() => From == To ? $"{From}" : $"{From}-{To}";
}

/// <summary>A name for the customers whose scores all lie in the ranges.</summary>
internal sealed record RfmCell(string Name, ScoreRange Recency, ScoreRange Frequency, ScoreRange Monetary);

/// <summary>
/// Names of the 125 combinations of scores: the first row that matches names one. As text a row is a name and three ranges, of recency,
/// frequency and money, such as <c>can't lose 1-2 4-5 4-5</c>. Several rows may give one name.
/// </summary>
internal sealed partial class RfmCells
{
    public const int Combinations = Cuts.Scores * Cuts.Scores * Cuts.Scores;

    /// <summary>The names that marketers use, by how lately and how often; money tells the best from the merely loyal.</summary>
    public static readonly IReadOnlyList<string> Standard =
    [
        "champions 4-5 4-5 4-5",
        "loyal 3-5 4-5 1-5",
        "potential loyalist 4-5 2-3 1-5",
        "new 5 1 1-5",
        "promising 4 1 1-5",
        "need attention 3 3 1-5",
        "about to sleep 3 1-2 1-5",
        "can't lose 1-2 4-5 4-5",
        "at risk 1-2 3-5 1-5",
        "hibernating 2 1-2 1-5",
        "lost 1 1-2 1-5",
    ];

    private readonly int[] nameOf = new int[Combinations];

    private RfmCells(IReadOnlyList<RfmCell> rows)
    {
        Rows = rows;
        Names = [.. rows.Select(row => row.Name).Distinct(StringComparer.Ordinal)];
        for (var combination = 0; combination < Combinations; combination++)
        {
            var (recency, frequency, monetary) = ScoresOf(combination);
            nameOf[combination] = rows.FirstOrDefault(row => Matches(row, recency, frequency, monetary)) is { } first
                ? Names.IndexOf(first.Name)
                : -1;
        }
    }

    public IReadOnlyList<RfmCell> Rows { get; }

    /// <summary>In the order of the rows.</summary>
    public List<string> Names { get; }

    /// <summary>The table, or what is wrong with it: a row that cannot be read or never comes first, or combinations without a name.</summary>
    public static (RfmCells? Cells, IReadOnlyList<string> Faults) Read(IReadOnlyList<string> rows)
    {
        var read = rows.Select(Row).ToList();
        var faults = rows.Where((_, i) => read[i] is null)
            .Select(row => $"'{row}' is not a name and three ranges from 1 to 5, such as can't lose 1-2 4-5 4-5").ToList();
        if (faults.Count > 0)
            return (null, faults);
        var cells = new RfmCells([.. read.OfType<RfmCell>()]);
        faults.AddRange(cells.Rows.Where((_, i) => !cells.IsEverFirst(i)).Select(row => $"no scores are left for '{row.Name}'; rows above take them all"));
        if (Array.FindIndex(cells.nameOf, name => name < 0) is >= 0 and var nameless)
            faults.Add($"recency, frequency and money {ScoresOf(nameless)} have no name; add a row such as others 1-5 1-5 1-5");
        return (faults.Count == 0 ? cells : null, faults);
    }

    /// <summary>The place among <see cref="Names"/> of a combination.</summary>
    public int NameOf(int combination) => nameOf[combination];

    /// <summary>0 to 124; scores are 1 to 5.</summary>
    public static int CombinationOf(int recency, int frequency, int monetary) =>
        ((((recency - 1) * Cuts.Scores) + frequency - 1) * Cuts.Scores) + monetary - 1;

    public static (int Recency, int Frequency, int Monetary) ScoresOf(int combination) => (
        (combination / (Cuts.Scores * Cuts.Scores)) + 1, (combination / Cuts.Scores % Cuts.Scores) + 1, (combination % Cuts.Scores) + 1);

    private bool IsEverFirst(int row) => Enumerable.Range(0, Combinations).Select(ScoresOf).Any(scores =>
        Matches(Rows[row], scores.Recency, scores.Frequency, scores.Monetary)
        && !Rows.Take(row).Any(above => Matches(above, scores.Recency, scores.Frequency, scores.Monetary)));

    private static bool Matches(RfmCell row, int recency, int frequency, int monetary) =>
        row.Recency.Has(recency) && row.Frequency.Has(frequency) && row.Monetary.Has(monetary);

    private static RfmCell? Row(string text) =>
        RowText().Match(text) is { Success: true } match
        && Range(match.Groups[2].Value) is { } recency && Range(match.Groups[3].Value) is { } frequency && Range(match.Groups[4].Value) is { } monetary
            ? new RfmCell(match.Groups[1].Value, recency, frequency, monetary)
            : null;

    private static ScoreRange? Range(string text)
    {
        var (from, to) = (text[0] - '0', text[^1] - '0');
        return from <= to ? new ScoreRange(from, to) : null;
    }

    [GeneratedRegex(@"^\s*(\S(?:.{0,62}\S)?)\s+([1-5](?:-[1-5])?)\s+([1-5](?:-[1-5])?)\s+([1-5](?:-[1-5])?)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex RowText();
}
