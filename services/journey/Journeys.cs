namespace Patron.Journey;

/// <summary>What starts a journey.</summary>
internal abstract record Trigger
{
    /// <summary>The customer's first purchase of goods that this service sees.</summary>
    public sealed record FirstPurchase : Trigger;

    /// <summary>The customer enters a segment; a membership that a changed rule made (backfill) starts nothing.</summary>
    public sealed record SegmentEntered(string Segment) : Trigger;

    /// <summary>The customer reaches a higher tier.</summary>
    public sealed record TierReached : Trigger;
}

/// <summary>One step. Its name is unique in the journey version and part of the send id.</summary>
internal abstract record Step(string Name)
{
    public sealed record Wait(string Name, TimeSpan For) : Step(Name);

    /// <summary>Waits for a purchase of goods; with one the journey's goal is reached, else it goes on after <paramref name="Within"/>.</summary>
    public sealed record AwaitPurchase(string Name, TimeSpan Within) : Step(Name);

    /// <param name="UsefulFor">After this long the message is pointless.</param>
    public sealed record Send(string Name, string Channel, string Purpose, string Template, TimeSpan UsefulFor) : Step(Name);
}

/// <summary>A version of a journey. Customers stay on the version that they entered.</summary>
/// <param name="AgainAfter">How long after entering a customer may enter anew; null means once in a lifetime.</param>
internal sealed record JourneyDefinition(string Name, int Version, Trigger Trigger, TimeSpan? AgainAfter, IReadOnlyList<Step> Steps)
{
    public int IndexOf(string step) => Steps.Index().First(s => s.Item.Name == step).Index;
}

/// <summary>The journeys that run. A changed journey is a new version; the old one stays for those who are on it.</summary>
internal static class Journeys
{
    public static IReadOnlyList<JourneyDefinition> All { get; } =
    [
        new("welcome", 1, new Trigger.FirstPurchase(), AgainAfter: null,
        [
            new Step.Wait("settle", TimeSpan.FromDays(1)),
            new Step.Send("welcome", "email", "marketing", "welcome", UsefulFor: TimeSpan.FromDays(3)),
            new Step.AwaitPurchase("second-purchase", TimeSpan.FromDays(30)),
            new Step.Send("reminder", "email", "marketing", "second-purchase-reminder", UsefulFor: TimeSpan.FromDays(3)),
        ]),
        new("win-back", 1, new Trigger.SegmentEntered("dormant"), AgainAfter: TimeSpan.FromDays(180),
        [
            new Step.Send("we-miss-you", "email", "marketing", "we-miss-you", UsefulFor: TimeSpan.FromDays(7)),
            new Step.AwaitPurchase("came-back", TimeSpan.FromDays(60)),
        ]),
        new("tier-reached", 1, new Trigger.TierReached(), AgainAfter: TimeSpan.FromDays(30),
        [
            new Step.Send("tier-up", "email", "marketing", "tier-up", UsefulFor: TimeSpan.FromDays(3)),
        ]),
    ];

    /// <summary>The version that new customers enter.</summary>
    public static IEnumerable<JourneyDefinition> Current { get; } =
        All.GroupBy(j => j.Name).Select(versions => versions.MaxBy(j => j.Version)!).ToList();

    public static JourneyDefinition Of(string name, int version) =>
        All.FirstOrDefault(j => j.Name == name && j.Version == version)
        ?? throw new InvalidOperationException($"Journey '{name}' version {version} is not known, and customers are on it: bring it back.");
}
