using System.Diagnostics;
using System.Globalization;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;
using Patron.Testing;

namespace Patron.Benchmarks.Ledger;

/// <summary>
/// Points are reserved and confirmed over gRPC, each a durable commit of its own for its caller, by callers that wait for every answer.
/// </summary>
/// <param name="session">All callers use one session, as a backend of many tills does; otherwise each call is a gRPC call of its own.</param>
/// <param name="members">Whose points: of many members each hold is mostly another's; of few the callers meet at the same ledgers.</param>
internal sealed class ReserveConfirm(string id, string what, bool session, int members, Target target) : IBenchmark
{
    private const int Callers = 32;

    private static readonly GrpcMethod<ReservePointsRequest, ReservePointsResponse> Reserve = new(PartnerReflection.Descriptor.Services[0], "ReservePoints");
    private static readonly GrpcMethod<ConfirmHoldRequest, RedeemPointsResponse> Confirm = new(PartnerReflection.Descriptor.Services[0], "ConfirmHold");
    private readonly PgbenchPeer peer = new();
    private LedgerPlace? ledger;
    private GrpcClient? partner;
    private PartnerSession? calls;
    private string[] everybody = [];
    private TimeSpan round;
    private int keys;

    public Figure Figure { get; } = new(id, what, "pairs/s", "pgbench -N -M prepared -s 50, 32 clients, same PostgreSQL", target);

    public static ReserveConfirm Uniform() => new(
        "ledger.reserve_confirm.uniform",
        "Holds reserved and confirmed by 32 callers of a gRPC session, over 20,000 members; a pair is two durable commits.", session: true, 20_000,
        Target.RatioAtLeast(2));

    public static ReserveConfirm Hot() => new(
        "ledger.reserve_confirm.hot",
        "The same when all callers reserve from 4 members; at least 0.8 of the uniform figure is asked, which is a ratio of 1.6.", session: true,
        4, Target.RatioAtLeast(1.6));

    public static ReserveConfirm Unary() => new(
        "ledger.reserve_confirm.unary", "As uniform, but each call is a gRPC call of its own.", session: false, 20_000,
        Target.RatioAtLeast(0.25));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        round = TimeSpan.FromMilliseconds(place.Of(10_000, least: 300));
        ledger = await LedgerPlace.StartAsync(place, cancellation);
        var ids = LedgerPlace.Members(Math.Min(members, place.Of(20_000, least: 50)));
        await ledger.BuyAsync(ids, 5_000_000_000, cancellation);
        await ledger.Host.DrainAsync(cancellation);
        everybody = [.. ids.Select(member => member.ToString("D"))];
        partner = ledger.Partner();
        calls = session ? new PartnerSession(partner, cancellation) : null;
        await peer.PrepareAsync(place, cancellation);
        await RunAsync(round / 2, cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => RunAsync(round, cancellation);

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation) => await peer.RunAsync(round, Callers, cancellation);

    public async ValueTask DisposeAsync()
    {
        await (calls?.DisposeAsync() ?? default);
        partner?.Dispose();
        await peer.DisposeAsync();
        if (ledger is not null)
            await ledger.DisposeAsync();
    }

    private async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        var pairs = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            await Task.Yield();
            var (random, done) = (new Random(caller), 0);
            for (; watch.Elapsed < duration; done++)
            {
                var (member, key) = (everybody[random.Next(everybody.Length)], Interlocked.Increment(ref keys));
                await (calls is null ? PairAsync(partner!, member, key, cancellation) : PairAsync(calls, member, key));
            }

            return done;
        }));
        return pairs.Sum() / watch.Elapsed.TotalSeconds;
    }

    internal static async Task PairAsync(PartnerSession calls, string member, int key)
    {
        var held = (await calls.CallAsync(new() { ReservePoints = Wanted(member, key) })).ReservePoints;
        var spent = await calls.CallAsync(new() { ConfirmHold = new() { CustomerId = member, HoldId = held.HoldId } });
        if (spent.ConfirmHold is null)
            throw new InvalidOperationException($"A hold was not confirmed: {spent.Refusal.Message}");
    }

    private static ReservePointsRequest Wanted(string member, int key) =>
        new() { CustomerId = member, IdempotencyKey = key.ToString(CultureInfo.InvariantCulture), Points = 1, Reason = "bench" };

    private static async Task PairAsync(GrpcClient partner, string member, int key, CancellationToken cancellation)
    {
        var options = GrpcCallOptions.Within(TimeSpan.FromSeconds(30));
        var held = await partner.UnaryAsync(Reserve, Wanted(member, key), options, cancellation);
        await partner.UnaryAsync(Confirm, new ConfirmHoldRequest { CustomerId = member, HoldId = held.HoldId }, options, cancellation);
    }
}
