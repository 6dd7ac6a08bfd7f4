using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Channels.Email;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Profile.V1;
using Patron.Local;
using Patron.Runtime.EventLog;
using Patron.Runtime.Privacy;
using Patron.Testing;

namespace Patron.Services.Tests.Channels;

/// <summary>The email service alone in a host: facts in by the log, mail out to a catcher, profile played by the test.</summary>
internal sealed class EmailHost : IAsyncDisposable
{
    private static readonly Topic Journey = new(Topics.Journey);
    private static readonly Topic Profile = new(Topics.Profile);
    private static readonly Topic Customers = new(Topics.ProfileCustomers, Compacted: true);
    private static readonly Topic Email = new(Topics.Email);

    private readonly FakeProfile profile;

    private EmailHost(TestHost host, FakeProfile profile) => (Host, this.profile) = (host, profile);

    public TestHost Host { get; }

    /// <summary>The bodies that profile was told.</summary>
    public IReadOnlyCollection<JsonNode> Told => profile.Told;

    public static async Task<EmailHost> StartAsync(
        int smtpPort, CancellationToken cancellation, TestDatabase? database = null, FakeProfile? profile = null, params (string Name, string Value)[] more) =>
        await StartAsync(smtpPort, _ => { }, _ => { }, cancellation, database, profile, more);

    /// <summary>The same with other services beside it.</summary>
    public static async Task<EmailHost> StartAsync(
        int smtpPort, Action<WebApplicationBuilder> add, Action<WebApplication> map, CancellationToken cancellation, TestDatabase? database = null,
        FakeProfile? profile = null, params (string Name, string Value)[] more)
    {
        var told = profile ?? new FakeProfile();
        var settings = new Dictionary<string, string>
        {
            ["Email:Smtp:Host"] = "127.0.0.1",
            ["Email:Smtp:Port"] = smtpPort.ToString(CultureInfo.InvariantCulture),
            ["Email:Smtp:Timeout"] = "00:00:10",
            ["Email:From"] = "Käse & Brot <hello@brand.example>",
            ["Email:BaseAddress"] = "https://mail.brand.example",
            ["Email:RecipientKey"] = Convert.ToBase64String(SHA256.HashData("recipients"u8)),
            ["Email:RetryFirst"] = "00:00:00.020",
            ["Email:ContactWait"] = "00:00:00.300",
            ["Links:Current"] = "t",
            ["Links:Keys:t"] = Convert.ToBase64String(SHA256.HashData("links"u8)),
            ["Drain:GracePeriod"] = "00:00:01",
        };
        foreach (var (name, value) in more)
            settings[name] = value;
        var host = await TestHost.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton<ICustomerKeys>(told);
                builder.AddEmail();
                add(builder);
                builder.Services.AddHttpClient("email.profile").ConfigurePrimaryHttpMessageHandler(() => told.Door());
            },
            app =>
            {
                app.MapEmail();
                map(app);
            },
            cancellation,
            database,
            settings);
        return new EmailHost(host, told);
    }

    /// <summary>A customer with an address, who agreed to marketing mails.</summary>
    public async Task<Guid> CustomerAsync(
        CancellationToken cancellation, string email = "anna@cust.example", string given = "Anna", string family = "Ng", string language = "en",
        bool granted = true)
    {
        var customer = Guid.CreateVersion7(TestHost.Start);
        await KnowAsync(customer, 1, cancellation, email, given, family, language);
        await ConsentAsync(customer, granted, 2, cancellation);
        return customer;
    }

    public Task KnowAsync(
        Guid customer, long version, CancellationToken cancellation, string email = "anna@cust.example", string given = "Anna", string family = "Ng",
        string language = "en")
    {
        var key = profile.KeyOf(customer);
        string Seal(string text, string field) => text.Length == 0 ? "" : key.Seal(text, field);
        var state = new CustomerState
        {
            Version = version,
            SealedGivenName = Seal(given, SealedFields.GivenName),
            SealedFamilyName = Seal(family, SealedFields.FamilyName),
            SealedEmail = Seal(email, SealedFields.Email),
            SealedLanguage = Seal(language, SealedFields.Language),
        };
        return Host.PublishAsync(Customers, "profile", customer, state, cancellation);
    }

    public Task ConsentAsync(Guid customer, bool granted, long version, CancellationToken cancellation, string channel = "email") => Host.PublishAsync(
        Profile,
        "profile",
        customer,
        new ConsentChanged
        {
            Channel = channel,
            Purpose = "marketing",
            State = granted ? ConsentState.Granted : ConsentState.Withdrawn,
            Version = version,
            ChangedAt = Timestamp.FromDateTimeOffset(Host.Clock.GetUtcNow()),
        },
        cancellation);

    public async Task<Guid> RequestAsync(
        Guid customer, CancellationToken cancellation, string template = "welcome", string channel = "email", Guid? send = null, TimeSpan? usefulFor = null)
    {
        var id = send ?? Guid.CreateVersion7(TestHost.Start);
        var request = new SendRequested
        {
            SendId = id.ToString("D"),
            Journey = "welcome",
            InstanceId = Guid.Empty.ToString("D"),
            Step = "welcome",
            Channel = channel,
            Purpose = "marketing",
            Template = template,
            Data = { ["tier"] = "gold" },
            Deadline = Timestamp.FromDateTimeOffset(Host.Clock.GetUtcNow() + (usefulFor ?? TimeSpan.FromDays(3))),
        };
        // As journey asks: it had seen what profile told of the customer, so that email waits for that.
        await Host.PublishAsync(Journey, "journey", customer, request, cancellation, backfill: false, Profile, Customers);
        return id;
    }

    public void Erase(Guid customer) => profile.Erase(customer);

    /// <summary>The names of the facts about a customer's mails, in order.</summary>
    public async Task<IReadOnlyList<string>> FactsAsync(Guid customer, CancellationToken cancellation) =>
        [.. (await Host.ReadTopicAsync(Email, cancellation)).Where(f => f.Record.Key == customer.ToString("D")).Select(f => f.Envelope.Type.Split('.')[^1])];

    public async Task<IReadOnlyList<T>> FactsAsync<T>(Google.Protobuf.MessageParser<T> parser, CancellationToken cancellation)
        where T : Google.Protobuf.IMessage<T>, new() =>
        [.. (await Host.ReadTopicAsync(Email, cancellation))
            .Where(f => f.Envelope.Type == new T().Descriptor.FullName).Select(f => parser.ParseFrom(f.Record.Value!.Value.Span))];

    public async Task<IReadOnlyDictionary<string, long>> FiguresAsync(CancellationToken cancellation) =>
        (await Host.Http.GetFromJsonAsync<JsonArray>("/v1/email/figures", cancellation))!.ToDictionary(f => (string)f!["name"]!, f => (long)f!["value"]!);

    public async Task<IReadOnlyList<string>> StoryAsync(Guid customer, CancellationToken cancellation) =>
        [.. (await Host.Http.GetFromJsonAsync<JsonArray>($"/v1/email/customers/{customer}/timeline", cancellation))!.Select(e => $"{e!["what"]} ({e["why"]})")];

    public static async Task UntilAsync(Func<Task<bool>> holds, string what, CancellationToken cancellation)
    {
        while (!await holds())
        {
            Assert.That(cancellation.IsCancellationRequested, Is.False, $"never happened: {what}");
            await Task.Delay(5, cancellation);
        }
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>Plays profile: has the keys and takes events. It outlives a host, as profile does.</summary>
internal sealed class FakeProfile : ICustomerKeys
{
    private readonly ConcurrentDictionary<Guid, CustomerKey> keys = new();
    private readonly ConcurrentQueue<JsonNode> told = new();

    public IReadOnlyCollection<JsonNode> Told => told;

    /// <summary>How many events are refused before one is taken.</summary>
    public int Refusals { get; set; }

    public CustomerKey KeyOf(Guid customer) => keys.GetOrAdd(customer, id => new CustomerKey(id, RandomNumberGenerator.GetBytes(CustomerKey.KeyBytes)));

    public void Erase(Guid customer) => keys.TryRemove(customer, out _);

    public ValueTask<IReadOnlyDictionary<Guid, CustomerKey>> GetAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation) =>
        new(customers.Where(keys.ContainsKey).ToDictionary(c => c, c => keys[c]));

    public void Forget(Guid customer)
    {
        // Nothing is remembered here but the keys themselves.
    }

    public HttpMessageHandler Door() => new Handler(this);

    private sealed class Handler(FakeProfile profile) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (profile.Refusals-- > 0)
                return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
            profile.told.Enqueue(JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!);
            return new HttpResponseMessage(HttpStatusCode.Accepted);
        }
    }
}

/// <summary>A catcher in a folder of its own.</summary>
internal sealed class CaughtMails : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("patron-mail-");

    public CaughtMails() => Catcher = Open(0);

    public MailCatcher Catcher { get; private set; }

    public int Port => Catcher.Port;

    public Task StopAsync() => Catcher.DisposeAsync().AsTask();

    public void Restart(int port) => Catcher = Open(port);

    public async Task<ReadMail> OnlyAsync(CancellationToken cancellation)
    {
        Assert.That(Catcher.Mails, Has.Count.EqualTo(1));
        return ReadMail.Of(await Catcher.ReadAsync(Catcher.Mails[0], cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        await Catcher.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private MailCatcher Open(int port) => MailCatcher.Start(new MailCatcherOptions { Folder = folder.FullName, Port = port }, TimeProvider.System);
}
