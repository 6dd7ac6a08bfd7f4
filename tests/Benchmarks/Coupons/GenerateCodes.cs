using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Patron.Benchmarks.Coupons;

/// <summary>How fast single-use codes are made and exported, beside storing as many.</summary>
internal sealed class GenerateCodes : IBenchmark
{
    private const int CodesFull = 1_000_000;
    private CouponPlace? place;
    private int codes;
    private int tables;

    public Figure Figure { get; } = new(
        "coupon.generate",
        "Codes of a batch of 1,000,000, from the request that makes it to the last line of its CSV, over HTTP.",
        "codes/s",
        "COPY of as many codes into a table with the code as its primary key",
        Target.ValueAtLeast(20_000));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        codes = place.Of(CodesFull, least: 1_000);
        this.place = await CouponPlace.StartAsync(place, cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        var read = await place!.ExportAsync(await place.MakeAsync(codes, cancellation), cancellation);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return read.Count == codes ? codes / seconds : throw new InvalidOperationException($"{read.Count} codes were exported, not {codes}.");
    }

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation)
    {
        await using var database = NpgsqlDataSource.Create(place!.Database.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var table = string.Create(CultureInfo.InvariantCulture, $"codes_{++tables}");
        await using (var create = new NpgsqlCommand($"create table {table} (code text primary key)", connection))
            await create.ExecuteNonQueryAsync(cancellation);
        var begun = Stopwatch.GetTimestamp();
        await using (var copy = await connection.BeginBinaryImportAsync($"copy {table} (code) from stdin (format binary)", cancellation))
        {
            for (var i = 0; i < codes; i++)
            {
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync(Patron.Loyalty.Ids.Fingerprint(i.ToString(CultureInfo.InvariantCulture))[..19], cancellation);
            }

            await copy.CompleteAsync(cancellation);
        }

        return codes / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public ValueTask DisposeAsync() => place?.DisposeAsync() ?? default;
}
