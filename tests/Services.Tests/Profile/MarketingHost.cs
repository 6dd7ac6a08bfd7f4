using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Patron.Channels.Email;
using Patron.Profile;
using Patron.Services.Tests.Channels;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Profile and email in one host, which reach each other over HTTP as they do apart, and a real mail server.</summary>
internal sealed partial class MarketingHost : IAsyncDisposable
{
    private MarketingHost(TestHost host, CaughtMails mails) => (Host, Mails) = (host, mails);

    public TestHost Host { get; }

    public CaughtMails Mails { get; }

    /// <param name="doorOpen">False while email's door cannot be reached.</param>
    public static async Task<MarketingHost> StartAsync(
        CancellationToken cancellation, Func<bool>? doorOpen = null, params (string Name, string Value)[] more)
    {
        var mails = new CaughtMails();
        TestHost? host = null;
        var settings = new Dictionary<string, string>
        {
            ["Vault:MasterKey"] = ProfileHost.MasterKey,
            ["Links:Current"] = "k1",
            ["Links:Keys:k1"] = Convert.ToBase64String(SHA256.HashData("links"u8)),
            ["Email:Smtp:Host"] = "127.0.0.1",
            ["Email:Smtp:Port"] = mails.Port.ToString(CultureInfo.InvariantCulture),
            ["Email:Smtp:Timeout"] = "00:00:10",
            ["Email:RecipientKey"] = Convert.ToBase64String(SHA256.HashData("recipients"u8)),
            ["Email:BaseAddress"] = "https://mail.brand.example",
            ["Email:PagesAddress"] = "https://my.brand.example",
            ["Email:RetryFirst"] = "00:00:00.020",
            ["Peers:Email"] = "http://email.test",
            ["Peers:Profile"] = "http://profile.test",
            ["Consent:BaseAddress"] = "https://my.brand.example",
            ["Api:Keys:test:Scopes:6"] = "personal",
        };
        foreach (var (name, value) in more)
            settings[name] = value;
        host = await TestHost.StartAsync(
            builder =>
            {
                builder.AddProfile();
                builder.AddEmail();
                builder.Services.AddHttpClient("email.profile").ConfigurePrimaryHttpMessageHandler(() => new ToHost(() => host!, () => true));
                builder.Services.AddHttpClient("profile.door.email")
                    .ConfigurePrimaryHttpMessageHandler(() => new ToHost(() => host!, doorOpen ?? (() => true)));
            },
            app =>
            {
                app.MapProfile();
                app.MapEmail();
            },
            cancellation,
            settings: settings);
        return new MarketingHost(host, mails);
    }

    /// <summary>A customer who is reached by e-mail.</summary>
    public async Task<ToldCustomer> CustomerAsync(
        string card, CancellationToken cancellation, string language = "en", string email = "meiling.chan@example.com")
    {
        var customer = new ToldCustomer(Host, card);
        await customer.UpdateAsync(1, cancellation, new JsonObject { ["language"] = language, ["givenName"] = "美玲" }, email: email);
        return customer;
    }

    /// <summary>Path and query of a customer's preference centre.</summary>
    public async Task<string> PreferencesAsync(Guid customer, CancellationToken cancellation)
    {
        using var answer = await Host.Http.PostAsync(new Uri($"/v1/customers/{customer}/preferences-link", UriKind.Relative), null, cancellation);
        return new Uri((string)(await answer.JsonAsync(cancellation))["link"]!).PathAndQuery;
    }

    /// <summary>As a person's browser does it: no API key.</summary>
    public HttpClient Browser() => new() { BaseAddress = Host.Http.BaseAddress };

    public async Task<string> MailedLinkAsync(string path, int mail, CancellationToken cancellation)
    {
        var read = ReadMail.Of(await Mails.Catcher.ReadAsync(Mails.Catcher.Mails[mail], cancellation));
        return Link().Matches(read.Text).Select(m => new Uri(m.Value)).First(l => l.AbsolutePath == path).PathAndQuery;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Mails.DisposeAsync();
    }

    [GeneratedRegex(@"https://\S+")]
    private static partial Regex Link();

    // The port is known only once the host runs.
    private sealed class ToHost(Func<TestHost> host, Func<bool> open) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!open())
                throw new HttpRequestException("The door is shut on purpose.");
            request.RequestUri = new Uri(host().Http.BaseAddress!, request.RequestUri!.PathAndQuery);
            request.Headers.Remove("X-Api-Key");
            request.Headers.Add("X-Api-Key", host().Http.DefaultRequestHeaders.GetValues("X-Api-Key"));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
