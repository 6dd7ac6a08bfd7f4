using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Patron.Contracts.Ingest.V1;
using Contract = Patron.Contracts.Ingest.V1;

namespace Patron.Profile;

/// <summary>From a CloudEvent to what it tells, or to every reason why not. The same for HTTP, the log and replays of quarantined records.</summary>
internal sealed partial class IngestReader(
    ProfileSettings settings, CollectSettings collect, EventTypeRegistry types, KeyedHash hash, ToldIdentifiers identifiersOf, ConsentSettings consents,
    WordingBook wordings, AttributeRegistry attributes)
{
    private const int SourceCharactersMax = 256;
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz";
    private static readonly MessageDescriptor[] Types =
        [Purchase.Descriptor, CustomerUpdate.Descriptor, Contract.Product.Descriptor, Contract.Store.Descriptor];

    private readonly Consumed consumed = new(settings, consents, wordings);

    private Told? Read(CloudEvent given, IMessage? message, EventType? type, DateTimeOffset now, FieldErrors errors)
    {
        var before = errors.Count;
        if (given.SpecVersion != "1.0")
            errors.Add($"{given.AttributePrefix}specversion", "This must be the text 1.0: the version of CloudEvents.");
        CheckName(given.Source, $"{given.AttributePrefix}source", "the touchpoint, such as /pos/hk", errors);
        CheckName(given.Id, $"{given.AttributePrefix}id", "the event's id, unique within its source", errors);
        var time = ReadTime(given, now, errors);
        // A missing source or id is found already; what follows finds the other errors, and its answer counts for nothing.
        var told = type is null
            ? (message ?? ReadData(given, errors)) switch
            {
                Purchase purchase => OfPurchase(given, time, purchase, errors),
                CustomerUpdate update => OfUpdate(given, time, update, errors),
                Contract.Product product => OfCatalogue(given, time, product, consumed.ProductOf(product, time, now, given.DataPlace, errors)),
                Contract.Store store => OfCatalogue(given, time, store, consumed.StoreOf(store, time, now, given.DataPlace, errors)),
                null => null,
                var data => throw new UnreachableException($"{data.Descriptor.FullName} is read but not understood."),
            }
            : OfBehaviour(given, time, type, errors);
        return errors.Count == before && told is not null ? told with { RecordedAt = now } : null;
    }

    /// <summary>
    /// The idempotency key of an event: a UUID (version 8, RFC 9562) of the first 122 usable bits of SHA-256 over source, a zero byte and id.
    /// </summary>
    public static Guid KeyOf(string source, string id)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{source}\0{id}")).AsSpan(0, 16);
        digest[6] = (byte)((digest[6] & 0x0f) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3f) | 0x80);
        return new Guid(digest, bigEndian: true);
    }

    private Told OfPurchase(CloudEvent given, DateTimeOffset time, Purchase purchase, FieldErrors errors)
    {
        var key = KeyOf(given.Source!, given.Id!);
        var identifiers = identifiersOf.Read(purchase.Customer, given.Source!, "", $"{given.DataPlace}/customer", errors);
        var facts = consumed.PurchaseOf(purchase, key, given.Source!, time, given.DataPlace, errors);
        return new Told(
            given.Place, given.Source!, given.Id!, time, key, HashOf(given, time, purchase.ToByteArray()), identifiers,
            Consumed.ContactsOf(identifiers), [], facts)
        {
            TraceParent = TraceOf(given),
        };
    }

    private Told OfUpdate(CloudEvent given, DateTimeOffset time, CustomerUpdate update, FieldErrors errors)
    {
        var before = errors.Count;
        var identifiers = identifiersOf.Read(update.Customer, given.Source!, update.Country, $"{given.DataPlace}/customer", errors);
        if (identifiers.Count == 0 && errors.Count == before)
            errors.Add($"{given.DataPlace}/customer", "Name the customer by at least one identifier, such as loyaltyCard, shopCustomerId, phone or email.");
        var declared = attributes.Current;
        var notes = new List<AttributeNote>();
        var details = Consumed.DetailsOf(update, identifiers, given.DataPlace, errors, notes);
        var further = Consumed.AttributesOf(update, declared, given.DataPlace, errors, notes);
        var decisions = consumed.ConsentsOf(update, time, given.DataPlace, errors);
        var key = KeyOf(given.Source!, given.Id!);
        return new Told(
            given.Place, given.Source!, given.Id!, time, key, HashOf(given, time, update.ToByteArray()), identifiers, details, decisions, null)
        {
            TraceParent = TraceOf(given),
            Attributes = further,
            Notes = notes,
            Priorities = declared.Priorities,
        };
    }

    private Told OfCatalogue(CloudEvent given, DateTimeOffset time, IMessage data, ToldOfCatalogue part) => new(
        given.Place, given.Source!, given.Id!, time, KeyOf(given.Source!, given.Id!), HashOf(given, time, data.ToByteArray()), [], new Details(), [], null)
    {
        TraceParent = TraceOf(given),
        Catalogue = part,
    };

    // Over the message and not the text, so that spaces, order of fields and the content mode make no difference.
    private Guid HashOf(CloudEvent given, DateTimeOffset time, ReadOnlySpan<byte> data) => hash.Of(
        [.. Encoding.UTF8.GetBytes(given.ToldTime is { } told ? $"{given.Type}\0{told}\0" : $"{given.Type}\0{time.UtcTicks}\0"), .. data]);

    private static IMessage? ReadData(CloudEvent given, FieldErrors errors)
    {
        var type = Array.Find(Types, t => t.FullName == given.Type);
        if (type is null)
            errors.Add($"{given.AttributePrefix}type", UnknownType);
        else if (given.Data.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            errors.Add(given.DataPlace, $"The event has no data; send a {type.FullName}.");
        else
            return ProtobufJson.Read(given.Data, type, given.DataPlace, errors);
        return null;
    }

    private DateTimeOffset ReadTime(CloudEvent given, DateTimeOffset now, FieldErrors errors)
    {
        var at = $"{given.AttributePrefix}time";
        if (given.Time is null)
            errors.Add(at, "Say when it happened, such as 2024-03-01T10:15:00+08:00.");
        else if (!TryReadTime(given.Time, out var time))
            errors.Add(at, "This is not a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.");
        else if (time > now + settings.FutureMax)
            errors.Add(at, string.Create(
                CultureInfo.InvariantCulture,
                $"This is in the future: it is {now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} here, " +
                $"and {settings.FutureMax.TotalMinutes:0.#} minutes ahead are tolerated."));
        else if (time < settings.EarliestTime)
            errors.Add(at, string.Create(
                CultureInfo.InvariantCulture,
                $"This is before {settings.EarliestTime.UtcDateTime:yyyy-MM-dd}, the earliest time taken; check the clock of the touchpoint."));
        else
            return time;
        return now;
    }

    /// <summary>RFC 3339 with its offset; what is kept and published is UTC to the microsecond.</summary>
    internal static bool TryReadTime(string text, out DateTimeOffset time)
    {
        var upper = text.ToUpperInvariant();
        var offset = upper.EndsWith('Z') ? upper[..^1] + "+00:00" : upper;
        time = default;
        if (!Rfc3339().IsMatch(offset) || !DateTimeOffset.TryParseExact(offset, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var read))
            return false;
        time = new DateTimeOffset(read.UtcTicks - (read.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        return true;
    }

    // One that is not valid starts a new trace instead of failing the event (W3C Trace Context, 3.2.2).
    private static string? TraceOf(CloudEvent given) =>
        given.TraceParent is { Length: 55 } parent && ActivityContext.TryParse(parent, null, out _) ? parent : null;

    private static void CheckName(string? name, string at, string what, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > SourceCharactersMax || name.Any(char.IsControl))
            errors.Add(at, $"Name {what}, in 1 to {SourceCharactersMax} characters.");
        else if (PersonalLook.IsIn(name))
            errors.Add(at, PersonalLook.Rule);
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?[+-]\d\d:\d\d\z", RegexOptions.ECMAScript)]
    private static partial Regex Rfc3339();
}
