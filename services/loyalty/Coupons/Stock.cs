using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A piece of something limited went to somebody, or is held for them.</summary>
/// <param name="Taker">Whoever takes it; the same again changes nothing.</param>
/// <param name="Until">Until when it is held; null where it is gone.</param>
[EventName("loyalty.stock-taken.v1")]
internal sealed record StockTaken(string Of, int Shard, Guid Taker, DateTimeOffset At, DateTimeOffset? Until) : DomainEvent;

[EventName("loyalty.stock-returned.v1")]
internal sealed record StockReturned(string Of, int Shard, Guid Taker, bool WasHeld) : DomainEvent;

internal sealed record HeldPiece(Guid Taker, DateTimeOffset Until);

/// <summary>
/// Part of the pieces of something limited: a reward, a public code. A total is divided over shards, so that many can take at a time; who finds
/// one empty asks the next. A piece whose hold is over is there again without anybody's doing.
/// </summary>
internal sealed record Stock(long Taken, IReadOnlyList<HeldPiece> Held)
{
    public const int ShardsMax = 16;

    /// <summary>So many may hold a piece of one shard at a time, so that its state stays small.</summary>
    public const int HeldMax = 1_000;
    private const int PiecesPerShardMin = 200;

    public static StreamKind<Stock> Kind { get; } = new("stock", new(0, []), Evolve, CouponJson.Default.Stock);

    /// <summary>Few pieces are not worth dividing.</summary>
    public static int ShardsFor(long total) => (int)Math.Clamp(total / PiecesPerShardMin, 1, ShardsMax);

    public static Guid IdOf(string of, int shard) => Ids.Of("stock", FormattableString.Invariant($"{of}/{shard}"));

    public static Command Command(string of, int shard, Func<Stock, Decision> decide) => Kind.Command(IdOf(of, shard), IdOf(of, shard), decide);

    /// <summary>The shard's part of all pieces.</summary>
    public static long PartOf(long total, int shard, int shards) => (total / shards) + (shard < total % shards ? 1 : 0);

    public Decision Take(string of, int shard, long part, Guid taker, DateTimeOffset now, DateTimeOffset? until)
    {
        var others = Held.Where(held => held.Until > now && held.Taker != taker).ToList();
        return Taken + others.Count >= part || others.Count >= HeldMax ? CouponRefused.NoneLeft : new StockTaken(of, shard, taker, now, until);
    }

    public Decision Return(string of, int shard, Guid taker) =>
        Held.Any(held => held.Taker == taker) ? new StockReturned(of, shard, taker, WasHeld: true) : Decision.Nothing;

    private static Stock Evolve(Stock stock, DomainEvent happened) => happened switch
    {
        StockTaken { Until: { } until } held => stock with
        {
            Held = [.. stock.Held.Where(piece => piece.Until > held.At && piece.Taker != held.Taker), new(held.Taker, until)],
        },
        StockTaken taken => new(stock.Taken + 1, [.. stock.Held.Where(piece => piece.Until > taken.At && piece.Taker != taken.Taker)]),
        StockReturned { WasHeld: true } returned => stock with { Held = [.. stock.Held.Where(piece => piece.Taker != returned.Taker)] },
        StockReturned => stock with { Taken = stock.Taken - 1 },
        _ => throw new UnreachableException($"A stock does not know {happened.GetType().Name}."),
    };
}
