using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>What profile is asked: whose an identifier is. Who may ask, and how it is spelt, is profile's matter.</summary>
internal sealed record MemberWanted(string? Card, string? Phone, string? Email, string? PartnerId, string? Partner, string? Country);

internal sealed record MemberFound(Guid Customer);

internal sealed record ProfileProblem(string? Detail);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MemberWanted))]
[JsonSerializable(typeof(MemberFound))]
[JsonSerializable(typeof(ProfileProblem))]
internal sealed partial class MemberJson : JsonSerializerContext;

/// <summary>A partner finds a member: by id here, by anything else through profile, which alone knows identifiers.</summary>
internal sealed class FindMember(ServiceRuntime runtime, IHttpClientFactory clients, ProgrammeBook programmes, BusinessClock clock)
{
    /// <summary>The client whose base address is profile's and whose headers carry a key of the scope <c>read</c>.</summary>
    public const string Client = "loyalty.profile";

    private static readonly Uri Lookup = new("/v1/customers/lookup", UriKind.Relative);

    public async Task<LookupResponse> LookupAsync(LookupRequest request, GrpcCall call, CancellationToken cancellation)
    {
        string[] all = [request.CustomerId, request.LoyaltyCard, request.Phone, request.Email, request.PartnerMemberId];
        if (all.Count(by => by.Length > 0) != 1)
            throw PartnerErrors.Invalid("customer_id", "Give exactly one of customer_id, loyalty_card, phone, email and partner_member_id.");
        var customer = request.CustomerId.Length > 0
            ? PartnerService.IdOf(request.CustomerId, "customer_id")
            : await AskAsync(request, PartnerService.PartnerOf(call), cancellation);

        var ledgerOf = await runtime.RootAsync(customer, cancellation);
        if (await runtime.StateAsync(Ledger.Kind, ledgerOf, cancellation) is not { Tier: not null } ledger)
            throw PartnerErrors.Of(new NoLedger());
        var now = clock.GetUtcNow();
        var shown = CustomerLedger.Of(ledgerOf, ledger, programmes.Versions.At(now), now);
        return new() { CustomerId = ledgerOf.ToString("D"), Available = shown.Balance, Pending = shown.Pending, Tier = shown.Tier };
    }

    private async Task<Guid> AskAsync(LookupRequest request, string partner, CancellationToken cancellation)
    {
        var isPartners = request.PartnerMemberId.Length > 0;
        var wanted = new MemberWanted(
            NullIfEmpty(request.LoyaltyCard), NullIfEmpty(request.Phone), NullIfEmpty(request.Email), NullIfEmpty(request.PartnerMemberId),
            isPartners ? partner : null, NullIfEmpty(request.Country));
        using var http = clients.CreateClient(Client);
        HttpResponseMessage answer;
        try
        {
            answer = await http.PostAsJsonAsync(Lookup, wanted, MemberJson.Default.MemberWanted, cancellation);
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new GrpcException(GrpcStatus.Unavailable, "Members cannot be looked up just now; a retry is safe.", inner: failure);
        }

        using (answer)
        {
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => (await answer.Content.ReadFromJsonAsync(MemberJson.Default.MemberFound, cancellation))!.Customer,
                HttpStatusCode.NotFound => throw PartnerErrors.Of(new MemberUnknown()),
                HttpStatusCode.BadRequest => throw PartnerErrors.Invalid(FieldOf(request), "This is not spelt as an identifier of its kind; see the guide."),
                _ => throw new GrpcException(GrpcStatus.Unavailable, "Members cannot be looked up just now; a retry is safe."),
            };
        }
    }

    private static string FieldOf(LookupRequest request) => request switch
    {
        { LoyaltyCard.Length: > 0 } => "loyalty_card",
        { Phone.Length: > 0 } => "phone",
        { Email.Length: > 0 } => "email",
        _ => "partner_member_id",
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

internal sealed record MemberUnknown : Patron.Runtime.EventStore.Refusal
{
    public override string Code => "member-unknown";

    public override string Detail => "Nobody is known by this identifier.";
}
