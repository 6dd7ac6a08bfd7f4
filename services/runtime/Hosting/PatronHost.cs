using System.Net.Sockets;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Patron.Runtime.Hosting;

/// <summary>
/// Gives a process what every Patron service has: checked configuration, limits, access rules, problem details, health, telemetry, both
/// clocks, migrations as a step of their own, and an orderly end.
/// <code>return await PatronHost.RunAsync(args, "loyalty", builder => builder.AddLoyalty(), app => app.MapLoyalty());</code>
/// </summary>
public static class PatronHost
{
    /// <summary>Exit code for a host that refuses to start as configured (EX_CONFIG of sysexits.h); starting it again does not help.</summary>
    public const int ExitRefused = 78;

    /// <summary>Exit code after a fault; starting again may help.</summary>
    public const int ExitFailed = 1;

    private const string MigrateSwitch = "--migrate";
    private const string RestoredSwitch = "--restored";

    /// <summary>
    /// Runs a service until it is told to stop (SIGTERM, Ctrl-C), or its migrations with <c>--migrate</c>, or declares with <c>--restored</c>
    /// that its store was restored from a backup, or asks with <c>--healthy</c> whether the running one is ready. Answers the exit code: 0,
    /// <see cref="ExitRefused"/> after writing to standard error what is to be put right, or <see cref="ExitFailed"/> when a migration or a
    /// background service failed, which the log tells.
    /// </summary>
    public static async Task<int> RunAsync(string[] args, string service, Action<WebApplicationBuilder> add, Action<WebApplication> map)
    {
        try
        {
            if (args.Contains(HealthQuestion.Switch))
                return await HealthQuestion.AskAsync(CreateBuilder(args, service));
            await using var app = Build(args, service, add, map);
            if (args.Contains(RestoredSwitch))
                return await app.Services.RestoredAsync(CancellationToken.None);
            return args.Contains(MigrateSwitch) ? await app.Services.MigrateAsync(CancellationToken.None) : await RunAsync(app);
        }
        catch (StartRefusedException refused)
        {
            return await RefuseAsync(service, refused.Sentences);
        }
        catch (Exception e) when (e is SocketException || e.InnerException is AddressInUseException)
        {
            const string Fix = "end what listens there, or set Http:Bind, Http:Port and Grpc:Port to what is free.";
            return await RefuseAsync(service, [$"{e.Message.TrimEnd('.')}: {Fix}"]);
        }
    }

    /// <summary>A builder with all of the above registered. Call <see cref="MapPatronDefaults"/> on what it builds.</summary>
    /// <param name="args">Settings such as <c>--Http:Port=0</c>, which win over <c>PATRON_HTTP__PORT</c>, which wins over appsettings.json.</param>
    /// <param name="service">The service's name in telemetry, in lower case.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args, string service)
    {
        Telemetry.KeepTagsOfServerSpans();
        var settingArgs = args.Where(a => a is not (MigrateSwitch or RestoredSwitch or HealthQuestion.Switch)).ToArray();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        AddSources(builder, settingArgs);

        var http = builder.AddSettings<HttpSettings>("Http");
        var grpc = builder.AddSettings<GrpcSettings>("Grpc");
        var drain = builder.AddSettings<DrainSettings>("Drain");
        builder.AddSettings<ApiKeySettings>("Api");
        builder.AddSettings<LinkKeySettings>("Links");
        var time = builder.AddSettings<TimeSettings>("Time");

        builder.WebHost.ConfigureKestrel(kestrel => http.Apply(kestrel, grpc));
        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = drain.ReadinessDelay + drain.GracePeriod);
        services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true);
        services.AddSingleton<SystemClock>();
        services.AddSingleton(s => new BusinessClock(
            s.GetRequiredService<SystemClock>(), time.Simulated ? BusinessTimeState.Untold : BusinessTimeState.Real));
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<SignedLinks>();
        services.AddSingleton<CustomerLinks>();
        services.AddSingleton<Health>();
        services.AddSingleton(s => new StartCheck(s.GetRequiredService<SettingFaults>(), s.GetRequiredService<SignedLinks>));
        services.AddHostedService(s => s.GetRequiredService<StartCheck>());
        services.AddSingleton<Drain>();
        services.AddHostedService(s => s.GetRequiredService<Drain>());
        services.AddRateLimiter(limits => RequestLimits.Apply(limits, http));
        Telemetry.Add(builder, service);
        return builder;
    }

    /// <summary>Adds problem details, access rules and limits to the request pipeline, and maps health and metrics. Call it before mapping others.</summary>
    public static WebApplication MapPatronDefaults(this WebApplication app)
    {
        app.Services.GetRequiredService<StartCheck>().Routes = app;
        app.UseSpanTags();
        app.UseProblemPages();
        app.UseAccessRules();
        app.UseRateLimiter();
        Health.Map(app);
        Telemetry.Map(app);
        SimulatedTime.Map(app);
        return app;
    }

    private static WebApplication Build(string[] args, string service, Action<WebApplicationBuilder> add, Action<WebApplication> map)
    {
        var builder = CreateBuilder(args, service);
        var faults = builder.Services.SettingFaults();
        try
        {
            add(builder);
        }
        catch (StartRefusedException refused)
        {
            faults.Sentences.AddRange(refused.Sentences);
        }
        catch (Exception) when (faults.Sentences.Count > 0)
        {
            // A service that trips over a wrong setting is less clear than the sentence about it.
        }
        if (faults.Sentences.Count > 0)
            throw new StartRefusedException(faults.Sentences);
        var app = builder.Build();
        app.MapPatronDefaults();
        map(app);
        return app;
    }

    // A background service that fails stops the host in good order; the exit code must still say that it failed.
    private static async Task<int> RunAsync(WebApplication app)
    {
        var background = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        await app.RunAsync();
        return background.Exists(s => s.ExecuteTask is { IsFaulted: true }) ? ExitFailed : 0;
    }

    // Only these, in this order: the framework's own sources also read variables without a prefix.
    private static void AddSources(WebApplicationBuilder builder, string[] args)
    {
        builder.Configuration.Sources.Clear();
        builder.Configuration
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Information",
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            })
            .AddJsonFile("appsettings.json", optional: true, reloadOnChange: false)
            .AddJsonFile($"appsettings.{builder.Environment.EnvironmentName}.json", optional: true, reloadOnChange: false)
            .AddEnvironmentVariables(SettingSource.EnvironmentPrefix)
            .AddCommandLine(args);
    }

    private static async Task<int> RefuseAsync(string service, IReadOnlyList<string> sentences)
    {
        await Console.Error.WriteLineAsync($"{service} does not start:");
        foreach (var sentence in sentences)
            await Console.Error.WriteLineAsync("  " + sentence);
        return ExitRefused;
    }

    internal static string VersionOf(Assembly? assembly) =>
        assembly?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
