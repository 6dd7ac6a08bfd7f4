using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Profile;

/// <summary>Profile's own events in public words. The retained topic carries no personal data, the compacted one only sealed fields.</summary>
internal static class Published
{
    public static readonly Topic Profile = new(Topics.Profile);
    public static readonly Topic Customers = new(Topics.ProfileCustomers, Compacted: true);

    public static IReadOnlyList<Publication> Publications { get; } = 
        [new(Profile, FactOf), new(Customers, StateOf) { Ends = recorded => recorded.Event is Erased }];

    internal static IMessage? FactOf(RecordedEvent recorded) => recorded.Event switch
    {
        CustomerRegistered registered => new Facts.CustomerRegistered { Source = registered.Source },
        PurchaseRecorded recordedPurchase => PurchaseOf(recordedPurchase.Purchase, anonymous: false, recordedPurchase.Origin),
        AnonymousPurchaseRecorded recordedPurchase => PurchaseOf(recordedPurchase.Purchase, anonymous: true),
        ConsentChanged or OptInRequested or ConsentExpired => PublishedConsents.FactOf(recorded.Event),
        BehaviourRecorded behaviour => BehaviourOf(behaviour.Behaviour, behaviour.Origin),
        LinkEvent link => PublishedLinks.FactOf(link),
        BirthdayReached reached => new Facts.BirthdayReached { Year = reached.Year },
        Erased erased => new Facts.CustomerErased { Aliases = { erased.Aliases.Select(a => a.ToString("D")) } },
        PrivacyEvent => null,
        // Who is known by what, and what is known of them, is profile's own matter.
        IdentifierLinked or IdentifierConflictFound or DetailsChanged or DetailsWeighed or DetailsConfirmed => null,
        CatalogueEvent => null,
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} has no place among profile's facts."),
    };

    internal static IMessage? StateOf(RecordedEvent recorded) => recorded.Event switch
    {
        DetailsChanged changed => StateOf(changed.Details, recorded.Version),
        LinkEvent link => PublishedLinks.DetailsOf(link) is { } details ? StateOf(details, recorded.Version) : null,
        Erased => new Facts.CustomerState(),
        PrivacyEvent => null,
        CustomerRegistered or IdentifierLinked or IdentifierConflictFound or DetailsWeighed or DetailsConfirmed or BirthdayReached => null,
        ConsentChanged or OptInRequested or ConsentExpired => null,
        PurchaseRecorded or AnonymousPurchaseRecorded or BehaviourRecorded or CatalogueEvent => null,
        _ => throw new UnreachableException($"{recorded.Event.GetType().Name} has no place among profile's facts."),
    };

    private static Facts.CustomerState StateOf(SealedDetails details, int version) => new()
    {
        Version = version,
        SealedGivenName = details.GivenName ?? "",
        SealedFamilyName = details.FamilyName ?? "",
        SealedEmail = details.Email ?? "",
        SealedPhone = details.Phone ?? "",
        SealedLanguage = details.Language ?? "",
        SealedTimeZone = details.TimeZone ?? "",
        SealedCountry = details.Country ?? "",
        SealedAttributes = { (details.Attributes ?? []).ToDictionary(a => a.Key, a => a.Value) },
    };

    private static Facts.PurchaseRecorded PurchaseOf(PurchaseFacts purchase, bool anonymous, Guid? origin = null)
    {
        var fact = new Facts.PurchaseRecorded
        {
            PurchaseId = purchase.Id.ToString("D"),
            Anonymous = anonymous,
            Source = purchase.Source,
            Receipt = purchase.Receipt,
            Channel = (Channel)purchase.Channel,
            Store = purchase.Store,
            OccurredAt = Timestamp.FromDateTimeOffset(purchase.OccurredAt),
            Currency = purchase.Currency,
            Origin = origin?.ToString("D") ?? "",
            ReturnedPurchaseId = purchase.Returned?.Purchase?.ToString("D") ?? "",
            ReturnedSource = purchase.Returned?.Source ?? "",
            ReturnedReceipt = purchase.Returned?.Receipt ?? "",
        };
        foreach (var line in purchase.Lines)
            fact.Lines.Add(LineOf(line));
        foreach (var product in purchase.Products ?? [])
            fact.Products.Add(new Facts.ProductAtTheTime { Product = product.Product, Category = product.Category, Brand = product.Brand });
        return fact;
    }

    // The sealed properties stay here.
    private static Facts.BehaviourRecorded BehaviourOf(BehaviourFacts behaviour, Guid? origin)
    {
        var fact = new Facts.BehaviourRecorded
        {
            BehaviourId = behaviour.Id.ToString("D"),
            Type = behaviour.Type,
            SchemaVersion = behaviour.SchemaVersion,
            Source = behaviour.Source,
            OccurredAt = Timestamp.FromDateTimeOffset(behaviour.OccurredAt),
            Origin = origin?.ToString("D") ?? "",
        };
        foreach (var (name, value) in behaviour.Properties)
            fact.Properties.Add(name, value);
        return fact;
    }

    private static Line LineOf(PurchaseLine line) => new()
    {
        Product = line.Product,
        Kind = (Contracts.Ingest.V1.LineKind)line.Kind,
        Quantity = line.Quantity,
        AmountMinor = line.AmountMinor,
    };
}
