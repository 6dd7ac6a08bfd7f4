using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Runtime.Privacy;

/// <summary>What a service asks profile for: at most <see cref="ProfileKeys.CustomersMax"/> customers.</summary>
public sealed record KeysWanted(IReadOnlyList<Guid> Customers);

/// <summary>Customer id to the 32 bytes of the key in base64; a customer that is missing was erased or never existed.</summary>
public sealed record KeysHandedOut(IReadOnlyDictionary<Guid, string> Keys);

/// <summary>
/// The keys as every service but profile gets them: from profile over HTTP, protected by TLS and the service's API key. They are held in
/// memory only, so many at most and for so long at most; an erasure is in force everywhere after that time.
/// </summary>
/// <param name="connect">Makes a client whose base address is profile's and whose headers carry an API key with the scope <c>keys</c>.</param>
/// <param name="keysMax">The most keys held.</param>
/// <param name="lifetime">The longest time that a key is held, in system time.</param>
public sealed class ProfileKeys(Func<HttpClient> connect, int keysMax, TimeSpan lifetime, TimeProvider systemTime) : ICustomerKeys
{
    public const string Path = "/internal/v1/keys";

    /// <summary>The most customers of one request.</summary>
    public const int CustomersMax = 1_000;

    private readonly BoundedCache<Guid, CustomerKey> held = new(keysMax, lifetime, systemTime);

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">Profile cannot be reached or refuses; a retry is safe.</exception>
    public async ValueTask<IReadOnlyDictionary<Guid, CustomerKey>> GetAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        var found = new Dictionary<Guid, CustomerKey>(customers.Count);
        var missing = new HashSet<Guid>();
        foreach (var customer in customers)
        {
            if (held.TryGet(customer, out var key))
                found[customer] = key;
            else
                missing.Add(customer);
        }

        foreach (var part in missing.Chunk(CustomersMax))
        {
            foreach (var key in await AskAsync(part, cancellation))
            {
                found[key.Customer] = key;
                held.Set(key.Customer, key);
            }
        }
        return found;
    }

    /// <inheritdoc/>
    public void Forget(Guid customer) => held.Remove(customer);

    private async Task<IEnumerable<CustomerKey>> AskAsync(Guid[] customers, CancellationToken cancellation)
    {
        using var http = connect();
        using var answer = await http.PostAsJsonAsync(Path, new KeysWanted(customers), KeysJson.Default.KeysWanted, cancellation);
        answer.EnsureSuccessStatusCode();
        var keys = await answer.Content.ReadFromJsonAsync(KeysJson.Default.KeysHandedOut, cancellation)
            ?? throw new HttpRequestException("Profile answered null instead of keys.");
        return keys.Keys.Select(k => new CustomerKey(k.Key, Convert.FromBase64String(k.Value)));
    }
}

/// <summary>Source-generated JSON of what travels between profile and <see cref="ProfileKeys"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(KeysWanted))]
[JsonSerializable(typeof(KeysHandedOut))]
public sealed partial class KeysJson : JsonSerializerContext;
