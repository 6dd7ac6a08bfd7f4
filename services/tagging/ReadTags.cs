using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>The tags of a customer with their provenance. A customer without tags, or unknown here, has none.</summary>
internal sealed record CustomerTagsAnswer(Guid Customer, string Language, IReadOnlyList<TagAnswer> Tags);

/// <param name="Path">The names from the root of the tree down to the tag.</param>
/// <param name="Since">Of the earliest assignment; <paramref name="Until"/> of the last to end, null when one has no end.</param>
internal sealed record TagAnswer(
    string Tag, string Name, IReadOnlyList<string> Path, DateTimeOffset Since, DateTimeOffset? Until, IReadOnlyList<AssignmentAnswer> Assignments);

/// <param name="Given">How it came about, in the language that was asked for.</param>
/// <param name="Reason">As whoever gave it said it.</param>
/// <param name="Cause">The public fact that led to it, where one did.</param>
/// <param name="Customer">The merged customer whom it was given to; null for the one who is asked for.</param>
internal sealed record AssignmentAnswer(
    Giver Giver, string By, int Version, string Given, string Reason, DateTimeOffset Since, DateTimeOffset? RenewedAt, DateTimeOffset? Until, Cause? Cause,
    Guid? Customer);

/// <summary>What people and other services ask about tags.</summary>
internal static class ReadTags
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/customers/{id:guid}/tags", CustomerAsync);
        routes.MapGet("/customers/{id:guid}/timeline", async (
            Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation) =>
            TypedResults.Json<IReadOnlyList<TimelineEntry>>(
                [.. (await service.ReadCustomerAsync(id, cancellation)).Select(Line).OfType<TimelineEntry>()], StoryJson.Default.IReadOnlyListTimelineEntry));
        routes.MapGet("/figures", async ([FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation) =>
            TypedResults.Json(await FiguresAsync(service, cancellation), StoryJson.Default.IReadOnlyListFigure));
    }

    public static async Task<CustomerTagsAnswer> TagsAsync(
        ServiceRuntime service, Taxonomy taxonomy, Guid customer, string language, CancellationToken cancellation)
    {
        customer = await service.RootAsync(customer, cancellation);
        var state = await service.StateAsync(CustomerTags.Kind, customer, cancellation) ?? CustomerTags.None;
        return new CustomerTagsAnswer(customer, language, [.. state.Held.Select(tag => Answer(state, taxonomy, tag, language))]);
    }

    /// <param name="language">Of names: en, zh-Hans or zh-Hant; English without one.</param>
    private static async Task<IResult> CustomerAsync(
        Guid id, string? language, TaxonomyBook book, [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        if (TagLanguages.Wrong(language) is { } wrong)
            return Problem.Invalid(new FieldError("language", wrong));
        return TypedResults.Json(
            await TagsAsync(service, book.Current, id, language ?? TagLanguages.English, cancellation), TaggingJson.Default.CustomerTagsAnswer);
    }

    private static TagAnswer Answer(CustomerTags state, Taxonomy taxonomy, string tag, string language)
    {
        var given = state.Assignments.Where(assignment => assignment.Tag == tag).OrderBy(assignment => assignment.Since).ToList();
        return new(
            tag, taxonomy.Find(tag)?.Names.In(language) ?? tag, taxonomy.Path(tag, language), given[0].Since,
            given.TrueForAll(assignment => assignment.Until is not null) ? given.Max(assignment => assignment.Until) : null,
            [.. given.Select(of => new AssignmentAnswer(
                of.Giver, of.By, of.Version, of.Say(language), of.Reason, of.Since, of.RenewedAt, of.Until, of.Cause, of.Origin))]);
    }

    /// <summary>Tags held in total, then per tag that anybody holds, by name.</summary>
    private static async Task<IReadOnlyList<Figure>> FiguresAsync(ServiceRuntime service, CancellationToken cancellation)
    {
        var perTag = await TagHolders.CountsAsync(service.Database, cancellation);
        return [new Figure("tags held", perTag.Sum(figure => figure.Value)), .. perTag];
    }

    private static TimelineEntry? Line(RecordedEvent recorded) => recorded.Event switch
    {
        TagAdded { Assignment: var given } => new(given.Since, Module.Name, $"Tagged {given.Tag}", Why(given)),
        TagConfirmed { Assignment: var given } => new(given.GivenAt, Module.Name, $"Tagged {given.Tag} again", Why(given)),
        TagRemoved removed => new(removed.At, Module.Name, $"Tag {removed.Ended.Tag} removed", removed.Reason),
        AssignmentEnded ended => new(ended.At, Module.Name, $"Tag {ended.Ended.Tag} is no longer {ended.Ended.Say(TagLanguages.English)}", ended.Reason),
        AssignmentSetAside aside => Tell(
            recorded, $"Tag {aside.Assignment.Tag} rests", $"Customer {aside.Because:D} is the same person, and another tag of the branch is newer"),
        TagsHandedOver over => Tell(recorded, "Tags count for the same person", $"Merged into customer {over.Into:D}"),
        TagsGivenBack given => Tell(recorded, "Tags of another person count no longer", $"Customer {given.Customer:D} is another person after all"),
        TagsReopened reopened => Tell(recorded, "Tags are the customer's own again", $"Not the same person as customer {reopened.From:D}"),
        CountedBefore or Interacted or TagsErased => null,
        _ => throw new UnreachableException($"The timeline does not know {recorded.Event.GetType().Name}."),
    };

    private static string Why(Assignment given)
    {
        var how = given.Version > 0 ? $"{given.Say(TagLanguages.English)}, version {given.Version}" : given.Say(TagLanguages.English);
        return given.Reason.Length == 0 ? how : $"{given.Reason} ({how})";
    }

    private static TimelineEntry Tell(RecordedEvent recorded, string what, string why) => new(recorded.Time, Module.Name, what, why);
}
