using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Patron.Segmentation;

/// <summary>
/// What instances of the service ask one another: each answers of the partitions that it owns and asks nobody. The key needs the scope
/// <c>read</c>. Not for others, who ask any instance about all customers.
/// </summary>
internal static class PartitionEndpoints
{
    public static void Map(RouteGroupBuilder routes)
    {
        // Whoever asks was counted where they asked first; instances that queue behind one another's questions would all wait for nothing.
        var partitions = routes.MapGroup("/partitions").DisableRateLimiting().ExcludeFromDescription();
        partitions.MapPost("/tally", async (HttpRequest request, WholeBrand brand, PeerInstances peers) => Answer(
            request, peers, await BodyAsync(request, InstancesJson.Default.TallyQuestion), brand.OwnTally,
            InstancesJson.Default.IReadOnlyListPartTally));
        partitions.MapPost("/groups", async (HttpRequest request, WholeBrand brand, PeerInstances peers) => Answer(
            request, peers, await BodyAsync(request, InstancesJson.Default.GroupQuestion), brand.OwnFigures,
            InstancesJson.Default.IReadOnlyListPartGroupFigures));
        partitions.MapGet("/customers", (HttpRequest request, WholeBrand brand, PeerInstances peers) =>
            Stream(request, peers, brand.OwnCustomers, CustomersCopy.Write));
        partitions.MapGet("/purchases", (HttpRequest request, WholeBrand brand, PeerInstances peers) =>
            Stream(request, peers, brand.OwnPurchases, PurchasesCopy.Write));
    }

    private static bool IsItself(HttpRequest request, PeerInstances peers) => request.Headers[PeerInstances.InstanceHeader] == peers.Instance;

    // Not bound by the framework, whose own options write enums another way.
    private static async Task<T> BodyAsync<T>(HttpRequest request, JsonTypeInfo<T> json)
        where T : class
    {
        try
        {
            var body = await JsonSerializer.DeserializeAsync(request.Body, json, request.HttpContext.RequestAborted);
            return body is null or TallyQuestion { Rules.Count: > TallyQuestion.RulesMax } ? throw new JsonException("It asks nothing, or too much.") : body;
        }
        catch (JsonException wrong)
        {
            throw new BadHttpRequestException("The body is not a question of another instance.", wrong);
        }
    }

    private static JsonHttpResult<IReadOnlyList<Part<TPart>>> Answer<TQuestion, TPart>(
        HttpRequest request, PeerInstances peers, TQuestion question, Func<TQuestion, IReadOnlyList<Part<TPart>>> own,
        JsonTypeInfo<IReadOnlyList<Part<TPart>>> json) => TypedResults.Json(IsItself(request, peers) ? [] : own(question), json);

    private static PushStreamHttpResult Stream<T>(
        HttpRequest request, PeerInstances peers, Func<IReadOnlyList<Part<T>>> own, Action<BinaryWriter, T> write)
    {
        var cancellation = request.HttpContext.RequestAborted;
        return TypedResults.Stream(stream => PartStream.WriteAsync(stream, IsItself(request, peers) ? [] : own(), write, cancellation));
    }
}

// Segments that stand in a rule for their names make it deeper than any that people write.
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, MaxDepth = 512, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TallyQuestion))]
[JsonSerializable(typeof(IReadOnlyList<Part<Tally>>))]
[JsonSerializable(typeof(GroupQuestion))]
[JsonSerializable(typeof(IReadOnlyList<Part<GroupFigures>>))]
internal sealed partial class InstancesJson : JsonSerializerContext;
