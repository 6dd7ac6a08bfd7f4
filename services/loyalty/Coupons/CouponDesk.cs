using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>Which coupon somebody means, and what decides about it.</summary>
/// <param name="Life">As it was when it was looked up; what is decided later is decided under the lock.</param>
/// <param name="Owner">Whose wallet it stands in; null for a code that nobody was issued.</param>
/// <param name="Public">The code, where many people may use it: then <paramref name="Life"/> is one new use.</param>
internal sealed record FoundCoupon(CouponLife Life, Campaign Campaign, int Version, Guid? Owner, PublicCode? Public);

/// <summary>Finds coupons by what people and tills have of them, and carries out what they want to do.</summary>
internal sealed class CouponDesk(
    [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, FailedTries tries, BusinessClock clock)
{
    private static readonly CouponRefused TooManyTries = new(
        "too-many-failed-tries", "Too many codes that do not exist were asked for. Wait a minute, and look at what the till reads.");

    /// <summary>By code.</summary>
    /// <param name="use">Makes the id of one use of a public code.</param>
    /// <param name="caller">Whose failed tries are counted.</param>
    /// <param name="look">Tell what became of the coupon so far; whoever uses it finds that out under its lock.</param>
    public async Task<(FoundCoupon? Found, Refusal? Refusal)> FindAsync(
        string code, string use, string caller, bool look, CancellationToken cancellation)
    {
        if (!tries.MayTry(caller))
            return (null, TooManyTries);
        var content = await book.ReadAsync(cancellation);
        var found = await FindAsync(content, code, use, look, cancellation);
        if (found is null)
        {
            // What another instance made a moment ago is not known here yet.
            var newer = await book.RefreshAsync(cancellation);
            found = newer == content ? null : await FindAsync(content = newer, code, use, look, cancellation);
        }

        if (found is not null)
            return (found, WhyNot(content, found));
        tries.Failed(caller);
        return (null, CouponRefused.Unknown);
    }

    /// <summary>By id, in a customer's wallet.</summary>
    public async Task<(FoundCoupon? Found, Refusal? Refusal)> FindAsync(Guid customer, Guid coupon, CancellationToken cancellation)
    {
        var content = await book.ReadAsync(cancellation);
        var found = await InWalletAsync(content, customer, coupon, cancellation);
        return found is null ? (null, CouponRefused.Unknown) : (found, WhyNot(content, found));
    }

    /// <summary>One of a wallet that was read.</summary>
    public async Task<(FoundCoupon? Found, Refusal? Refusal)> FindAsync(Guid customer, CouponLife life, CancellationToken cancellation)
    {
        var content = await book.ReadAsync(cancellation);
        var found = new FoundCoupon(life, content.Version(life.Campaign, life.Version), life.Version, customer, null);
        return (found, WhyNot(content, found));
    }

    /// <summary>Null where pieces of a limited public code are left. What is decided later is decided under the locks.</summary>
    public async Task<Refusal?> WhyNoneLeftAsync(FoundCoupon found, CancellationToken cancellation)
    {
        if (found.Public?.Defined is not { TotalMax: > 0 } limited)
            return null;
        var now = clock.GetUtcNow();
        var shards = await runtime.StatesAsync(
            Stock.Kind, [.. Enumerable.Range(0, limited.Shards).Select(shard => Stock.IdOf(NameOf(limited.Code), shard))], cancellation);
        return shards.Values.Sum(stock => stock.Taken + stock.Held.Count(held => held.Until > now)) >= limited.TotalMax ? CouponRefused.NoneLeft : null;
    }

    /// <summary>Null where the coupon may be this customer's.</summary>
    public async Task<Refusal?> WhyNotOfAsync(FoundCoupon found, Guid? customer, CancellationToken cancellation)
    {
        if (customer is null)
        {
            var needed = found.Owner is null && (found.Campaign.PerMemberMax > 0 || found.Campaign.Conditions?.MembersOnly == true);
            return needed ? CouponRefused.MemberNeeded : null;
        }

        if (found.Owner is not { } owner || owner == customer)
            return null;
        return await runtime.RootAsync(owner, cancellation) == await runtime.RootAsync(customer.Value, cancellation) ? null : CouponRefused.OfAnother;
    }

    /// <param name="until">Null to use it at once.</param>
    /// <param name="key">Makes a repeat answer what the first did.</param>
    public async Task<CommandResult> UseAsync(FoundCoupon found, UseAsk ask, bool reserve, string key, CancellationToken cancellation)
    {
        var shards = found.Public?.Defined is { TotalMax: > 0 } limited ? limited.Shards : 0;
        var first = shards == 0 ? 0 : (int)((uint)found.Life.Id.GetHashCode() % (uint)shards);
        for (var tried = 0; ; tried++)
        {
            var shard = shards == 0 ? 0 : (first + tried) % shards;
            var unit = Unit(found, ask with { PublicCode = found.Public?.Defined.Code, Shard = shard }, reserve, key);
            var results = (await runtime.ExecuteTogetherAsync([unit], cancellation))[0];
            if (results[0].Refusal != CouponRefused.NoneLeft || tried + 1 >= shards)
                return results[0];
        }
    }

    /// <param name="number">Of the reservation.</param>
    /// <param name="member">Whose wallet it stands in, or null for a stream of its own.</param>
    public async Task<CommandResult> ConfirmAsync(Guid coupon, Guid? member, int number, UseAsk ask, string key, CancellationToken cancellation)
    {
        var (life, content) = (await LifeAsync(coupon, member, cancellation), await book.ReadAsync(cancellation));
        if (life is null || life.Campaign.Length == 0)
            return new(CouponRefused.ReservationOver, false, 0, []);
        ask = ask with { Campaign = content.Version(life.Campaign, life.Version), Version = life.Version, Member = member ?? life.Reservation?.Member };
        var unit = new List<Command>();
        if (member is { } owner)
        {
            unit.Add(Wallet.Command(owner, (wallet, _) => UseCoupon.Confirm(wallet, coupon, loose: false, number, ask)));
        }
        else
        {
            unit.Add(Coupon.Command(life, known => UseCoupon.Confirm(known, number, ask)));
            if (life.Reservation is { PublicCode: { } code } reservation && content.PublicCodes[code].Defined.TotalMax > 0)
                unit.Add(Take(content.PublicCodes[code].Defined, reservation.Shard, coupon, ask, null));
            if (ask.Member is { } user)
                unit.Add(Wallet.Command(user, (wallet, _) => UseCoupon.Confirm(wallet, coupon, loose: true, number, ask)));
        }

        return (await runtime.ExecuteTogetherAsync([Keyed(unit, key)], cancellation))[0][0];
    }

    /// <summary>Gives up a reservation; safe to repeat.</summary>
    public async Task<CommandResult> ReleaseAsync(Guid coupon, Guid? member, int number, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var life = await LifeAsync(coupon, member, cancellation);
        if (life is null)
            return new(CouponRefused.ReservationOver, false, 0, []);
        if (member is { } owner)
        {
            return await runtime.ExecuteAsync(
                Wallet.Command(owner, (wallet, _) => UseCoupon.Release(wallet, coupon, number, lapsed: false, now)), cancellation);
        }

        var unit = new List<Command> { Coupon.Command(life, known => UseCoupon.Release(known, number, lapsed: false, now)) };
        if (life.Reservation is { } reservation && reservation.Number == number)
        {
            if (reservation.PublicCode is { } code)
                unit.Add(Stock.Command(NameOf(code), reservation.Shard, stock => stock.Return(NameOf(code), reservation.Shard, coupon)));
            if (reservation.Member is { } user)
                unit.Add(Wallet.Command(user, (wallet, _) => UseCoupon.Release(wallet, coupon, number, lapsed: false, now)));
        }

        return (await runtime.ExecuteTogetherAsync([unit], cancellation))[0][0];
    }

    private static IReadOnlyList<Command> Unit(FoundCoupon found, UseAsk ask, bool reserve, string key)
    {
        var id = found.Life.Id;
        var until = reserve ? ask.Now.AddMinutes(ask.Campaign.ReservedMinutes) : (DateTimeOffset?)null;
        var unit = new List<Command>();
        if (found.Owner is { } owner)
        {
            unit.Add(Wallet.Command(owner, (wallet, origin) => reserve
                ? UseCoupon.Reserve(wallet, id, loose: false, ask)
                : UseCoupon.Redeem(wallet, id, loose: false, ask, origin)));
            return Keyed(unit, key);
        }

        unit.Add(Coupon.Command(found.Life, life => life.WalletCoupon is not null ? CouponRefused.OfAnother
            : reserve ? UseCoupon.Reserve(life, ask) : UseCoupon.Redeem(life, ask)));
        if (found.Public?.Defined is { TotalMax: > 0 } limited)
            unit.Add(Take(limited, ask.Shard, id, ask, until));
        if (ask.Member is { } member)
        {
            unit.Add(Wallet.Command(member, (wallet, origin) => reserve
                ? UseCoupon.Reserve(wallet, id, loose: true, ask)
                : UseCoupon.Redeem(wallet, id, loose: true, ask, origin)));
        }

        return Keyed(unit, key);
    }

    private static Command Take(PublicCodeDefined code, int shard, Guid use, UseAsk ask, DateTimeOffset? until)
    {
        var part = ask.IsHonoured ? long.MaxValue : Stock.PartOf(code.TotalMax, shard, code.Shards);
        return Stock.Command(NameOf(code.Code), shard, stock => stock.Take(NameOf(code.Code), shard, part, use, ask.Now, until));
    }

    private static string NameOf(string publicCode) => $"public-code/{publicCode}";

    private static IReadOnlyList<Command> Keyed(IEnumerable<Command> unit, string key) =>
        [.. unit.Select((command, index) => command with { IdempotencyKey = Ids.Of("coupon-request", FormattableString.Invariant($"{index}/{key}")) })];

    private async Task<FoundCoupon?> FindAsync(BookContent content, string code, string use, bool look, CancellationToken cancellation)
    {
        if (book.Space(content)?.TryRead(code, out var number, out var proof) == true)
        {
            if (!content.Batches.TryGetValue(number.Batch, out var batch) || number.Serial >= batch.Made.Count
                || !CodeSpace.Proves(proof, number, book.KeyOf(batch)))
                return null;
            var id = Coupon.IdOf(number);
            var life = look || batch.Made.Running ? (await runtime.StateAsync(Coupon.Kind, id, cancellation))?.Life : null;
            if (life is { Member: { } member, WalletCoupon: { } coupon })
                return await InWalletAsync(content, member, coupon, cancellation);
            if (batch.Made.Running)
                return null;
            life ??= CouponLife.Fresh(id, batch.Campaign.Id, batch.Made.Version, batch.From, batch.Until);
            life = life with { From = batch.From, Until = batch.Until, Stage = batch.Voided && life.IsLive ? CouponStage.Voided : life.Stage };
            return new(life, batch.Campaign, batch.Made.Version, null, null);
        }

        if (!content.PublicCodes.TryGetValue(code.Trim().ToUpperInvariant(), out var many))
            return null;
        var fresh = CouponLife.Fresh(Ids.Of("use", $"{many.Defined.Code}/{use}"), many.Campaign.Id, many.Defined.Version, many.From, many.Until);
        return new(many.Ended ? fresh with { Stage = CouponStage.Voided } : fresh, many.Campaign, many.Defined.Version, null, many);
    }

    private async Task<FoundCoupon?> InWalletAsync(BookContent content, Guid customer, Guid coupon, CancellationToken cancellation)
    {
        var wallet = await WalletAsync(customer, cancellation);
        return wallet?.Find(coupon) is { } life ? new(life, content.Version(life.Campaign, life.Version), life.Version, customer, null) : null;
    }

    public async Task<Wallet?> WalletAsync(Guid customer, CancellationToken cancellation) =>
        await runtime.StateAsync(Wallet.Kind, Wallet.StreamOf(await runtime.RootAsync(customer, cancellation)), cancellation);

    private async Task<CouponLife?> LifeAsync(Guid coupon, Guid? member, CancellationToken cancellation) => member is { } owner
        ? (await WalletAsync(owner, cancellation))?.Find(coupon)
        : (await runtime.StateAsync(Coupon.Kind, coupon, cancellation))?.Life;

    private static CouponRefused? WhyNot(BookContent content, FoundCoupon found) =>
        content.Stopped.Contains(found.Campaign.Id) ? CouponRefused.Stopped : null;
}
