using Patron.Benchmarks.Views;
using Patron.Runtime.Grpc;
using Patron.Testing;

namespace Patron.Benchmarks.Ledger;

/// <summary>How long a till waits for a hold and its confirmation while half of what is possible is asked.</summary>
internal sealed class ReserveConfirmAge : IBenchmark
{
    private const int PairsPerSecond = 2_000;

    private readonly Random random = new(5);
    private LedgerPlace? ledger;
    private GrpcClient? partner;
    private PartnerSession? calls;
    private string[] everybody = [];
    private TimeSpan round;
    private int keys;

    public Figure Figure { get; } = new(
        "ledger.reserve_confirm.p99",
        "From when a pair was due until it is confirmed, in a gRPC session, at 2,000 pairs/s over 20,000 members.", "ms", Figure.NoPeer,
        Target.ValueAtMost(25));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        round = TimeSpan.FromMilliseconds(place.Of(10_000, least: 300));
        ledger = await LedgerPlace.StartAsync(place, cancellation);
        var ids = LedgerPlace.Members(place.Of(20_000, least: 50));
        await ledger.BuyAsync(ids, 5_000_000_000, cancellation);
        await ledger.Host.DrainAsync(cancellation);
        everybody = [.. ids.Select(member => member.ToString("D"))];
        partner = ledger.Partner();
        calls = new PartnerSession(partner, cancellation);
        await MeasureAsync(cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => Paced.P99Async(
        PairsPerSecond, round,
        () => ReserveConfirm.PairAsync(calls!, everybody[random.Next(everybody.Length)], Interlocked.Increment(ref keys)), cancellation);

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        await (calls?.DisposeAsync() ?? default);
        partner?.Dispose();
        if (ledger is not null)
            await ledger.DisposeAsync();
    }
}
