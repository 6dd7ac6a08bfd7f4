using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Testing;

namespace Patron.Services.Tests.Merges;

/// <summary>What profile tells of customers who are one person, and what they buy.</summary>
internal static class People
{
    /// <summary>Merges and splits are told in two partitions, in which they may arrive in any order.</summary>
    public static (Guid Customer, IMessage Fact)[] Merge(Guid away, Guid into, int version, Guid? link = null)
    {
        var id = (link ?? Guid.CreateVersion7(TestHost.Start)).ToString("D");
        return
        [
            (away, new MergedAway { Into = into.ToString("D"), LinkId = id, Version = version }),
            (into, new Absorbed { Customer = away.ToString("D"), LinkId = id, Version = version }),
        ];
    }

    /// <inheritdoc cref="Merge"/>
    public static (Guid Customer, IMessage Fact)[] Split(Guid away, Guid from, int version, Guid? link = null)
    {
        var id = (link ?? Guid.CreateVersion7(TestHost.Start)).ToString("D");
        return
        [
            (away, new SplitOff { From = from.ToString("D"), LinkId = id, Version = version }),
            (from, new GaveBack { Customer = away.ToString("D"), LinkId = id, Version = version }),
        ];
    }

    public static (Guid Customer, IMessage Fact) Buys(Guid customer, int receipt, long minor, string product = "MUG", Guid? origin = null) =>
        (customer, Document(receipt, new Line { Product = product, Kind = LineKind.Sale, Quantity = 1, AmountMinor = minor }, origin));

    public static (Guid Customer, IMessage Fact) Returns(Guid customer, int receipt, string product = "MUG", Guid? origin = null) =>
        (customer, Document(receipt, new Line { Product = product, Kind = LineKind.Return, Quantity = 1, AmountMinor = -1 }, origin));

    public static async Task TellAsync(this FactWriter writer, TestHost host, params IReadOnlyList<(Guid Customer, IMessage Fact)> facts) =>
        await writer.WriteAsync(host, Topics.Profile, facts);

    /// <summary>Publishes one after another and lets each take effect.</summary>
    public static async Task TellInOrderAsync(
        this FactWriter writer, TestHost host, CancellationToken cancellation, params IReadOnlyList<(Guid Customer, IMessage Fact)> facts)
    {
        foreach (var fact in facts)
        {
            await writer.WriteAsync(host, Topics.Profile, [fact]);
            await host.DrainAsync(cancellation);
        }
    }

    public static async Task<JsonNode> GetAsync(this TestHost host, string path, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), cancellation))!;

    /// <summary>A customer's tags, but for when rules gave theirs: after a split they give them anew.</summary>
    public static string WithoutMoments(JsonNode tags)
    {
        foreach (var tag in tags["tags"]!.AsArray().Where(tag => tag!["assignments"]!.AsArray().Any(given => (string)given!["giver"]! == "Rule")))
        {
            tag!.AsObject().Remove("since");
            foreach (var given in tag["assignments"]!.AsArray())
            {
                given!.AsObject().Remove("since");
                given.AsObject().Remove("cause");
            }
        }

        return tags.ToJsonString();
    }

    private static PurchaseRecorded Document(int receipt, Line line, Guid? origin) => new()
    {
        PurchaseId = new Guid(receipt, 0, 0, new byte[8]).ToString("D"),
        Source = "pos",
        Receipt = $"r-{receipt}",
        Channel = Channel.Pos,
        Currency = "GBP",
        OccurredAt = TestHost.Start.AddSeconds(receipt).ToTimestamp(),
        Origin = origin?.ToString("D") ?? "",
        Lines = { line },
    };
}
