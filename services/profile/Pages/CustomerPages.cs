using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Whose page it is.</summary>
/// <param name="Key">Null when the customer was erased.</param>
internal sealed record PageOwner(Guid Customer, Guid Request, CustomerProfile? Profile, CustomerKey? Key)
{
    public string? Known(string attribute) => Profile is not null && Key is not null && Profile.Details.Find(attribute) is { } text
        ? Key.Unseal(text, AttributesByKey.FieldOf(attribute))
        : null;
}

/// <summary>What the pages have in common: whose they are, in which language, and what a call proves.</summary>
internal sealed class CustomerPages([FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault, CustomerLinks links)
{
    private const int AgentCharactersMax = 256;

    /// <summary>The link's signature must have been found right.</summary>
    public async Task<PageOwner> OwnerAsync(HttpContext context, string purpose, CancellationToken cancellation)
    {
        var (customer, request) = links.Read(purpose, context.Request.Query);
        var keys = await vault.GetAsync([customer], cancellation);
        return new PageOwner(
            customer, request, await profile.StateAsync(CustomerProfile.Kind, customer, cancellation), keys.GetValueOrDefault(customer));
    }

    public static PageText TextOf(HttpContext context, PageOwner owner) => PageText.Choose(
        context.Request.Query[CustomerLinks.Language], owner.Known(SealedFields.Language), context.Request.Headers.AcceptLanguage);

    public static ToldEvidence EvidenceOf(HttpContext context, ConsentMethod method, string form)
    {
        var agent = context.Request.Headers.UserAgent.ToString();
        return new ToldEvidence(
            method, form, Address: context.Connection.RemoteIpAddress?.ToString() ?? "", Agent: agent[..Math.Min(agent.Length, AgentCharactersMax)]);
    }

    /// <summary>
    /// A form of another site is not taken. Nobody but the customer knows the address, and no cookie speaks for them, so that this is a
    /// second line.
    /// </summary>
    public static bool IsFromElsewhere(HttpRequest request) => request.Headers["Sec-Fetch-Site"] == "cross-site";

    public static IResult Gone(HttpContext context, PageText text) =>
        new CustomerPage(text, text.Title).Add($"<p>{text.Gone}</p>").ToResult(context, StatusCodes.Status410Gone);
}
