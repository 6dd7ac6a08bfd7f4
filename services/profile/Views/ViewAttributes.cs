using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What is known of a customer and where it comes from. A personal value is masked unless the caller has the scope <c>personal</c>.</summary>
internal sealed record CustomerAttributes(IReadOnlyList<AttributeShown> Attributes);

internal sealed record AttributeShown(
    string Key, IReadOnlyDictionary<string, string>? Labels, string Value, string? Source, DateTimeOffset? ToldAt, DateTimeOffset? RecordedAt);

/// <summary>What was told of a customer's attributes, the newest first. What a merged customer was told before stays under that one's id.</summary>
/// <param name="Next">For the parameter <c>before</c> of the next page; null on the last.</param>
internal sealed record AttributeHistory(IReadOnlyList<AttributeTold> Told, string? Next);

/// <param name="Outcome">changed, confirmed, merged (it came with another customer), older, lower-priority, tie-lost, tie-won or placeholder.</param>
/// <param name="Value">Only where it was changed or merged.</param>
internal sealed record AttributeTold(
    string Key, string Outcome, string? Value, string? Source, DateTimeOffset? ToldAt, DateTimeOffset RecordedAt);

/// <summary>Reads a customer's attributes, and how they came about.</summary>
internal static class ViewAttributes
{
    private static readonly string[] Events =
        ["profile.details-changed.v1", "profile.details-changed.v2", "profile.details-weighed.v1", "profile.customer-absorbed.v1"];

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/customers/{id:guid}/attributes", ReadAsync).RequireApiKey("read");
        app.MapGet("/v1/customers/{id:guid}/attributes/history", ReadHistoryAsync).RequireApiKey("read");
    }

    private static async Task<IResult> ReadAsync(
        HttpContext context, Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault, AttributeRegistry registry,
        Identities identities, CancellationToken cancellation)
    {
        id = (await identities.RootsAsync([id], cancellation)).GetValueOrDefault(id, id);
        if (await profile.StateAsync(CustomerProfile.Kind, id, cancellation) is not { Registered: true } customer)
            return Problem.NotFound("There is no customer with this id.");
        if (customer.Erasure is not null)
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        if (!(await vault.GetAsync([id], cancellation)).TryGetValue(id, out var key))
            return TypedResults.Json(new CustomerAttributes([]), ConsentJson.Default.CustomerAttributes);
        var shown = new Shown(key, registry.Current, context.MaySeePersonal());
        var attributes = customer.Details.Keys().Select(name =>
        {
            var origin = customer.Details.OriginOf(name);
            return new AttributeShown(
                name, shown.Declared.Find(name)?.Labels, shown.ValueOf(name, customer.Details.Find(name)!)!, origin?.Source, origin?.ToldAt,
                origin?.RecordedAt);
        });
        return TypedResults.Json(new CustomerAttributes([.. attributes]), ConsentJson.Default.CustomerAttributes);
    }

    private static async Task<IResult> ReadHistoryAsync(
        HttpContext context, Guid id, int? before, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault,
        AttributeRegistry registry, CancellationToken cancellation)
    {
        if (await profile.StateAsync(CustomerProfile.Kind, id, cancellation) is { Erasure: not null })
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        var events = await CustomerHistory.ReadAsync(profile, id, Events, before, cancellation);
        var keys = await vault.GetAsync([id], cancellation);
        var shown = new Shown(keys.GetValueOrDefault(id), registry.Current, context.MaySeePersonal());
        return TypedResults.Json(
            new AttributeHistory([.. events.SelectMany(e => Tell(e, shown))], CustomerHistory.NextOf(events)), ConsentJson.Default.AttributeHistory);
    }

    private static IEnumerable<AttributeTold> Tell(PastEvent past, Shown shown) => past.Event switch
    {
        DetailsChanged it => it.Changed.Select(key =>
                new AttributeTold(key, "changed", shown.ValueOf(key, it.Details.Find(key)!), it.Source, it.ToldAt, past.RecordedAt))
            .Concat((it.Confirmed ?? []).Select(key => new AttributeTold(key, "confirmed", null, it.Source, it.ToldAt, past.RecordedAt)))
            .Concat((it.Notes ?? []).Select(n => new AttributeTold(n.Key, Word(n.Outcome), null, it.Source, it.ToldAt, past.RecordedAt))),
        DetailsWeighed it => it.Confirmed.Select(key => new AttributeTold(key, "confirmed", null, it.Source, it.ToldAt, past.RecordedAt))
            .Concat(it.Notes.Select(n => new AttributeTold(n.Key, Word(n.Outcome), null, it.Source, it.ToldAt, past.RecordedAt))),
        CustomerAbsorbed it => it.Taken.Select(key => new AttributeTold(
            key, "merged", shown.ValueOf(key, it.Details.Find(key)!), it.Details.OriginOf(key)?.Source, it.Details.OriginOf(key)?.ToldAt, past.RecordedAt)),
        _ => throw new System.Diagnostics.UnreachableException($"{past.Event.GetType().Name} tells nothing of attributes."),
    };

    private static string Word(AttributeOutcome outcome) => outcome switch
    {
        AttributeOutcome.Older => "older",
        AttributeOutcome.LowerPriority => "lower-priority",
        AttributeOutcome.TieLost => "tie-lost",
        AttributeOutcome.TieWon => "tie-won",
        AttributeOutcome.Placeholder => "placeholder",
        _ => throw new System.Diagnostics.UnreachableException($"{outcome} has no word."),
    };

    /// <param name="Key">Null when it was destroyed: then nothing can be shown.</param>
    private sealed record Shown(CustomerKey? Key, AttributeSet Declared, bool Personal)
    {
        public string? ValueOf(string name, string sealedText)
        {
            if (Key is null)
                return null;
            var value = Key.Unseal(sealedText, AttributesByKey.FieldOf(name));
            return Personal || Declared.Find(name) is { Personal: false } ? value : Masked(name, value);
        }

        private static string Masked(string name, string value) => name switch
        {
            SealedFields.GivenName or SealedFields.FamilyName => Mask.Name(value)!,
            SealedFields.Email => Mask.Email(value)!,
            SealedFields.Phone => Mask.Phone(value)!,
            _ => "***",
        };
    }
}
