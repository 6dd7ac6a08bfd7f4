using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Runtime.Processing;

/// <summary>What profile asks every service for, by API keys with the scope <c>privacy</c>.</summary>
public static class PersonalDataEndpoints
{
    public const string Scope = "privacy";
    public const string ExportType = "application/x-ndjson";

    /// <summary>The most customers of one question.</summary>
    public const int CustomersMax = 1_000;

    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    /// <summary>
    /// Maps GET <c>/v1/{service}/customers/{id}/export</c>: all that is kept under the id, a JSON object a line; and POST
    /// <c>/v1/{service}/erased</c>: which of these customers' erasures are applied. Both only read.
    /// </summary>
    public static void MapPersonalData(this IEndpointRouteBuilder app, string service)
    {
        var runtime = app.ServiceProvider.PatronService(service);
        app.MapGet($"/v1/{service}/customers/{{id:guid}}/export", (Guid id, HttpContext context, CancellationToken cancellation) =>
            ExportAsync(runtime, id, context, cancellation)).RequireApiKey(Scope);
        app.MapPost($"/v1/{service}/erased", (ErasedWanted wanted, CancellationToken cancellation) =>
            ErasedAsync(runtime, wanted, cancellation)).RequireApiKey(Scope);
    }

    private static async Task<IResult> ErasedAsync(ServiceRuntime runtime, ErasedWanted wanted, CancellationToken cancellation)
    {
        if (wanted.Customers is not { Count: <= CustomersMax } customers)
            return Problem.Invalid(new FieldError("/customers", $"Name at most {CustomersMax} customers."));
        var applied = await runtime.ErasedAsync(customers, cancellation);
        return TypedResults.Json(new ErasedAnswer(runtime.Definition.HearsOfErasures, applied), PersonalDataJson.Default.ErasedAnswer);
    }

    private static async Task ExportAsync(ServiceRuntime runtime, Guid customer, HttpContext context, CancellationToken cancellation)
    {
        context.Response.ContentType = ExportType;
        context.Response.Headers.CacheControl = "no-store";
        var key = await KeyAsync(context.RequestServices.GetService<ICustomerKeys>(), customer, cancellation);
        await foreach (var item in runtime.ExportAsync(customer, key, cancellation))
        {
            await JsonSerializer.SerializeAsync(context.Response.Body, item, PersonalDataJson.Default.ExportedItem, cancellation);
            await context.Response.Body.WriteAsync(LineEnd, cancellation);
        }
    }

    private static async Task<CustomerKey?> KeyAsync(ICustomerKeys? keys, Guid customer, CancellationToken cancellation) =>
        keys is null ? null : (await keys.GetAsync([customer], cancellation)).GetValueOrDefault(customer);
}

/// <summary>At most <see cref="PersonalDataEndpoints.CustomersMax"/> customers.</summary>
public sealed record ErasedWanted(IReadOnlyList<Guid>? Customers);

/// <param name="Hears">False for a service that keeps nothing of a person and so does not follow erasures.</param>
public sealed record ErasedAnswer(bool Hears, IReadOnlyList<AppliedErasure> Applied);

/// <summary>Source-generated JSON of what travels between profile and the services about a person's data.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ExportedItem))]
[JsonSerializable(typeof(ErasedWanted))]
[JsonSerializable(typeof(ErasedAnswer))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, int>))]
[JsonSerializable(typeof(JsonObject))]
public sealed partial class PersonalDataJson : JsonSerializerContext;
