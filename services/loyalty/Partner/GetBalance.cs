using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The first contract with partners, which only asks; those that begin now use <see cref="PartnerService"/>.</summary>
internal static class GetBalance
{
    public static GrpcService Create() => new GrpcService(PartnerReflection.Descriptor.Services[0])
        .Guard(PartnerService.CheckAsync)
        .Unary<GetBalanceRequest, GetBalanceResponse>("GetBalance", AnswerAsync);

    private static async Task<GetBalanceResponse> AnswerAsync(GetBalanceRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var customer = PartnerService.IdOf(request.CustomerId, "customer_id");
        var services = call.Http.RequestServices;
        var loyalty = services.PatronService(Module.Name);
        var ledger = await loyalty.StateAsync(Ledger.Kind, await loyalty.RootAsync(customer, cancellation), cancellation);
        if (ledger?.Tier is null)
            throw PartnerErrors.Of(new NoLedger());
        var now = services.GetRequiredService<BusinessClock>().GetUtcNow();
        var shown = CustomerLedger.Of(customer, ledger, services.GetRequiredService<ProgrammeBook>().Versions.At(now), now);
        return new GetBalanceResponse { Available = shown.Balance, Tier = shown.Tier };
    }
}
