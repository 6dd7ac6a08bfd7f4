using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>Which coupon: by its code, or by its id in a customer's wallet.</summary>
/// <param name="Customer">Who uses it, where that is known; with <paramref name="Coupon"/> whose wallet it is in.</param>
/// <param name="Channel">Such as <c>pos</c> or <c>eshop</c>.</param>
/// <param name="Receipt">The touchpoint's number of the purchase.</param>
/// <param name="DiscountMinor">What was taken off, in minor units of <paramref name="Currency"/>.</param>
internal sealed record CouponRequest(
    string? Code, Guid? Customer, Guid? Coupon, string? Channel, string? Store, string? Receipt, long DiscountMinor, string? Currency)
{
    public CouponUse Use => new(Channel, Store, Receipt, DiscountMinor, Currency);
}

/// <param name="Why">Why it cannot be used now; null where it can.</param>
internal sealed record CouponChecked(
    Guid Coupon, string Campaign, IReadOnlyDictionary<string, string> Names, CouponBenefit Benefit, DateTimeOffset? From, DateTimeOffset? Until, bool Usable,
    WhyNot? Why);

/// <param name="Code">Stable, such as <c>coupon-used</c>.</param>
internal sealed record WhyNot(string Code, string Detail);

/// <param name="Reservation">Opaque; for confirming and giving up.</param>
/// <param name="Until">The first moment at which others may have it.</param>
internal sealed record ReservationAnswer(string Reservation, Guid Coupon, string Campaign, CouponBenefit Benefit, DateTimeOffset Until);

/// <param name="Over">It had been used before, and was honoured all the same.</param>
internal sealed record CouponRedemption(Guid Coupon, string Campaign, CouponBenefit Benefit, DateTimeOffset At, bool Late, bool Over);

/// <summary>What tills, shops and marketplaces do with coupons. Each request but check and giving up has an <c>Idempotency-Key</c>.</summary>
internal static class TillEndpoints
{
    private const int TextCharsMax = 100;

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPost("/coupons/check", CheckAsync).RequireApiKey("partner");
        loyalty.MapPost("/coupons/reservations", ReserveAsync).RequireApiKey("partner");
        loyalty.MapPost("/coupons/reservations/{reservation}/confirm", ConfirmAsync).RequireApiKey("partner");
        loyalty.MapDelete("/coupons/reservations/{reservation}", ReleaseAsync).RequireApiKey("partner");
        loyalty.MapPost("/coupons/redemptions", RedeemAsync).RequireApiKey("partner");
    }

    public static List<FieldError> Check(CouponRequest body)
    {
        var errors = new List<FieldError>();
        if (body.Code is null && (body.Customer is null || body.Coupon is null))
            errors.Add(new("/code", "Send a code, or a customer and the coupon's id in their wallet."));
        if (body.Code is not null && body.Coupon is not null)
            errors.Add(new("/coupon", "Send either a code or a coupon's id."));
        foreach (var (at, text) in new[] { ("/code", body.Code), ("/channel", body.Channel), ("/store", body.Store), ("/receipt", body.Receipt) })
        {
            if (text?.Length > TextCharsMax)
                errors.Add(new(at, $"At most {TextCharsMax} characters."));
        }

        CampaignCheck.Range(errors, "/discountMinor", body.DiscountMinor, 0, 1_000_000_000_000);
        if (body.DiscountMinor > 0)
            CampaignCheck.Currency(errors, "/currency", body.Currency);
        return errors;
    }

    public static string HashOf<T>(T body, JsonTypeInfo<T> json) => Ids.Fingerprint(JsonSerializer.Serialize(body, json));

    public static int StatusOf(Refusal refusal) => refusal.Code switch
    {
        "coupon-unknown" => StatusCodes.Status404NotFound,
        "too-many-failed-tries" => StatusCodes.Status429TooManyRequests,
        "customer-needed" => StatusCodes.Status400BadRequest,
        "no-coupon-key" => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status409Conflict,
    };

    public static async Task<(FoundCoupon? Found, Refusal? Refusal)> FindAsync(
        CouponDesk desk, CouponRequest body, string use, string caller, bool look, CancellationToken cancellation)
    {
        var (found, refusal) = body.Code is { } code
            ? await desk.FindAsync(code, use, caller, look, cancellation)
            : await desk.FindAsync(body.Customer!.Value, body.Coupon!.Value, cancellation);
        return (found, refusal ?? await desk.WhyNotOfAsync(found!, body.Customer, cancellation));
    }

    private static async Task<IResult> CheckAsync(
        CouponRequest body, CouponDesk desk, BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        if (Check(body) is { Count: > 0 } errors)
            return Problem.Invalid(errors);
        var (found, refusal) = await FindAsync(desk, body, "check", context.GetApiCaller().Name, look: true, cancellation);
        if (found is null)
            return refusal!.ToProblem(StatusOf(refusal!));
        refusal ??= found.Life.WhyNot(clock.GetUtcNow()) ?? await desk.WhyNoneLeftAsync(found, cancellation);
        return TypedResults.Json(
            new CouponChecked(
                found.Life.Id, found.Campaign.Id, found.Campaign.Names, found.Campaign.Benefit, found.Life.From, found.Life.Until, refusal is null,
                refusal is null ? null : new(refusal.Code, refusal.Detail)),
            CouponJson.Default.CouponChecked);
    }

    private static Task<IResult> ReserveAsync(
        CouponRequest body, [FromHeader(Name = Idempotency.Header)] string? key, CouponDesk desk, BusinessClock clock, HttpContext context,
        CancellationToken cancellation) => UseAsync(body, key, reserve: true, desk, clock, context, cancellation);

    private static Task<IResult> RedeemAsync(
        CouponRequest body, [FromHeader(Name = Idempotency.Header)] string? key, CouponDesk desk, BusinessClock clock, HttpContext context,
        CancellationToken cancellation) => UseAsync(body, key, reserve: false, desk, clock, context, cancellation);

    private static async Task<IResult> UseAsync(
        CouponRequest body, string? key, bool reserve, CouponDesk desk, BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        var errors = Check(body);
        if (Idempotency.FaultOf(key) is { } error)
            errors.Add(error);
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        var caller = context.GetApiCaller().Name;
        var request = $"{caller}/{(reserve ? "reserve" : "redeem")}/{key}";
        var (found, refusal) = await FindAsync(desk, body, request, caller, look: false, cancellation);
        if (refusal is not null)
            return refusal.ToProblem(StatusOf(refusal));

        var hash = HashOf(body, CouponJson.Default.CouponRequest);
        var ask = new UseAsk(found!.Campaign, found.Version, body.Customer ?? found.Owner, body.Use, hash, caller, clock.GetUtcNow());
        var result = await desk.UseAsync(found, ask, reserve, request, cancellation);
        if (result.Refusal is not null)
            return result.Refusal.ToProblem(StatusOf(result.Refusal));
        return result.Events[0].Event switch
        {
            CouponReserved reserved when reserved.Hash == hash => TypedResults.Json(
                new ReservationAnswer(
                    Token(reserved.Coupon, found.Owner, reserved.Number), reserved.Coupon, reserved.Campaign, found.Campaign.Benefit, reserved.Until),
                CouponJson.Default.ReservationAnswer, statusCode: StatusCodes.Status201Created),
            CouponRedeemed redeemed when redeemed.Hash == hash => Redeemed(redeemed, found.Campaign),
            _ => new IdempotencyKeyReused().ToProblem(),
        };
    }

    private static async Task<IResult> ConfirmAsync(
        string reservation, CouponUse body, [FromHeader(Name = Idempotency.Header)] string? key, CouponDesk desk, CouponBook book, BusinessClock clock,
        HttpContext context, CancellationToken cancellation)
    {
        var errors = Check(new("", null, null, body.Channel, body.Store, body.Receipt, body.DiscountMinor, body.Currency));
        if (Idempotency.FaultOf(key) is { } error)
            errors.Add(error);
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        if (Meant(reservation) is not var (coupon, member, number))
            return NoReservation();
        var caller = context.GetApiCaller().Name;
        var hash = Ids.Fingerprint($"{reservation} {HashOf(body, CouponJson.Default.CouponUse)}");
        var ask = new UseAsk(null!, 0, member, body, hash, caller, clock.GetUtcNow());
        var result = await desk.ConfirmAsync(coupon, member, number, ask, $"{caller}/confirm/{key}", cancellation);
        if (result.Refusal is not null)
            return result.Refusal.ToProblem(StatusOf(result.Refusal));
        return result.Events[0].Event is CouponRedeemed redeemed && redeemed.Hash == hash
            ? Redeemed(redeemed, book.Known.Version(redeemed.Campaign, redeemed.Version))
            : new IdempotencyKeyReused().ToProblem();
    }

    /// <summary>Also for a reservation that is over or was given up before: 204.</summary>
    private static async Task<IResult> ReleaseAsync(string reservation, CouponDesk desk, CancellationToken cancellation)
    {
        if (Meant(reservation) is not var (coupon, member, number))
            return NoReservation();
        var result = await desk.ReleaseAsync(coupon, member, number, cancellation);
        return result.Refusal is null ? TypedResults.NoContent() : result.Refusal.ToProblem(StatusOf(result.Refusal));
    }

    private static JsonHttpResult<CouponRedemption> Redeemed(CouponRedeemed redeemed, Campaign campaign) => TypedResults.Json(
        new CouponRedemption(redeemed.Coupon, redeemed.Campaign, campaign.Benefit, redeemed.At, redeemed.Late, redeemed.Over),
        CouponJson.Default.CouponRedemption);

    private static ProblemHttpResult NoReservation() => Problem.NotFound("There is no reservation with this id.");

    public static string Token(Guid coupon, Guid? member, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{(member is { } owner ? $"w{owner:N}" : "c")}{coupon:N}-{number}");

    public static (Guid Coupon, Guid? Member, int Number)? Meant(string reservation)
    {
        const int GuidChars = 32;
        if (reservation.Split('-') is not [var ids, var count] || !int.TryParse(count, CultureInfo.InvariantCulture, out var number))
            return null;
        if (ids.Length == 1 + GuidChars && ids[0] == 'c' && Guid.TryParseExact(ids[1..], "N", out var coupon))
            return (coupon, null, number);
        return ids.Length == 1 + (2 * GuidChars) && ids[0] == 'w' && Guid.TryParseExact(ids[1..(1 + GuidChars)], "N", out var member)
            && Guid.TryParseExact(ids[(1 + GuidChars)..], "N", out coupon)
            ? (coupon, member, number)
            : null;
    }
}
