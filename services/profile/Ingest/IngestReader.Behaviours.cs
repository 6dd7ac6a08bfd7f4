using Google.Protobuf;
using Patron.Contracts.Ingest.V1;

namespace Patron.Profile;

/// <summary>Behaviours: every type that is registered, beside those that Patron knows by itself.</summary>
internal sealed partial class IngestReader
{
    private const string UnknownType =
        "This type of event is not known: take patron.ingest.v1.Purchase, patron.ingest.v1.CustomerUpdate, patron.ingest.v1.Product, " +
        "patron.ingest.v1.Store or one that GET /v1/event-types lists, or register it there.";

    /// <summary>Completes at once unless the event types have to be looked up anew.</summary>
    /// <param name="now">Business time.</param>
    public async ValueTask<Told?> ReadAsync(CloudEvent given, DateTimeOffset now, FieldErrors errors, CancellationToken cancellation)
    {
        if (given.Type is null || IsOwn(given.Type))
            return Read(given, message: null, type: null, now, errors);
        var type = RegisterEventType.IsName(given.Type) ? await types.FindAsync(given.Type, cancellation) : null;
        return Read(given, message: null, type, now, errors);
    }

    /// <summary>This name if it is that of a type that Patron knows, else null: what senders write there may be anything.</summary>
    public async ValueTask<string?> KnownTypeAsync(string? name, CancellationToken cancellation) =>
        name is not null && (IsOwn(name) || await types.FindAsync(name, cancellation) is { Version: > 0 }) ? name : null;

    /// <summary>Another identifier that a touchpoint named apart from its event's data.</summary>
    public IReadOnlyList<Identifier> Identify(Identifiers told, string source, FieldErrors errors) => identifiersOf.Read(told, source, "", "", errors);

    private Told OfBehaviour(CloudEvent given, DateTimeOffset time, EventType type, FieldErrors errors)
    {
        var before = errors.Count;
        var data = BehaviourData.Read(given, type, collect.PropertiesBytesMax, errors);
        var identifiers = identifiersOf.Read(data.Customer, given.Source!, "", $"{given.DataPlace}/customer", errors);
        if (identifiers.Count == 0 && errors.Count == before)
            errors.Add($"{given.DataPlace}/customer", "Name whom it is about by at least one identifier, such as the anonymousId of a device.");
        var key = KeyOf(given.Source!, given.Id!);
        return new Told(
            given.Place, given.Source!, given.Id!, time, key, HashOf(given, time, data.Hashed), identifiers, new Details(), [], null)
        {
            Behaviour = new ToldBehaviour(
                new BehaviourFacts(key, type.Name, type.Version, given.Source!, time, data.Properties.Open), data.Properties.Personal),
            TraceParent = TraceOf(given),
        };
    }

    /// <summary>The same where the data was not told as JSON but by a row of a file.</summary>
    public Told? Read(CloudEvent given, IMessage message, DateTimeOffset now, FieldErrors errors) => Read(given, message, type: null, now, errors);

    private static bool IsOwn(string type) => Array.Exists(Types, t => t.FullName == type);
}
