using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>What partner channels call over gRPC.</summary>
internal static class PartnerApi
{
    private const string Scope = "partner";

    public static void Map(WebApplication app)
    {
        var partner = new GrpcService(PartnerReflection.Descriptor.Services[0])
            .Guard(CheckKeyAsync)
            .Unary<GetBalanceRequest, GetBalanceResponse>("GetBalance", GetBalanceAsync);
        PartnerPoints.Bind(partner);
        PartnerCoupons.Bind(partner);
        app.MapGrpc(new GrpcServerOptions { Clock = app.Services.GetRequiredService<SystemClock>() }, partner)
            .AllowPublic("The service's guard checks the API key, so that a refusal is a gRPC status.");
    }

    private static ValueTask CheckKeyAsync(GrpcCall call, CancellationToken cancellation)
    {
        var caller = call.Metadata.Text("x-api-key") is { } key ? call.Http.RequestServices.GetRequiredService<ApiKeys>().Find(key) : null;
        if (caller is null)
            throw new GrpcException(GrpcStatus.Unauthenticated, "Send a known API key in the metadata x-api-key.");
        if (!caller.Scopes.Contains(Scope))
            throw new GrpcException(GrpcStatus.PermissionDenied, $"This needs an API key with the scope '{Scope}'.");
        call.Http.Features.Set(caller);
        return ValueTask.CompletedTask;
    }

    private static async Task<GetBalanceResponse> GetBalanceAsync(GetBalanceRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var customer = PartnerRefusals.IdOf(request.CustomerId, "customer_id");
        var services = call.Http.RequestServices;
        var ledger = await services.PatronService(Module.Name).StateAsync(Ledger.Kind, customer, cancellation);
        if (ledger?.Tier is null)
            throw PartnerRefusals.Of(new NoLedger());
        var now = services.GetRequiredService<BusinessClock>().GetUtcNow();
        var shown = CustomerLedger.Of(customer, ledger, services.GetRequiredService<ProgrammeBook>().Versions.At(now), now);
        return new GetBalanceResponse { Available = shown.Balance, Tier = shown.Tier };
    }
}
