using System.Globalization;
using Patron.Contracts;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>A customer's story as profile tells it.</summary>
internal static class Story
{
    public static void Map(WebApplication app) =>
        app.MapGet("/v1/profile/customers/{id:guid}/timeline", ReadAsync).RequireApiKey("read");

    private static async Task<IResult> ReadAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime profile, Identities identities, CancellationToken cancellation)
    {
        var events = await LinkStory.ReadAsync(id, profile, identities, cancellation);
        if (events.Any(e => e.Event is Erased))
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        IReadOnlyList<TimelineEntry> entries = [.. events.GroupBy(e => e.Time).SelectMany(Together)];
        return TypedResults.Json(entries, StoryJson.Default.IReadOnlyListTimelineEntry);
    }

    /// <summary>What was recorded together: who became known by a purchase did so when it was made, not when it was told.</summary>
    private static IEnumerable<TimelineEntry> Together(IEnumerable<RecordedEvent> recorded)
    {
        var entries = recorded.Select(r => (r.Event, Entry: Tell(r))).ToList();
        var first = entries.Min(e => e.Entry.Time);
        return entries.Select(e => e.Event is PurchaseRecorded or BehaviourRecorded or ConsentChanged or OptInRequested or ConsentExpired
            ? e.Entry
            : e.Entry with { Time = first });
    }

    internal static TimelineEntry Tell(RecordedEvent recorded) => recorded.Event switch
    {
        CustomerRegistered registered => Entry(recorded.Time, "Became known", $"{registered.Source} named the customer for the first time."),
        IdentifierLinked linked => Entry(recorded.Time, $"Is known by {Word(linked.Kind)}", "A touchpoint named it together with this customer."),
        IdentifierConflictFound found => Entry(
            recorded.Time, $"Was named with a foreign {Word(found.Kind)}",
            $"It belongs to customer {found.BelongsTo:D}, and a surer identifier named this one."),
        DetailsChanged { Changed.Count: 0 } changed => Entry(recorded.Time, "Was confirmed", $"{changed.Source} told nothing that was not known."),
        DetailsChanged changed => Entry(
            recorded.Time, $"Changed {string.Join(", ", changed.Changed.Select(c => c.Replace('_', ' ')))}", $"{changed.Source} told something new."),
        DetailsWeighed or OptInRequested or ConsentExpired => ConsentStory.Tell(recorded),
        DetailsConfirmed confirmed => Entry(recorded.Time, "Was confirmed", $"{confirmed.Source} told nothing that was not known."),
        ConsentChanged changed => Entry(
            changed.ChangedAt, $"{(changed.Granted ? "Allowed" : "Withdrew")} {changed.Purpose} by {changed.Channel}",
            $"{changed.Source} showed the wording '{changed.Wording}'; version {changed.Version} of the customer's consents."),
        BehaviourRecorded behaviour => Entry(
            behaviour.Behaviour.OccurredAt, $"Did '{behaviour.Behaviour.Type}'", $"{behaviour.Behaviour.Source} told of it."),
        Erased erased => Entry(recorded.Time, "Was erased", $"{erased.By} asked for it ({erased.Reason}, {erased.Reference})."),
        HoldPlaced placed => Entry(recorded.Time, "Is kept by a legal hold", $"{placed.By} placed it ({placed.Reason}, {placed.Reference})."),
        HoldLifted lifted => Entry(recorded.Time, "Is no longer kept by a legal hold", $"{lifted.By} lifted it ({lifted.Reason}, {lifted.Reference})."),
        ExportMade made => Entry(recorded.Time, "Everything kept was handed out", $"{made.By} asked for it ({made.Reason}, {made.Reference})."),
        PurchaseRecorded recordedPurchase => Tell(recordedPurchase.Purchase),
        AnonymousPurchaseRecorded recordedPurchase => Tell(recordedPurchase.Purchase),
        CatalogueEvent catalogue => Entry(recorded.Time, "Changed in the catalogue", $"It holds since {catalogue.Since:O}."),
        BirthdayReached => Entry(recorded.Time, "Has a birthday", "By the birth date that was told."),
        LinkEvent link => LinkStory.Tell(link, recorded.Time),
        _ => throw new System.Diagnostics.UnreachableException($"{recorded.Event.GetType().Name} has no words."),
    };

    private static TimelineEntry Tell(PurchaseFacts purchase)
    {
        var kinds = purchase.Lines.CountBy(l => l.Kind).OrderBy(k => k.Key).Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Value} {k.Key}"));
        var total = purchase.Lines.Sum(l => l.AmountMinor);
        var where = purchase.Channel == PurchaseChannel.Pos ? "in a shop" : "in the eShop";
        return Entry(
            purchase.OccurredAt,
            $"{(total < 0 ? "Gave back" : "Bought")} {where} for {Money.Text(Math.Abs(total), purchase.Currency)}",
            $"Receipt {purchase.Receipt} of {purchase.Source}; lines: {string.Join(", ", kinds).ToLowerInvariant()}.");
    }

    internal static string Word(IdentifierKind kind) => kind switch
    {
        IdentifierKind.Card => "loyalty card",
        IdentifierKind.ShopId => "the shop's customer number",
        IdentifierKind.Phone => "phone number",
        IdentifierKind.Email => "e-mail address",
        IdentifierKind.OpenId => "WeChat openid",
        IdentifierKind.UnionId => "WeChat unionid",
        IdentifierKind.Device => "device",
        IdentifierKind.PartnerId => "a partner's customer number",
        _ => throw new System.Diagnostics.UnreachableException($"{kind} has no word."),
    };

    internal static TimelineEntry Entry(DateTimeOffset time, string what, string why) => new(time, Module.Name, what, why);
}
