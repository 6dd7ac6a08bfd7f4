using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What a merge of two customers would do; nothing has been changed.</summary>
/// <param name="Stays">Who would stay, as they are now.</param>
/// <param name="Goes">Who would be merged into them, as they are now.</param>
/// <param name="Identifiers">How many of each kind would come along.</param>
/// <param name="Details">The attributes of which the other's value would count; none when one of the two was erased.</param>
/// <param name="Consents">What would change for who stays; of two decisions the withdrawal counts.</param>
/// <param name="Purchases">How many purchases would come along.</param>
/// <param name="Conflicts">What speaks against it: without despiteConflicts the merge would be refused.</param>
internal sealed record MergePreview(
    CustomerGlance Stays, CustomerGlance Goes, IReadOnlyDictionary<string, int> Identifiers, IReadOnlyList<string> Details,
    IReadOnlyList<ConsentPreview> Consents, long Purchases, IReadOnlyList<ConflictView> Conflicts);

/// <param name="Status">pending, granted, withdrawn or expired.</param>
internal sealed record ConsentPreview(string Channel, string Purpose, bool Granted, string Status)
{
    public static ConsentPreview Of(ConsentOf consent) => new(consent.Channel, consent.Purpose, consent.Granted, ViewConsents.Word(consent.Status));
}

/// <param name="Kind">The kind of identifier of which both have one; absent for other causes.</param>
internal sealed record ConflictView(string Cause, string? Kind)
{
    public static ConflictView Of(MergeConflict conflict) =>
        new(PreviewMerge.NameOf(conflict.Cause), conflict.Kind is { } kind ? PreviewMerge.NameOf(kind) : null);
}

internal static class PreviewMerge
{
    public static async Task<Results<JsonHttpResult<MergePreview>, ProblemHttpResult>> ReadAsync(
        MergeRequest wanted, [FromKeyedServices(Module.Name)] ServiceRuntime profile, Identities identities, CustomerVault vault, MatchingRules rules,
        AttributeRegistry attributes, CancellationToken cancellation)
    {
        if (MergeEndpoints.PairOf(wanted.Customers) is not { } pair)
            return Problem.Invalid(new FieldError("/customers", "Name two different customers by their ids."));
        var roots = await identities.RootsAsync([pair.One, pair.Other], cancellation);
        var (one, other) = (roots.GetValueOrDefault(pair.One, pair.One), roots.GetValueOrDefault(pair.Other, pair.Other));
        if (one == other)
            return new OneCustomerAlready(one).ToProblem();
        var states = await profile.StatesAsync(CustomerProfile.Kind, [one, other], cancellation);
        if (!states.TryGetValue(one, out var first) || !states.TryGetValue(other, out var second))
            return new NoSuchCustomer(states.ContainsKey(one) ? other : one).ToProblem(StatusCodes.Status404NotFound);

        var (stays, goes) = MergeCustomers.Stays(one, first, other, second, rules) ? (one, other) : (other, one);
        var order = new MergeOrder(goes, stays, Guid.Empty, LinkCause.Decision, "", null, false);
        var moved = MergeCustomers.Moved(states[stays], [.. MergeCustomers.Consents(states[goes], order)], order.Link);
        var keys = await vault.GetAsync([one, other], cancellation);
        return TypedResults.Json(
            new MergePreview(
                CustomerGlance.Of(stays, states[stays], keys.GetValueOrDefault(stays)),
                CustomerGlance.Of(goes, states[goes], keys.GetValueOrDefault(goes)),
                states[goes].Identifiers.ExceptBy(states[stays].Identifiers.Select(i => i.Hash), i => i.Hash).CountBy(i => NameOf(i.Kind)).ToDictionary(),
                [.. Taken(stays, goes)],
                [.. moved.Select(c => ConsentPreview.Of(c.Consent))],
                await PurchasesAsync(profile, [goes, .. states[goes].LinksOrNone.Nodes()], cancellation),
                [.. MergeCustomers.Conflicts(stays, states[stays], goes, states[goes], rules).Select(ConflictView.Of)]),
            ProfileJson.Default.MergePreview);

        IEnumerable<string> Taken(Guid to, Guid from) => keys.TryGetValue(to, out var key) && keys.TryGetValue(from, out var other)
            ? WeighAttributes.Join(states[to].Details, key, states[from].Details, other, attributes.Current.Priorities).Taken.Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>In the spelling of requests and answers, such as <c>shopId</c>.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static async Task<long> PurchasesAsync(ServiceRuntime profile, IReadOnlyList<Guid> customers, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            "select count(*) from events where stream = any($1) and type = 'profile.purchase-recorded.v1'");
        command.Parameters.Add(Statements.Uuids(customers));
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
