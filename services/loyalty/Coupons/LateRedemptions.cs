using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A use that happened while a till was offline.</summary>
/// <param name="Key">The till's own id of the use; the same for a retry, so that a queue may be sent as often as needed and in any order.</param>
/// <param name="At">When it was used: at most 90 days ago.</param>
internal sealed record LateRedemption(
    string? Key, DateTimeOffset At, string? Code, Guid? Customer, Guid? Coupon, string? Channel, string? Store, string? Receipt, long DiscountMinor,
    string? Currency)
{
    public CouponRequest Request => new(Code, Customer, Coupon, Channel, Store, Receipt, DiscountMinor, Currency);
}

/// <param name="Outcome"><c>accepted</c>, <c>over</c> where it was honoured though it had been used before, or <c>refused</c>.</param>
internal sealed record LateAnswer(string Key, string Outcome, WhyNot? Why);

/// <summary>A coupon that was honoured once too often.</summary>
internal sealed record OverRedemption(Guid Coupon, string Campaign, DateTimeOffset At, Guid? Customer, string By, string? Store, string? Receipt);

/// <summary>Takes what tills did while they were offline. Each use stands for itself; what becomes of a conflict is the campaign's policy.</summary>
internal sealed class LateRedemptions : IInlineView
{
    private const int UsesMax = 200;
    private const int ShownMax = 200;
    private static readonly TimeSpan AgeMax = TimeSpan.FromDays(90);
    private static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(5);

    public static Migration Migration { get; } = Migration.Embedded("coupons.sql");

    public static CustomerTable Table { get; } = new("over_redemptions");

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPost("/coupons/redemptions/late", TakeAllAsync).RequireApiKey("partner");
        loyalty.MapGet("/coupons/over-redemptions", ListAsync).RequireApiKey("read");
    }

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var over = events.Where(recorded => recorded.Event is CouponRedeemed { Over: true }).ToList();
        if (over.Count == 0)
            return;
        var redeemed = over.ConvertAll(recorded => (CouponRedeemed)recorded.Event);
        Statements.Add(
            transaction,
            """
            insert into over_redemptions (coupon, request, campaign, at, customer, caller, store, receipt)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[], $8::text[])
            on conflict do nothing
            """,
            Statements.Uuids(redeemed.Select(it => it.Coupon)),
            Statements.Texts(redeemed.Select(it => it.Hash)),
            Statements.Texts(redeemed.Select(it => it.Campaign)),
            Statements.Times(redeemed.Select(it => it.At)),
            Statements.NullableUuids(redeemed.Select(it => it.Member)),
            Statements.Texts(redeemed.Select(it => it.By)),
            Statements.Texts(redeemed.Select(it => it.Use.Store)),
            Statements.Texts(redeemed.Select(it => it.Use.Receipt)));
    }

    private static async Task<IResult> TakeAllAsync(
        IReadOnlyList<LateRedemption> body, CouponDesk desk, BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        if (body.Count is 0 or > UsesMax || body.Any(late => late is null))
            return Problem.Invalid(new FieldError("", $"Send 1 to {UsesMax} uses at a time."));
        var now = clock.GetUtcNow();
        var errors = body.SelectMany((late, index) => Check(late, now).Select(error => error with { Path = $"/{index}{error.Path}" })).ToList();
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        var answers = new List<LateAnswer>();
        foreach (var late in body)
            answers.Add(await TakeAsync(late, desk, context.GetApiCaller().Name, now, cancellation));
        return TypedResults.Json<IReadOnlyList<LateAnswer>>(answers, CouponJson.Default.IReadOnlyListLateAnswer);
    }

    private static async Task<LateAnswer> TakeAsync(
        LateRedemption late, CouponDesk desk, string caller, DateTimeOffset now, CancellationToken cancellation)
    {
        var request = $"{caller}/late/{late.Key}";
        var (found, refusal) = await TillEndpoints.FindAsync(desk, late.Request, request, caller, look: false, cancellation);
        if (refusal is null)
        {
            var hash = TillEndpoints.HashOf(late, CouponJson.Default.LateRedemption);
            var ask = new UseAsk(found!.Campaign, found.Version, late.Customer ?? found.Owner, late.Request.Use, hash, caller, late.At, LateAt: now);
            var result = await desk.UseAsync(found, ask, reserve: false, request, cancellation);
            refusal = result.Refusal;
            if (result.Events is [{ Event: CouponRedeemed redeemed }, ..])
            {
                if (redeemed.Hash == hash)
                    return new(late.Key!, redeemed.Over ? "over" : "accepted", null);
                refusal = new IdempotencyKeyReused();
            }
        }

        return new(late.Key!, "refused", new(refusal!.Code, refusal.Detail));
    }

    private static List<FieldError> Check(LateRedemption late, DateTimeOffset now)
    {
        var errors = TillEndpoints.Check(late.Request);
        if (Idempotency.FaultOf(late.Key) is not null)
            errors.Add(new("/key", "Give each use a key of 1 to 128 characters of its own, the same for a retry."));
        if (late.At > now + AheadMax || late.At < now - AgeMax)
            errors.Add(new("/at", "This must be a time of the last 90 days. A till whose clock is wrong must correct it first."));
        return errors;
    }

    /// <summary>The latest first.</summary>
    private static async Task<IResult> ListAsync([FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        await using var command = runtime.Database.CreateCommand(
            "select coupon, campaign, at, customer, caller, store, receipt from over_redemptions order by at desc, coupon limit $1");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = ShownMax, NpgsqlDbType = NpgsqlDbType.Integer });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<OverRedemption>();
        while (await row.ReadAsync(cancellation))
        {
            found.Add(new(
                row.GetGuid(0), row.GetString(1), new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero), row.IsDBNull(3) ? null : row.GetGuid(3),
                row.GetString(4), row.IsDBNull(5) ? null : row.GetString(5), row.IsDBNull(6) ? null : row.GetString(6)));
        }

        return TypedResults.Json<IReadOnlyList<OverRedemption>>(found, CouponJson.Default.IReadOnlyListOverRedemption);
    }
}
