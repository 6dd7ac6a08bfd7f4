using System.Globalization;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>A customer's story as profile tells it.</summary>
internal static class Story
{
    public static void Map(WebApplication app) =>
        app.MapGet("/v1/profile/customers/{id:guid}/timeline", ReadAsync).RequireApiKey("read");

    private static async Task<IResult> ReadAsync(Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CancellationToken cancellation)
    {
        var events = await profile.ReadCustomerAsync(id, cancellation);
        IReadOnlyList<TimelineEntry> entries = [.. events.Select(Tell)];
        return TypedResults.Json(entries, StoryJson.Default.IReadOnlyListTimelineEntry);
    }

    internal static TimelineEntry Tell(RecordedEvent recorded) => recorded.Event switch
    {
        CustomerRegistered registered => Entry(recorded.Time, "Became known", $"{registered.Source} named the customer for the first time."),
        IdentifierLinked linked => Entry(recorded.Time, $"Is known by {Word(linked.Kind)}", "A touchpoint named it together with this customer."),
        IdentifierConflictFound found => Entry(
            recorded.Time, $"Was named with a foreign {Word(found.Kind)}",
            $"It belongs to customer {found.BelongsTo:D}, and a surer identifier named this one."),
        DetailsChanged changed => Entry(
            recorded.Time, $"Changed {string.Join(", ", changed.Changed.Select(c => c.Replace('_', ' ')))}", $"{changed.Source} told something new."),
        DetailsConfirmed confirmed => Entry(recorded.Time, "Was confirmed", $"{confirmed.Source} told nothing that was not known."),
        ConsentChanged changed => Entry(
            changed.ChangedAt, $"{(changed.Granted ? "Allowed" : "Withdrew")} {changed.Purpose} by {changed.Channel}",
            $"{changed.Source} showed the wording '{changed.Wording}'; version {changed.Version} of the customer's consents."),
        PurchaseRecorded recordedPurchase => Tell(recordedPurchase.Purchase),
        AnonymousPurchaseRecorded recordedPurchase => Tell(recordedPurchase.Purchase),
        _ => throw new System.Diagnostics.UnreachableException($"{recorded.Event.GetType().Name} has no words."),
    };

    private static TimelineEntry Tell(PurchaseFacts purchase)
    {
        var kinds = purchase.Lines.CountBy(l => l.Kind).OrderBy(k => k.Key).Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Value} {k.Key}"));
        var total = purchase.Lines.Sum(l => l.AmountMinor);
        var where = purchase.Channel == PurchaseChannel.Pos ? "in a shop" : "in the eShop";
        return Entry(
            purchase.OccurredAt,
            string.Create(CultureInfo.InvariantCulture, $"{(total < 0 ? "Gave back" : "Bought")} {where} for {total} minor units of {purchase.Currency}"),
            $"Receipt {purchase.Receipt} of {purchase.Source}; lines: {string.Join(", ", kinds).ToLowerInvariant()}.");
    }

    private static string Word(IdentifierKind kind) => kind switch
    {
        IdentifierKind.Card => "loyalty card",
        IdentifierKind.ShopId => "shop's number",
        IdentifierKind.Phone => "phone number",
        IdentifierKind.Email => "e-mail address",
        _ => throw new System.Diagnostics.UnreachableException($"{kind} has no word."),
    };

    private static TimelineEntry Entry(DateTimeOffset time, string what, string why) => new(time, Module.Name, what, why);
}
