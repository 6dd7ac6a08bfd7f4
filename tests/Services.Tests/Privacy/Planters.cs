using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using NUnit.Framework;
using Patron.Services.Tests.Profile;

namespace Patron.Services.Tests.Privacy;

/// <summary>One way by which something personal gets into Patron. A new way is one more of these in <see cref="Planters.All"/>.</summary>
internal sealed record Planter(string Way, Func<Garden, CancellationToken, Task> PlantAsync);

/// <summary>Every kind of field, by every door.</summary>
internal static partial class Planters
{
    private const int PeopleByHttp = 60;
    private const int PeopleByTopic = 40;
    private const string Structured = "application/cloudevents+json";

    public static IReadOnlyList<Planter> All { get; } =
    [
        new("names, contact points, identifiers, consent wordings and event ids over HTTP", PeopleOverHttpAsync),
        new("the same over the topic, structured", PeopleOverTopicAsync),
        new("headers and attributes that nobody reads, binary mode", HeadersAsync),
        new("purchases that name their customer", PurchasesAsync),
        new("codes that look personal over HTTP, which are refused", RefusedCodesAsync),
        new("codes that look personal over the topic, which go to quarantine", QuarantinedCodesAsync),
        new("texts that nobody understands and that name a customer", BrokenBodiesAsync),
        new("fields that a touchpoint made up", UnknownFieldsAsync),
        new("further attributes", AttributesAsync),
        new("what proves a consent", EvidenceAsync),
        new("what people did, and open properties that look personal", BehavioursAsync),
        new("calls of Segment's SDKs, taken and in quarantine", SegmentAsync),
        new("rows of an upload that do not go in", UploadAsync),
        new("parked records, and what operators wrote about them", ParkedAsync),
    ];

    private static async Task PeopleOverHttpAsync(Garden garden, CancellationToken cancellation)
    {
        for (var i = 0; i < PeopleByHttp; i++)
        {
            var (told, card, email, kept) = garden.Person("/crm");
            garden.People.Add(new Planted(await garden.Host.TellAsync(told, cancellation), card, email, kept));
        }
    }

    private static async Task PeopleOverTopicAsync(Garden garden, CancellationToken cancellation)
    {
        var told = Enumerable.Range(0, PeopleByTopic).Select(_ => garden.Person("/pos/hk")).ToList();
        foreach (var person in told)
            await garden.PublishAsync(Encoding.UTF8.GetBytes(person.Event.ToJsonString()), cancellation, ("content-type", Structured));
        foreach (var (_, card, email, kept) in told)
            garden.People.Add(new Planted(await garden.CustomerOfAsync(card, cancellation), card, email, kept));
    }

    private static async Task HeadersAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var person in garden.People.Take(20))
        {
            var data = new JsonObject { ["customer"] = new JsonObject { ["loyaltyCard"] = person.Card } };
            await garden.PublishAsync(
                Encoding.UTF8.GetBytes(data.ToJsonString()), cancellation, ("content-type", "application/json"), ("ce_specversion", "1.0"),
                ("ce_type", "patron.ingest.v1.CustomerUpdate"), ("ce_source", "/crm"), ("ce_id", $"h-{Canary.Text(garden.Next())}"),
                ("ce_time", "2024-01-10T08:30:00Z"), ("ce_subject", Canary.Chinese(garden.Next())), ("x-cashier", Canary.Email(garden.Next())));
        }
    }

    private static async Task PurchasesAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var (i, person) in garden.People.Index())
        {
            await garden.Host.TellAsync(Events.Purchase($"a-{i}", person.Card, currency: "GBP"), cancellation);
            await garden.Host.TellAsync(Events.Purchase($"b-{i}", email: person.Email, currency: "GBP"), cancellation);
        }
    }

    private static async Task RefusedCodesAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var change in CodeFields)
        {
            foreach (var code in (Func<int, string>[])[Canary.Email, Canary.Phone])
                await garden.RefusedAsync(WithCode(garden, change, code(garden.Next()), garden.People[0]), cancellation);
        }
    }

    private static async Task QuarantinedCodesAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var (i, person) in garden.People.Take(20).Index())
        {
            var told = WithCode(garden, CodeFields[i % CodeFields.Count], Canary.Email(garden.Next()), person);
            await garden.PublishAsync(Encoding.UTF8.GetBytes(told.ToJsonString()), cancellation, ("content-type", Structured));
        }
    }

    private static async Task BrokenBodiesAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var (i, person) in garden.People.Take(40).Index())
        {
            var words = $"{Canary.Chinese(garden.Next())} called, write to {person.Email.ToUpperInvariant()} or {Canary.Text(garden.Next())}";
            var body = (i % 4) switch
            {
                0 => words,
                1 => $"{{\"note\": {JsonValue.Create(words).ToJsonString()}, ",
                2 => Convert.ToBase64String(Encoding.UTF8.GetBytes(words)),
                _ => $"note={Uri.EscapeDataString(words)}",
            };
            await garden.PublishAsync(Encoding.UTF8.GetBytes(body), cancellation, ("content-type", Structured), ("x-note", Canary.Text(garden.Next())));
        }
    }

    private static async Task UnknownFieldsAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var person in garden.People.Take(20))
        {
            var told = Events.Update($"u-{garden.Count}", person.Card);
            told["data"]![Canary.Text(garden.Next())] = Canary.Chinese(garden.Next());
            await garden.RefusedAsync(told, cancellation);
            await garden.PublishAsync(Encoding.UTF8.GetBytes(told.ToJsonString()), cancellation, ("content-type", Structured));
        }
    }

    private static async Task ParkedAsync(Garden garden, CancellationToken cancellation)
    {
        foreach (var service in (string[])["tagging", "loyalty", "segmentation", "journey", "email"])
        {
            var customer = garden.People[0].Customer;
            await using var batch = garden.Host.Database.CreateBatch();
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                $"insert into {service}.parked (topic, partition, record_offset, customer, record, reason) values ('timers', $1, 1, $2, $3, $4)")
            {
                Parameters =
                {
                    new NpgsqlParameter<short> { TypedValue = (short)Runtime.EventLog.CustomerPartition.Of(customer, garden.Host.Host.Log.Partitions) },
                    new NpgsqlParameter<Guid> { TypedValue = customer },
                    new NpgsqlParameter<byte[]> { TypedValue = Encoding.UTF8.GetBytes(Canary.Chinese(garden.Next())) },
                    new NpgsqlParameter<string> { TypedValue = $"FormatException: {Canary.Text(garden.Next())}" },
                },
            });
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                $"insert into {service}.discarded (id, topic, partition, record_offset, customer, reason, who, why) "
                + "values (-1, 'timers', 0, 1, $1, '', 'ops', $2)")
            {
                Parameters =
                {
                    new NpgsqlParameter<Guid> { TypedValue = customer },
                    new NpgsqlParameter<string> { TypedValue = $"{Canary.Chinese(garden.Next())} said so" },
                },
            });
            Assert.That(await batch.ExecuteNonQueryAsync(cancellation), Is.EqualTo(2));
        }
    }

    // What touchpoints give in codes, which are kept and published in clear.
    private static readonly IReadOnlyList<Action<JsonObject, string>> CodeFields =
    [
        (told, code) => told["source"] = $"/app/users/{code}",
        (told, code) => told["id"] = code,
        (told, code) => told["data"]!["store"] = code,
        (told, code) => told["data"]!["receipt"] = code,
        (told, code) => told["data"]!["lines"]![0]!["product"] = code,
    ];

    private static JsonObject WithCode(Garden garden, Action<JsonObject, string> change, string code, Planted person)
    {
        var told = Events.Purchase($"c-{garden.Count}", person.Card, email: person.Email, currency: "GBP");
        change(told, code);
        return told;
    }
}
