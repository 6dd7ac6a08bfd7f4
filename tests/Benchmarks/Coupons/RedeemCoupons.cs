using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Patron.Loyalty;
using Patron.Testing;

namespace Patron.Benchmarks.Coupons;

/// <summary>How fast codes are used, each looked up, proved and made durable by itself, beside a table of stored codes.</summary>
internal sealed class RedeemCoupons : IBenchmark
{
    private const int Callers = 32;
    private const int UsesFull = 40_000;
    private CouponPlace? place;
    private NpgsqlDataSource? stored;
    private IReadOnlyList<string> codes = [];
    private int uses;
    private int rounds;
    private int peerRounds;
    private int used;

    public Figure Figure { get; } = new(
        "coupon.redeem",
        "Codes used and durable, 32 callers; each is read, proved, decided under its lock and counted for its campaign.",
        "uses/s",
        "UPDATE … WHERE code = $1 AND used_at IS NULL of stored codes, a commit each, 32 connections",
        Target.RatioAtLeast(0.5));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        const int RoundsMax = 12;
        uses = place.Of(UsesFull, least: 200);
        this.place = await CouponPlace.StartAsync(place, cancellation);
        codes = await this.place.ExportAsync(await this.place.MakeAsync(uses * RoundsMax, cancellation), cancellation);
        stored = NpgsqlDataSource.Create(this.place.Database.ConnectionString);
        await using var batch = stored.CreateBatch();
        batch.BatchCommands.Add(new("create table stored_codes (code text primary key, used_at timestamptz)"));
        batch.BatchCommands.Add(new("insert into stored_codes select unnest($1::text[])")
        {
            Parameters = { new NpgsqlParameter<string[]> { TypedValue = [.. codes] } },
        });
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => RunAsync(Interlocked.Increment(ref rounds) - 1, async code =>
    {
        var key = Interlocked.Increment(ref used).ToString(CultureInfo.InvariantCulture);
        var (found, refusal) = await place!.Desk.FindAsync(code, key, "bench", look: false, cancellation);
        if (refusal is not null)
            throw new InvalidOperationException(refusal.Detail);
        var ask = new UseAsk(found!.Campaign, found.Version, null, CouponUse.Unknown, key, "bench", TestHost.Start);
        var result = await place.Desk.UseAsync(found, ask, reserve: false, key, cancellation);
        if (result.Refusal is not null)
            throw new InvalidOperationException(result.Refusal.Detail);
    });

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation) => await RunAsync(Interlocked.Increment(ref peerRounds) - 1, async code =>
    {
        await using var command = stored!.CreateCommand("update stored_codes set used_at = now() where code = $1 and used_at is null");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = code });
        await command.ExecuteNonQueryAsync(cancellation);
    });

    public async ValueTask DisposeAsync()
    {
        if (stored is not null)
            await stored.DisposeAsync();
        if (place is not null)
            await place.DisposeAsync();
    }

    private async Task<double> RunAsync(int round, Func<string, Task> use)
    {
        var next = (round * uses) - 1;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            await Task.Yield();
            for (var i = Interlocked.Increment(ref next); i < (round + 1) * uses; i = Interlocked.Increment(ref next))
                await use(codes[i]);
        }));
        return uses / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
