using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>An event as it counts for one ledger.</summary>
/// <param name="Home">Whose ledger it was booked in; null for the one that is looked at.</param>
internal readonly record struct Booked(DomainEvent Event, Guid? Home)
{
    public static IReadOnlyList<Booked> Own(IReadOnlyList<DomainEvent> events) => [.. events.Select(happened => new Booked(happened, null))];

    /// <summary>What was booked in a ledger and in those of customers that were ever merged with its owner, seen from the owner.</summary>
    public static IReadOnlyList<Booked> Of(Guid owner, IEnumerable<RecordedEvent> history) =>
        [.. history.Select(recorded => new Booked(Seen(recorded.Event, recorded.Stream, owner), recorded.Stream == owner ? null : recorded.Stream))];

    private static DomainEvent Seen(DomainEvent happened, Guid ledger, Guid owner) => happened switch
    {
        PointsEarned earned => earned with { Origin = Sharing.Seen(earned.Origin ?? ledger, owner) },
        PointsRedeemed redeemed when ledger != owner => redeemed with
        {
            Lots =
            [
                .. redeemed.Lots.Select(use => use with
                {
                    Home = Sharing.Seen(use.Home ?? ledger, owner), Origin = Sharing.Seen(use.Origin ?? ledger, owner),
                }),
            ],
        },
        _ => happened,
    };
}
