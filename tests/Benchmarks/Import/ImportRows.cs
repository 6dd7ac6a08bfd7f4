using System.Diagnostics;
using System.Globalization;
using CsvHelper;
using Patron.Tool.Import;

namespace Patron.Benchmarks.Import;

/// <summary>Customers of a CSV file, cut, parsed, mapped and checked by the door's rules: an import's dry run.</summary>
internal sealed class ImportRows : IBenchmark
{
    private const int RowsFull = 400_000;
    private string folder = "";
    private int rows;

    public Figure Figure { get; } = new(
        "import.rows",
        "Rows of a CSV file of customers with two identifiers, names, language and a consent, parsed and checked by the rules of the ingestion door.",
        "rows/s",
        "CsvHelper alone: the same file, every field of it read as text, nothing checked",
        Target.ValueAtLeast(50_000));

    private string Path => System.IO.Path.Combine(folder, "customers.csv");

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        rows = place.Of(RowsFull, least: 2_000);
        folder = Directory.CreateTempSubdirectory("patron-bench-").FullName;
        await using var file = File.CreateText(Path);
        await file.WriteLineAsync("loyaltyCard,email,phone,givenName,familyName,language,country,consent.email.marketing,wording");
        for (var i = 0; i < rows; i++)
        {
            await file.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"2900{i:000000000},person{i}@example.com,+852 {91000000 + (i % 9_000_000)},大文,\"Chan, {i}\",zh-Hant-HK,HK,"
                + $"{(i % 3 == 0 ? "no" : "yes")},signup-2024"));
        }
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        await using var output = new StringWriter();
        var code = await ImportCommand.ExecuteAsync([Path, "--dry-run"], output, output, cancellation);
        if (code != 0 || !output.ToString().StartsWith(rows.ToString("#,##0", CultureInfo.InvariantCulture), StringComparison.Ordinal))
            throw new InvalidOperationException($"The import answered {code}: {output}");
        return rows / watch.Elapsed.TotalSeconds;
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        using var parser = new CsvParser(File.OpenText(Path), CultureInfo.InvariantCulture);
        var read = 0;
        long characters = 0;
        for (; parser.Read(); read++)
        {
            for (var i = 0; i < parser.Count; i++)
                characters += parser[i].Length;
        }
        if (read != rows + 1 || characters == 0)
            throw new InvalidOperationException($"CsvHelper read {read} rows of {rows + 1}.");
        return Task.FromResult<double?>(rows / watch.Elapsed.TotalSeconds);
    }

    public ValueTask DisposeAsync()
    {
        if (folder.Length > 0)
            Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
