using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
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
        ConsentForgotten forgotten => new Facts.ConsentChanged
        {
            Channel = forgotten.Channel,
            Purpose = forgotten.Purpose,
            State = ConsentState.Withdrawn,
            Version = forgotten.Version,
            ChangedAt = Timestamp.FromDateTimeOffset(forgotten.ChangedAt),
        },
        // Why two are not merged is profile's own matter.
        CustomersKeptApart => null,
        _ => throw new UnreachableException($"{happened.GetType().Name} has no place among profile's facts."),
    };

    /// <summary>The details after the event where it changes them: none for somebody merged away, whose state is closed.</summary>
    public static SealedDetails? DetailsOf(LinkEvent happened) => happened switch
    {
        CustomerMergedAway => new SealedDetails(),
        CustomerAbsorbed absorbed => absorbed.Details,
        CustomerSplitOff split => split.Details,
        CustomerGaveBack gave => gave.Details,
        CustomersKeptApart or ConsentForgotten => null,
        _ => throw new UnreachableException($"{happened.GetType().Name} has no place among profile's facts."),
    };

    private static string Text(Guid id) => id.ToString("D");
}
