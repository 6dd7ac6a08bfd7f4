using System.Globalization;
using Npgsql;
using Patron.Local;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Patron.Tool.Run;

namespace Patron.System.Tests.Apart;

/// <summary>
/// Every service as a process of its own: a database and an account each, Kafka between them, HTTP to its peers with a key of only the
/// scopes that it needs.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    public const int Partitions = 16;

    private static readonly (string Service, string Project, string Assembly)[] Services =
    [
        ("profile", "profile", "Patron.Profile"),
        ("tagging", "tagging", "Patron.Tagging"),
        ("loyalty", "loyalty", "Patron.Loyalty"),
        ("segmentation", "segmentation", "Patron.Segmentation"),
        ("journey", "journey", "Patron.Journey"),
        ("email", "channels/email", "Patron.Channels.Email"),
        ("sms", "channels/sms", "Patron.Channels.Sms"),
        ("wechat", "channels/wechat", "Patron.Channels.WeChat"),
        ("gateway", "gateway", "Patron.Gateway"),
    ];

    private readonly string _id = Guid.CreateVersion7().ToString("N");
    private readonly PrivatePostgres _postgres;
    private readonly Dictionary<string, string> _everywhere;
    private readonly Secrets _secrets;
    private readonly int _mailPort;
    private readonly ApiKey _email = ApiKey.Create();
    private readonly ApiKey _segmentation = ApiKey.Create();
    private readonly ApiKey _gateway = ApiKey.Create();
    private readonly ApiKey _operator = ApiKey.Create();
    private readonly List<(string Service, ServiceProgram Program)> _programs = [];
    private readonly Dictionary<ServiceProgram, HttpClient> _clients = [];
    private readonly Dictionary<string, Uri> _addresses = [];

    private Deployment(PrivatePostgres postgres, string bootstrap, Secrets secrets, int mailPort)
    {
        (_postgres, _secrets, _mailPort) = (postgres, secrets, mailPort);
        _everywhere = new()
        {
            ["Http:Port"] = "0",
            ["Log:Adapter"] = "kafka",
            ["Log:Bootstrap"] = bootstrap,
            ["Log:ReplicationFactor"] = "1",
            ["Log:TopicPrefix"] = $"apart.{_id}.",
            ["Runtime:Partitions"] = Partitions.ToString(CultureInfo.InvariantCulture),
            ["Runtime:Lanes"] = "1",
            ["Runtime:MigrateAtStart"] = "false",
            ["Time:Simulated"] = "true",
            ["Api:Keys:operator:Hash"] = _operator.Hash,
            ["Api:Keys:operator:Scopes:0"] = "operate",
            ["Api:Keys:operator:Scopes:1"] = "read",
            ["Api:Keys:operator:Scopes:2"] = "ingest",
            ["Api:Keys:gateway:Hash"] = _gateway.Hash,
            ["Api:Keys:gateway:Scopes:0"] = "read",
        };
    }

    public IReadOnlyList<ServiceProgram> Programs => [.. _programs.Select(p => p.Program)];

    /// <summary>One client a process, with an operator's key.</summary>
    public IReadOnlyList<HttpClient> Instances => [.. Programs.Select(p => _clients[p])];

    /// <summary>Migrates each service in a step of its own, then starts it.</summary>
    /// <param name="twice">A service of which two instances run; null for none.</param>
    public static async Task<Deployment> StartAsync(
        PrivatePostgres postgres, string bootstrap, Secrets secrets, int mailPort, string? twice, CancellationToken cancellation)
    {
        var deployment = new Deployment(postgres, bootstrap, secrets, mailPort);
        try
        {
            await deployment.CreateDatabasesAsync(cancellation);
            await Task.WhenAll(Services.Select(s => MigrateAsync(deployment.Run(s, "--migrate"))));
            await deployment.StartAsync(["profile"]);
            await deployment.StartAsync([.. Services.Select(s => s.Service).Except(["profile", "gateway"]), .. twice is null ? (string[])[] : [twice]]);
            await deployment.StartAsync(["gateway"]);
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>Speaks to a service, to the first instance where there are several.</summary>
    public HttpClient ClientOf(string service) => _clients[_programs.First(p => p.Service == service).Program];

    /// <summary>Asks every process to end, all at once, and answers how each did.</summary>
    public async Task<IReadOnlyDictionary<string, int>> StopAsync()
    {
        await Task.WhenAll(Programs.Select(p => p.TerminateAsync()));
        var codes = await Task.WhenAll(Programs.Select(p => p.ExitCodeAsync()));
        return _programs.Zip(codes).GroupBy(p => p.First.Service).ToDictionary(g => g.Key, g => g.Max(p => p.Second));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
        foreach (var program in Programs)
            await program.DisposeAsync();
        foreach (var (service, _, _) in Services)
        {
            await _postgres.DropDatabaseAsync(NameOf(service), CancellationToken.None);
            await AdministerAsync($"drop role if exists {NameOf(service)}", CancellationToken.None);
        }
    }

    private string NameOf(string service) => $"{service}_{_id}";

    private async Task CreateDatabasesAsync(CancellationToken cancellation)
    {
        foreach (var (service, _, _) in Services.Where(s => s.Service != "gateway"))
        {
            await AdministerAsync($"create role {NameOf(service)} login password '{_id}'", cancellation);
            await AdministerAsync($"create database {NameOf(service)} owner {NameOf(service)}", cancellation);
        }
    }

    private async Task AdministerAsync(string sql, CancellationToken cancellation)
    {
        await using var administration = NpgsqlDataSource.Create(_postgres.ConnectionString("postgres"));
        await using var command = administration.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task MigrateAsync(ServiceProgram migration)
    {
        await using (migration)
        {
            if (await migration.ExitCodeAsync() != 0)
                throw new InvalidOperationException($"{migration.Name} --migrate failed: {string.Join('\n', migration.Lines)}");
        }
    }

    private async Task StartAsync(IReadOnlyList<string> services)
    {
        foreach (var service in services)
            _programs.Add((service, Run(Services.Single(s => s.Service == service))));
        foreach (var (service, program) in _programs.TakeLast(services.Count))
        {
            var address = await program.AddressAsync();
            _addresses.TryAdd(service, address);
            var client = new HttpClient { BaseAddress = address };
            client.DefaultRequestHeaders.Add("X-Api-Key", _operator.Text);
            _clients.Add(program, client);
        }
    }

    private ServiceProgram Run((string Service, string Project, string Assembly) which, params string[] args) =>
        new(which.Project, which.Assembly, SettingsOf(which.Service), args);

    private Dictionary<string, string> SettingsOf(string service)
    {
        var settings = new Dictionary<string, string>(_everywhere);
        if (service != "gateway")
        {
            settings["Database"] = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString(NameOf(service)))
            {
                Username = NameOf(service),
                Password = _id,
            }.ConnectionString;
        }

        foreach (var (name, value) in OwnSettingsOf(service))
            settings[name] = value;
        return settings;
    }

    private IEnumerable<(string Name, string Value)> OwnSettingsOf(string service) => service switch
    {
        "profile" =>
        [
            ("Vault:MasterKey", _secrets.MasterKey), ("Profile:Currencies:0", "GBP"), ("Http:BodyBytesMax", "16777216"),
            ("Api:Keys:email:Hash", _email.Hash), ("Api:Keys:email:Scopes:0", "keys"), ("Api:Keys:email:Scopes:1", "ingest"),
            ("Api:Keys:segmentation:Hash", _segmentation.Hash), ("Api:Keys:segmentation:Scopes:0", "keys"),
        ],
        "segmentation" => [("Keys:ApiKey", _segmentation.Text), ("Peers:Profile", AddressOf("profile"))],
        "email" =>
        [
            ("Email:RecipientKey", _secrets.RecipientKey), ("Email:BaseAddress", "http://127.0.0.1:1"),
            ("Email:Smtp:Host", "127.0.0.1"), ("Email:Smtp:Port", _mailPort.ToString(CultureInfo.InvariantCulture)),
            ("Links:Current", "k1"), ("Links:Keys:k1", _secrets.LinkKey),
            ("Keys:ApiKey", _email.Text), ("Peers:ApiKey", _email.Text), ("Peers:Profile", AddressOf("profile")),
        ],
        "gateway" =>
        [
            ("Links:Current", "k1"), ("Links:Keys:k1", _secrets.LinkKey), ("Peers:ApiKey", _gateway.Text),
            .. Services.Select(s => s.Service).Except(["gateway"]).Select(peer => ($"Peers:{peer}", AddressOf(peer))),
        ],
        _ => [],
    };

    // A migration knows no peers yet.
    private string AddressOf(string service) => _addresses.GetValueOrDefault(service)?.ToString() ?? "http://127.0.0.1:1";
}
