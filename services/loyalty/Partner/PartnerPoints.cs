using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>Earning and burning at a partner: the same commands as tills use, with the partner as who pays or is paid.</summary>
internal static class PartnerPoints
{
    public static void Bind(GrpcService partner) => partner
        .Unary<EarnPointsRequest, EarnPointsResponse>("EarnPoints", EarnAsync)
        .Unary<RedeemPointsRequest, RedeemPointsResponse>("RedeemPoints", RedeemAsync)
        .Unary<ReservePointsRequest, ReservePointsResponse>("ReservePoints", ReserveAsync)
        .Unary<ConfirmHoldRequest, RedeemPointsResponse>("ConfirmHold", ConfirmAsync)
        .Unary<CancelHoldRequest, CancelHoldResponse>("CancelHold", CancelAsync);

    private static async Task<EarnPointsResponse> EarnAsync(EarnPointsRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var customer = PartnerRefusals.IdOf(request.CustomerId, "customer_id");
        var (now, body) = (Now(call), Idempotency.BodyOf(request.Points, request.Reason, request.At?.Seconds, request.At?.Nanos));
        var grant = new Grant(
            GrantPoints.IdFor(customer, PartnerRefusals.KeyOf(request.IdempotencyKey)), request.Points, request.Reason,
            request.At?.ToDateTimeOffset() ?? now, Partner(call), body);
        var versions = call.Http.RequestServices.GetRequiredService<ProgrammeBook>().Versions;
        var granted = await DoAsync<PointsGranted>(call, GrantPoints.Command(customer, grant, versions, now), e => e.Body == body, cancellation);
        return new EarnPointsResponse
        {
            GrantId = granted.Grant.ToString(), Points = granted.Points, ExpiresAt = granted.ExpiresAt.ToTimestamp(), Balance = granted.Balance,
        };
    }

    private static async Task<RedeemPointsResponse> RedeemAsync(RedeemPointsRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var customer = PartnerRefusals.IdOf(request.CustomerId, "customer_id");
        var (now, body) = (Now(call), Idempotency.BodyOf(request.Points, request.Reason));
        var wanted = new Redemption(
            RedeemPoints.IdFor(customer, PartnerRefusals.KeyOf(request.IdempotencyKey)), request.Points, request.Reason, now, Partner: Partner(call),
            Body: body);
        return Answer(await DoAsync<PointsRedeemed>(call, RedeemPoints.Command(customer, wanted, now), e => e.Body == body, cancellation));
    }

    private static async Task<ReservePointsResponse> ReserveAsync(ReservePointsRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var customer = PartnerRefusals.IdOf(request.CustomerId, "customer_id");
        var body = Idempotency.BodyOf(request.Points, request.Reason, request.Seconds);
        var wanted = new Reservation(
            ReservePoints.IdFor(customer, PartnerRefusals.KeyOf(request.IdempotencyKey)), request.Points, request.Reason,
            request.Seconds == 0 ? ReservePoints.SecondsUsual : request.Seconds, Partner(call), body);
        var reserved = await DoAsync<PointsReserved>(call, ReservePoints.Command(customer, wanted, Now(call)), e => e.Body == body, cancellation);
        return new ReservePointsResponse
        {
            HoldId = reserved.Hold.ToString(), Until = reserved.Until.ToTimestamp(), Available = reserved.Available,
        };
    }

    private static async Task<RedeemPointsResponse> ConfirmAsync(ConfirmHoldRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (customer, hold) = HoldOf(request.CustomerId, request.HoldId);
        long? points = request.Points == 0 ? null : request.Points;
        var command = ConfirmHold.Command(customer, hold, points, Now(call));
        return Answer(await DoAsync<PointsRedeemed>(call, command, e => e.Body == ConfirmHold.BodyOf(points), cancellation, customer, hold));
    }

    private static async Task<CancelHoldResponse> CancelAsync(CancelHoldRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (customer, hold) = HoldOf(request.CustomerId, request.HoldId);
        var released = await DoAsync<HoldReleased>(call, ReleaseHold.Cancel(customer, hold, Now(call)), _ => true, cancellation, customer, hold);
        return new CancelHoldResponse { Points = released.Points, Balance = released.Balance - PickLots.ExpiredBy(released.Lots, released.At) };
    }

    /// <summary>Runs a command and answers its first event, which is that of the first time when this is a repeat.</summary>
    private static async Task<TEvent> DoAsync<TEvent>(
        GrpcCall call, Command command, Func<TEvent, bool> isSame, CancellationToken cancellation, Guid customer = default, HoldId hold = default)
        where TEvent : DomainEvent
    {
        var runtime = call.Http.RequestServices.PatronService(Module.Name);
        var result = await runtime.ExecuteAsync(command, cancellation);
        if (result.Refusal is HoldNotOpen && HoldShown.Of(hold, await runtime.ReadCustomerAsync(customer, cancellation)) is null)
            throw new GrpcException(GrpcStatus.NotFound, "The customer has no hold with this hold_id; use the one that ReservePoints answered.");
        if (result.Refusal is { } refusal)
            throw PartnerRefusals.Of(refusal);
        return result.Events[0].Event is TEvent happened && isSame(happened) ? happened : throw PartnerRefusals.Of(new IdempotencyKeyReused());
    }

    private static RedeemPointsResponse Answer(PointsRedeemed redeemed) =>
        new() { RedemptionId = redeemed.Redemption.ToString(), Points = redeemed.Points, Balance = redeemed.Balance };

    private static (Guid Customer, HoldId Hold) HoldOf(string customer, string hold) =>
        (PartnerRefusals.IdOf(customer, "customer_id"), new(PartnerRefusals.IdOf(hold, "hold_id")));

    private static DateTimeOffset Now(GrpcCall call) => call.Http.RequestServices.GetRequiredService<BusinessClock>().GetUtcNow();

    private static string Partner(GrpcCall call) => call.Http.Features.Get<ApiCaller>()!.Name;
}
