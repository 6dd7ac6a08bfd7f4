using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Patron.Runtime.Privacy;

/// <summary>
/// Key wrapping by the transit engine of HashiCorp Vault or OpenBao, or whatever speaks its API: the master key never leaves it. Many keys a
/// call; the owner is bound as associated data, and the version of the master key stands in each wrapped key (<c>vault:v3:…</c>).
/// </summary>
/// <param name="connect">
/// Makes a client whose base address is the service's, whose headers carry its token, and whose timeout bounds a call.
/// </param>
/// <param name="name">The master key's name there: of a type with associated data, such as aes256-gcm96.</param>
/// <param name="versionHeld">How long the number of the current version is remembered: after a rotation it is asked for again.</param>
public sealed class TransitKeys(Func<HttpClient> connect, string name, TimeSpan versionHeld, TimeProvider systemTime) : IKeyWrapping
{
    /// <summary>The most keys of one call; more are asked for in several.</summary>
    public const int KeysPerCallMax = 500;

    private (byte[] Prefix, long Since)? current;

    /// <inheritdoc/>
    public async ValueTask<byte[]> CurrentPrefixAsync(CancellationToken cancellation)
    {
        if (current is { } known && systemTime.GetElapsedTime(known.Since) < versionHeld)
            return known.Prefix;
        using var http = connect();
        using var answer = await http.GetAsync(new Uri($"v1/transit/keys/{name}", UriKind.Relative), cancellation);
        answer.EnsureSuccessStatusCode();
        var key = await answer.Content.ReadFromJsonAsync(TransitJson.Default.TransitAnswerTransitKey, cancellation);
        var version = key?.Data?.LatestVersion ?? throw new HttpRequestException("The key service did not say which version is current.");
        var prefix = Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"vault:v{version}:"));
        current = (prefix, systemTime.GetTimestamp());
        return prefix;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> WrapAsync(IReadOnlyList<OwnedKey> keys, CancellationToken cancellation) => AskAsync(
        "encrypt", keys, key => new TransitItem { Plaintext = Convert.ToBase64String(key.Key.Span), AssociatedData = Bound(key.Owner) },
        result => Encoding.UTF8.GetBytes(result.Ciphertext!), cancellation);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<byte[]>> UnwrapAsync(IReadOnlyList<OwnedKey> wrapped, CancellationToken cancellation) => AskAsync(
        "decrypt", wrapped, Opening, result => Convert.FromBase64String(result.Plaintext!), cancellation);

    /// <inheritdoc/>
    /// <remarks>Opened and wrapped anew, since the engine's own <c>rewrap</c> takes no associated data.</remarks>
    public async ValueTask<IReadOnlyList<byte[]>> RewrapAsync(IReadOnlyList<OwnedKey> wrapped, CancellationToken cancellation)
    {
        var opened = await UnwrapAsync(wrapped, cancellation);
        return await WrapAsync([.. opened.Select((key, i) => new OwnedKey(key, wrapped[i].Owner))], cancellation);
    }

    private static TransitItem Opening(OwnedKey wrapped) =>
        new() { Ciphertext = Encoding.UTF8.GetString(wrapped.Key.Span), AssociatedData = Bound(wrapped.Owner) };

    private static string Bound(string owner) => Convert.ToBase64String(Encoding.UTF8.GetBytes(owner));

    private async ValueTask<IReadOnlyList<byte[]>> AskAsync(
        string verb, IReadOnlyList<OwnedKey> keys, Func<OwnedKey, TransitItem> ask, Func<TransitItem, byte[]> read, CancellationToken cancellation)
    {
        var results = new List<byte[]>(keys.Count);
        foreach (var part in keys.Chunk(KeysPerCallMax))
        {
            using var http = connect();
            using var answer = await http.PostAsJsonAsync(
                new Uri($"v1/transit/{verb}/{name}", UriKind.Relative), new TransitBatch([.. part.Select(ask)]), TransitJson.Default.TransitBatch,
                cancellation);

            // A batch of which some items failed is answered with 400 and its results all the same.
            var told = answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.BadRequest
                ? await answer.Content.ReadFromJsonAsync(TransitJson.Default.TransitAnswerTransitResults, cancellation)
                : null;
            if (told?.Data?.BatchResults is not { } items || items.Count != part.Length)
                throw new HttpRequestException($"The key service answered {(int)answer.StatusCode} to a call of {verb}.", null, answer.StatusCode);
            if (items.Any(i => !string.IsNullOrEmpty(i.Error)))
                throw new CryptographicException($"The key service could not {verb} a key; its own log says why.");
            results.AddRange(items.Select(read));
        }

        return results;
    }
}

internal sealed record TransitAnswer<T>(T? Data);

internal sealed record TransitKey([property: JsonPropertyName("latest_version")] int? LatestVersion);

internal sealed record TransitBatch([property: JsonPropertyName("batch_input")] IReadOnlyList<TransitItem> BatchInput);

internal sealed record TransitResults([property: JsonPropertyName("batch_results")] IReadOnlyList<TransitItem>? BatchResults);

internal sealed record TransitItem
{
    [JsonPropertyName("plaintext")]
    public string? Plaintext { get; init; }

    [JsonPropertyName("ciphertext")]
    public string? Ciphertext { get; init; }

    [JsonPropertyName("associated_data")]
    public string? AssociatedData { get; init; }

    [JsonPropertyName("error")]
    public string? Error { get; init; }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TransitBatch))]
[JsonSerializable(typeof(TransitAnswer<TransitKey>))]
[JsonSerializable(typeof(TransitAnswer<TransitResults>))]
internal sealed partial class TransitJson : JsonSerializerContext;
