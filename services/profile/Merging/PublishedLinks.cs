using System.Diagnostics;
using Google.Protobuf;
using Patron.Contracts.Ingest.V1;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Profile;

/// <summary>Merges and unmerges in public words.</summary>
internal static class PublishedLinks
{
    public static IMessage? FactOf(LinkEvent happened) => happened switch
    {
        CustomerMergedAway merged => new Facts.MergedAway { Into = Text(merged.Into), LinkId = Text(merged.Link), Version = merged.Version },
        CustomerAbsorbed absorbed => new Facts.Absorbed { Customer = Text(absorbed.Customer), LinkId = Text(absorbed.Link), Version = absorbed.Version },
        CustomerSplitOff split => new Facts.SplitOff { From = Text(split.From), LinkId = Text(split.Link), Version = split.Version },
        CustomerGaveBack gave => new Facts.GaveBack { Customer = Text(gave.Customer), LinkId = Text(gave.Link), Version = gave.Version },
        ConsentForgotten it => PublishedConsents.FactOf(it.Channel, it.Purpose, ConsentState.Withdrawn, it.Version, it.ChangedAt),
        ConsentMoved { Consent: var moved, Before: var before } => StateOf(moved.Status, before) is { } state
            ? PublishedConsents.FactOf(moved.Channel, moved.Purpose, state, moved.Version, moved.ChangedAt)
            : null,
        // Why two are not merged, and what was told in vain, is profile's own matter.
        CustomersKeptApart or TellingSetAside => null,
        _ => throw new UnreachableException($"{happened.GetType().Name} has no place among profile's facts."),
    };

    /// <summary>The details after the event where it changes them: none for somebody merged away, whose state is closed.</summary>
    public static SealedDetails? DetailsOf(LinkEvent happened) => happened switch
    {
        CustomerMergedAway => new SealedDetails(),
        CustomerAbsorbed absorbed => absorbed.Details,
        CustomerSplitOff split => split.Details,
        CustomerGaveBack gave => gave.Details,
        CustomersKeptApart or ConsentMoved or ConsentForgotten or TellingSetAside => null,
        _ => throw new UnreachableException($"{happened.GetType().Name} has no place among profile's facts."),
    };

    // The person was asked to confirm already, so that nobody is to ask again; that a grant counts no longer is news.
    private static ConsentState? StateOf(ConsentStatus status, ConsentStatus? before) => status switch
    {
        ConsentStatus.Granted => ConsentState.Granted,
        ConsentStatus.Withdrawn => ConsentState.Withdrawn,
        ConsentStatus.Expired => ConsentState.Expired,
        ConsentStatus.Pending => before == ConsentStatus.Granted ? ConsentState.Withdrawn : null,
        _ => throw new UnreachableException($"{status} has no place among profile's facts."),
    };

    private static string Text(Guid id) => id.ToString("D");
}
