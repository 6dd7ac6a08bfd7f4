using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

internal sealed record HoldUnknown : Refusal
{
    public override string Code => "hold-unknown";

    public override string Detail => "The member has no hold with this id; use the one that the reservation answered.";
}

internal sealed record MoreThanPartnerMayBook(long PointsPerCall) : Refusal
{
    public override string Code => "points-per-call-exceeded";

    public override string Detail => $"The partner may book at most {PointsPerCall} points in a call; ask the brand for more.";
}

/// <summary>Partners book points for members, and set points aside, spend them or give them back.</summary>
internal sealed class PartnerPoints(ServiceRuntime runtime, ProgrammeBook programmes, PartnerSettings settings, BusinessClock clock)
{
    public async Task<EarnResponse> EarnAsync(EarnRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (partner, customer) = (PartnerService.PartnerOf(call), PartnerService.IdOf(request.CustomerId, "customer_id"));
        if (request.Points > settings.QuotaOf(partner).PointsPerCall)
            throw PartnerErrors.Of(new MoreThanPartnerMayBook(settings.QuotaOf(partner).PointsPerCall));

        var now = clock.GetUtcNow();
        var grant = new Grant(
            GrantPoints.IdFor(customer, PartnerService.KeyOf(request.IdempotencyKey, partner)), request.Points, request.Reason,
            request.OccurredAt is { } told ? TimeOf(told, "occurred_at") : now, partner,
            Idempotency.BodyOf(request.Points, request.Reason, request.OccurredAt?.ToString()));
        var granted = await RunAsync<PointsGranted>(GrantPoints.Command(customer, grant, programmes.Versions, now), e => e.Body == grant.Body, cancellation);
        return new() { GrantId = granted.Grant.ToString(), Points = granted.Points, Settled = granted.Settled, Balance = granted.Balance };
    }

    public async Task<ReservePointsResponse> ReserveAsync(ReservePointsRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (partner, customer) = (PartnerService.PartnerOf(call), PartnerService.IdOf(request.CustomerId, "customer_id"));
        var seconds = request.HoldFor is { } wanted ? SecondsOf(wanted) : ReservePoints.SecondsUsual;
        var reservation = new Reservation(
            ReservePoints.IdFor(customer, PartnerService.KeyOf(request.IdempotencyKey, partner)), request.Points, request.Reason, seconds, partner,
            Idempotency.BodyOf(request.Points, request.Reason, seconds));
        var reserved = await RunAsync<PointsReserved>(
            ReservePoints.Command(customer, reservation, clock.GetUtcNow()), e => e.Body == reservation.Body, cancellation);
        return new()
        {
            HoldId = reserved.Hold.ToString(), Points = reserved.Points, ExpiresAt = reserved.Until.ToTimestamp(), Available = reserved.Available,
        };
    }

    public async Task<RedeemPointsResponse> RedeemAsync(RedeemPointsRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (partner, customer) = (PartnerService.PartnerOf(call), PartnerService.IdOf(request.CustomerId, "customer_id"));
        var now = clock.GetUtcNow();
        var wanted = new Redemption(
            RedeemPoints.IdFor(customer, PartnerService.KeyOf(request.IdempotencyKey, partner)), request.Points, request.Reason, now, Partner: partner,
            Body: Idempotency.BodyOf(request.Points, request.Reason));
        return Answer(await RunAsync<PointsRedeemed>(RedeemPoints.Command(customer, wanted, now), e => e.Body == wanted.Body, cancellation));
    }

    public async Task<RedeemPointsResponse> ConfirmAsync(ConfirmHoldRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (customer, hold) = (PartnerService.IdOf(request.CustomerId, "customer_id"), PartnerService.IdOf(request.HoldId, "hold_id"));
        long? points = request.Points == 0 ? null : request.Points;
        var redeemed = await RunAsync<PointsRedeemed>(
            ConfirmHold.Command(customer, new(hold), points, clock.GetUtcNow()), e => e.Body == ConfirmHold.BodyOf(points), cancellation, customer, new(hold));
        return Answer(redeemed);
    }

    public async Task<CancelHoldResponse> CancelAsync(CancelHoldRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (customer, hold) = (PartnerService.IdOf(request.CustomerId, "customer_id"), PartnerService.IdOf(request.HoldId, "hold_id"));
        var released = await RunAsync<HoldReleased>(ReleaseHold.Cancel(customer, new(hold), clock.GetUtcNow()), _ => true, cancellation, customer, new(hold));
        return new() { Points = released.Points, Balance = released.Balance - PickLots.ExpiredBy(released.Lots, released.At) };
    }

    /// <param name="isSame">The request that led to the event was the same as this one.</param>
    private async Task<TEvent> RunAsync<TEvent>(
        Command command, Func<TEvent, bool> isSame, CancellationToken cancellation, Guid customer = default, HoldId hold = default)
        where TEvent : DomainEvent
    {
        var result = await runtime.ExecuteAsync(command, cancellation);
        if (result.Refusal is HoldNotOpen && HoldShown.Of(hold, await runtime.ReadCustomerAsync(customer, cancellation)) is null)
            throw PartnerErrors.Of(new HoldUnknown());
        if (result.Refusal is { } refusal)
            throw PartnerErrors.Of(refusal);
        return result.Events[0].Event is TEvent happened && isSame(happened) ? happened : throw PartnerErrors.Of(new IdempotencyKeyReused());
    }

    private static RedeemPointsResponse Answer(PointsRedeemed redeemed) =>
        new() { RedemptionId = redeemed.Redemption.ToString(), Points = redeemed.Points, Balance = redeemed.Balance };

    private static DateTimeOffset TimeOf(Timestamp told, string field)
    {
        try
        {
            return told.ToDateTimeOffset();
        }
        catch (InvalidOperationException)
        {
            throw PartnerErrors.Invalid(field, "This is no moment between the years 1 and 9999.");
        }
    }

    private static int SecondsOf(Duration wanted) => wanted is { Nanos: 0, Seconds: >= ReservePoints.SecondsMin and <= ReservePoints.SecondsMax }
        ? (int)wanted.Seconds
        : throw PartnerErrors.Invalid("hold_for", $"This must be {ReservePoints.SecondsMin} to {ReservePoints.SecondsMax} whole seconds.");
}
