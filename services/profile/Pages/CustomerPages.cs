using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Whose page it is.</summary>
/// <param name="Named">The customer that the link is about.</param>
/// <param name="Customer">The one whom they are merged into by now; the same where not merged.</param>
/// <param name="Key">Null when the customer was erased.</param>
internal sealed record PageOwner(Guid Named, Guid Customer, Guid Request, CustomerProfile? Profile, CustomerKey? Key)
{
    /// <summary>The merged customer whose link it is; null where it is the customer's own.</summary>
    public Guid? Origin => Named == Customer ? null : Named;

    public Recognised Who => new(Customer, [], []) { Nodes = Origin is { } node ? [node] : [], Origin = Origin };

    public string? Known(string attribute) => Profile is not null && Key is not null && Profile.Details.Find(attribute) is { } text
        ? Key.Unseal(text, AttributesByKey.FieldOf(attribute))
        : null;
}

/// <summary>What the pages have in common: whose they are, in which language, and what a call proves.</summary>
internal sealed class CustomerPages(
    [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault, CustomerLinks links, Identities identities)
{
    // As often as a customer may be merged or parted while their form is on the way.
    private const int RoundsMax = 10;
    private const int AgentCharactersMax = 256;

    /// <summary>The link's signature must have been found right.</summary>
    public async Task<PageOwner> OwnerAsync(HttpContext context, string purpose, CancellationToken cancellation)
    {
        var (named, request) = links.Read(purpose, context.Request.Query);
        var customer = (await identities.RootsAsync([named], cancellation)).GetValueOrDefault(named, named);
        var state = await profile.StateAsync(CustomerProfile.Kind, customer, cancellation);
        // An instance may remember the key for a while after the customer was erased.
        var keys = await vault.GetAsync([customer], cancellation);
        return new PageOwner(named, customer, request, state, state?.Erasure is null ? keys.GetValueOrDefault(customer) : null);
    }

    /// <summary>Decides for whoever the link leads to at that moment. A refusal of <see cref="CustomerElsewhere"/> asks for a repeat.</summary>
    public async Task<CommandResult> ExecuteAsync(
        HttpContext context, string purpose, PageOwner owner, Func<PageOwner, CustomerProfile, Decision> decide, CancellationToken cancellation)
    {
        for (var round = 0; ; round++)
        {
            var current = owner;
            var result = await profile.ExecuteAsync(
                CustomerProfile.Kind.Command(current.Customer, current.Customer, customer =>
                    customer.IsStill(current.Who) ? decide(current, customer) : new CustomerElsewhere()),
                cancellation);
            if (result.Refusal is not CustomerElsewhere || round == RoundsMax)
                return result;
            owner = await OwnerAsync(context, purpose, cancellation);
        }
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
