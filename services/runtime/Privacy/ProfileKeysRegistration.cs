using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Privacy;

/// <summary>The section <c>Keys</c>: how a service gets and holds customers' keys. Profile's address is the setting <c>Peers:Profile</c>.</summary>
public sealed class KeysSettings : ISettings
{
    /// <summary>An API key of profile with the scope <c>keys</c>.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>The most keys held in memory.</summary>
    public int HeldMax { get; set; } = 100_000;

    /// <summary>For how long, in system time: an erasure is in force everywhere after that.</summary>
    public TimeSpan HeldFor { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>In system time, for at most a thousand customers.</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(10);

    public IEnumerable<SettingFault> Check()
    {
        if (HeldMax < 2)
            yield return new SettingFault(nameof(HeldMax), "it must be at least 2");
        if (HeldFor < TimeSpan.Zero || HeldFor > TimeSpan.FromHours(1))
            yield return new SettingFault(nameof(HeldFor), "it must be from 00:00:00 to 01:00:00");
        if (AnswerWithin <= TimeSpan.Zero)
            yield return new SettingFault(nameof(AnswerWithin), "it must be longer than zero");
    }
}

/// <summary>Gives a service the keys of customers.</summary>
public static class ProfileKeysRegistration
{
    private const string Client = "patron.keys";
    private const string DefaultAddress = "http://profile:8080";

    /// <summary>
    /// Registers <see cref="ICustomerKeys"/>: profile over HTTP, or, where profile runs in the same process, its own table.
    /// </summary>
    public static void AddCustomerKeys(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<KeysSettings>("Keys");
        if (!Uri.TryCreate(builder.Configuration["Peers:Profile"] ?? DefaultAddress, UriKind.Absolute, out var address))
            throw new StartRefusedException(["Peers:Profile must be a base address such as http://profile:8080."]);
        builder.Services.AddHttpClient(Client, http =>
        {
            http.BaseAddress = address;
            http.Timeout = settings.AnswerWithin;
            http.DefaultRequestHeaders.Add("X-Api-Key", settings.ApiKey);
        });
        builder.Services.TryAddSingleton<ICustomerKeys>(services => new ProfileKeys(
            () => services.GetRequiredService<IHttpClientFactory>().CreateClient(Client),
            settings.HeldMax, settings.HeldFor, services.GetRequiredService<SystemClock>()));
    }
}
