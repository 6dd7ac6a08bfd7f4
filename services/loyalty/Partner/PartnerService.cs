using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>What partner channels call over gRPC: who calls, how much of it, and which handler answers.</summary>
internal static class PartnerService
{
    public const string Scope = "partner";
    private const string KeyName = "x-api-key";
    private static readonly object CallerItem = new();

    public static GrpcService Create(IServiceProvider services)
    {
        var points = ActivatorUtilities.CreateInstance<PartnerPoints>(services, services.PatronService(Module.Name));
        var members = ActivatorUtilities.CreateInstance<FindMember>(services, services.PatronService(Module.Name));
        var coupons = ActivatorUtilities.CreateInstance<PartnerCoupons>(services, services.PatronService(Module.Name));
        var statements = ActivatorUtilities.CreateInstance<TellStatement>(services, services.PatronService(Module.Name));
        var sessions = ActivatorUtilities.CreateInstance<PartnerSession>(services, points, members, coupons, services.GetRequiredService<SystemClock>());
        return new GrpcService(PartnerReflection.Descriptor.Services[0])
            .Guard(CheckAsync)
            .Unary<LookupRequest, LookupResponse>("Lookup", members.LookupAsync)
            .Unary<EarnRequest, EarnResponse>("Earn", points.EarnAsync)
            .Unary<RedeemPointsRequest, RedeemPointsResponse>("RedeemPoints", points.RedeemAsync)
            .Unary<ReservePointsRequest, ReservePointsResponse>("ReservePoints", points.ReserveAsync)
            .Unary<ConfirmHoldRequest, RedeemPointsResponse>("ConfirmHold", points.ConfirmAsync)
            .Unary<CancelHoldRequest, CancelHoldResponse>("CancelHold", points.CancelAsync)
            .Unary<CheckCouponRequest, CheckCouponResponse>("CheckCoupon", coupons.CheckAsync)
            .Unary<RedeemCouponRequest, RedeemCouponResponse>("RedeemCoupon", coupons.RedeemAsync)
            .Unary<ReserveCouponRequest, ReserveCouponResponse>("ReserveCoupon", coupons.ReserveAsync)
            .Unary<ConfirmCouponRequest, RedeemCouponResponse>("ConfirmCoupon", coupons.ConfirmAsync)
            .Unary<CancelCouponRequest, CancelCouponResponse>("CancelCoupon", coupons.CancelAsync)
            .ServerStreaming<StatementRequest, StatementEntry>("Statement", statements.ReadAsync)
            .Duplex<SessionRequest, SessionResponse>("Session", sessions.RunAsync);
    }

    /// <summary>The partner, by the name of its API key.</summary>
    public static string PartnerOf(GrpcCall call) => ((ApiCaller)call.Http.Items[CallerItem]!).Name;

    public static ValueTask CheckAsync(GrpcCall call, CancellationToken cancellation)
    {
        var services = call.Http.RequestServices;
        var caller = call.Metadata.Text(KeyName) is { } key ? services.GetRequiredService<ApiKeys>().Find(key) : null;
        if (caller is null)
            throw new GrpcException(GrpcStatus.Unauthenticated, $"Send a known API key in the metadata {KeyName}.");
        if (!caller.Scopes.Contains(Scope))
            throw new GrpcException(GrpcStatus.PermissionDenied, $"This needs an API key with the scope '{Scope}'.");
        TakeQuota(services.GetRequiredService<PartnerQuotas>(), caller.Name);
        call.Http.Items[CallerItem] = caller;
        return ValueTask.CompletedTask;
    }

    /// <exception cref="GrpcException">The partner has no call left.</exception>
    public static void TakeQuota(PartnerQuotas quotas, string partner)
    {
        if (quotas.Take(partner) is { } wait)
            throw PartnerErrors.TooMany("The partner's calls of this moment are used up; go on after the delay that is told.", wait);
    }

    /// <summary>Partners choose their keys without knowing of each other.</summary>
    /// <exception cref="GrpcException">The key has no right length.</exception>
    public static string KeyOf(string key, string partner) => Idempotency.FaultOf(key) is null
        ? $"{partner}/{key}"
        : throw PartnerErrors.Invalid("idempotency_key", $"This must be 1 to {Idempotency.KeyCharsMax} characters, new for every request.");

    /// <exception cref="GrpcException">It is no UUID.</exception>
    public static Guid IdOf(string text, string field) => Guid.TryParseExact(text, "D", out var id)
        ? id
        : throw PartnerErrors.Invalid(field, "This must be a UUID of 36 characters.");
}
