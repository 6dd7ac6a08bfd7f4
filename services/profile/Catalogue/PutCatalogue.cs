using System.Globalization;
using System.Text.Json;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Contract = Patron.Contracts.Ingest.V1;

namespace Patron.Profile;

/// <summary>What became of one product or store of a call.</summary>
/// <param name="Status"><c>changed</c>, or <c>unchanged</c>: nothing of it was news, because it is the same as, or older than, what is known.</param>
/// <param name="Version">The number of its changes so far.</param>
internal sealed record CatalogueTaken(string Code, string Status, int Version);

internal sealed record CatalogueAnswer(IReadOnlyList<CatalogueTaken> Taken);

/// <summary>
/// Whoever owns the catalogue tells products or stores, up to 1,000 in a call. Everything of a call is right and taken, or nothing is; what
/// was taken counts for purchases that this instance takes from then on. A retry is safe.
/// </summary>
internal static class PutCatalogue
{
    public const int PartsMax = 1_000;

    public static void Map(WebApplication app, ProfileSettings settings)
    {
        var limit = new RequestSizeLimitAttribute(settings.BodyBytesMax);
        app.MapPut("/v1/catalogue/products", PutProductsAsync).RequireApiKey(CatalogueModule.WriteScope).WithMetadata(limit);
        app.MapPut("/v1/catalogue/stores", PutStoresAsync).RequireApiKey(CatalogueModule.WriteScope).WithMetadata(limit);
    }

    private static Task<IResult> PutProductsAsync(
        HttpRequest request, Consumed consumed, PartsTaken taken, BusinessClock clock, CancellationToken cancellation) =>
        PutAsync(request, taken, Contract.ProductList.Descriptor, (list, now, errors) =>
            [.. ((Contract.ProductList)list).Products.Select((p, i) => consumed.ProductOf(p, now, now, At("products", i), errors))], clock, cancellation);

    private static Task<IResult> PutStoresAsync(
        HttpRequest request, Consumed consumed, PartsTaken taken, BusinessClock clock, CancellationToken cancellation) =>
        PutAsync(request, taken, Contract.StoreList.Descriptor, (list, now, errors) =>
            [.. ((Contract.StoreList)list).Stores.Select((s, i) => consumed.StoreOf(s, now, now, At("stores", i), errors))], clock, cancellation);

    private static async Task<IResult> PutAsync(
        HttpRequest request, PartsTaken taken, MessageDescriptor type,
        Func<Google.Protobuf.IMessage, DateTimeOffset, FieldErrors, IReadOnlyList<ToldOfCatalogue>> read, BusinessClock clock,
        CancellationToken cancellation)
    {
        if (CloudEvents.MediaTypeOf(request.ContentType) != CloudEvents.DataType)
            return Problem.Of(StatusCodes.Status415UnsupportedMediaType, "wrong-content-type", $"Send {CloudEvents.DataType} in UTF-8.");
        var errors = new FieldErrors();
        using var body = await JsonBody.ParseAsync(request.Body, errors, cancellation);
        if (body is null)
            return Problem.Invalid(errors.Found);
        var list = type.Fields.InDeclarationOrder()[0].JsonName;
        if (CountOf(body.RootElement, list) is not (> 0 and <= PartsMax))
            return Problem.Invalid(new FieldError($"/{list}", string.Create(CultureInfo.InvariantCulture, $"Send 1 to {PartsMax} in a call.")));

        var parts = read(ProtobufJson.Read(body.RootElement, type, "", errors), clock.GetUtcNow(), errors);
        if (errors.Count > 0)
            return Problem.Invalid(errors.Found);
        return await taken.TakeAsync(parts, cancellation) is { } answer
            ? TypedResults.Json(new CatalogueAnswer(answer), ProfileJson.Default.CatalogueAnswer)
            : Problem.Of(
                StatusCodes.Status409Conflict, "catalogue-full", "The catalogue holds as many products as are allowed; see Profile:CatalogueProductsMax.");
    }

    private static string At(string list, int index) => string.Create(CultureInfo.InvariantCulture, $"/{list}/{index}");

    private static int CountOf(JsonElement body, string list) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(list, out var parts) && parts.ValueKind == JsonValueKind.Array
            ? parts.GetArrayLength() : 0;
}

/// <summary>Applies what was told of the catalogue, a batch in as few transactions as possible.</summary>
internal sealed class PartsTaken(ServiceRuntime profile, CatalogueIndex index, ProfileSettings settings)
{
    /// <summary>Results in the order of the parts, durable and known to this instance's purchases; null when the catalogue is full. A retry is safe.</summary>
    public async Task<IReadOnlyList<CatalogueTaken>?> TakeAsync(IReadOnlyList<ToldOfCatalogue> parts, CancellationToken cancellation)
    {
        await index.Loaded.WaitAsync(cancellation);
        var added = parts.OfType<ToldProduct>().Select(p => p.Code).Distinct().Count(code => !index.Knows(code));
        if (added > 0 && index.Count + added > settings.CatalogueProductsMax)
            return null;
        IReadOnlyList<Command> commands = [.. parts.Select(p => p.CommandOf(hash: null))];
        var results = await profile.ExecuteAsync(commands, cancellation);
        if (results.Any(r => r.Events.Any(e => e.Event is ProductDescribed)))
            await index.RefreshAsync(cancellation);
        return [.. results.Zip(parts).Select(r => new CatalogueTaken(r.Second.Code, r.First.Events.Count > 0 ? "changed" : "unchanged", r.First.Version))];
    }
}
