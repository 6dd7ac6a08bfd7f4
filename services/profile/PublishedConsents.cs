using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventStore;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Profile;

/// <summary>Consents in public words. The wording, the touchpoint and all other evidence stay here.</summary>
internal static class PublishedConsents
{
    public static IMessage FactOf(DomainEvent happened) => happened switch
    {
        ConsentChanged it => FactOf(it.Channel, it.Purpose, it.Granted ? ConsentState.Granted : ConsentState.Withdrawn, it.Version, it.ChangedAt),
        ConsentExpired it => FactOf(it.Channel, it.Purpose, ConsentState.Expired, it.Version, it.ExpiredAt),
        OptInRequested it => new Facts.OptInRequested
        {
            RequestId = it.Request.ToString("D"),
            Channel = it.Channel,
            Purpose = it.Purpose,
            Version = it.Version,
            RequestedAt = Timestamp.FromDateTimeOffset(it.RequestedAt),
            ExpiresAt = Timestamp.FromDateTimeOffset(it.ExpiresAt),
        },
        _ => throw new UnreachableException($"{happened.GetType().Name} is no consent."),
    };

    public static Facts.ConsentChanged FactOf(string channel, string purpose, ConsentState state, long version, DateTimeOffset changedAt) => new()
    {
        Channel = channel,
        Purpose = purpose,
        State = state,
        Version = version,
        ChangedAt = Timestamp.FromDateTimeOffset(changedAt),
    };
}
