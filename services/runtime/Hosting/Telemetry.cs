using System.Diagnostics;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Patron.Runtime.Hosting;

/// <summary>Configuration section <c>Metrics</c>.</summary>
public sealed class MetricsSettings : ISettings
{
    /// <summary>Answer <c>/metrics</c> without an API key; for a port that only the monitoring can reach.</summary>
    public bool Public { get; set; }

    public IEnumerable<SettingFault> Check() => [];
}

/// <summary>
/// OpenTelemetry: metrics for Prometheus at <c>/metrics</c>, and traces and metrics by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set
/// (the exporter's other standard variables count too).
/// </summary>
public static class Telemetry
{
    /// <summary>
    /// Attribute of spans and measurements that belong to one service: a process can host several, so that the resource's
    /// <c>service.name</c> does not tell them apart.
    /// </summary>
    public const string ServiceAttribute = "patron.service";

    private const string OtlpVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] Sources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Patron.*"];

    private static readonly string[] Meters =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting", "System.Net.Http",
        "System.Runtime", "Npgsql", "Patron.*",
    ];

    /// <summary>The tag that says which service a span or measurement belongs to.</summary>
    public static KeyValuePair<string, object?> Of(string service) => new(ServiceAttribute, service);

    // Since .NET 10 the server leaves a span's tags to an instrumentation package, which is not used here.
    internal static void KeepTagsOfServerSpans() =>
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);

    internal static void Add(WebApplicationBuilder builder, string service)
    {
        builder.AddSettings<MetricsSettings>("Metrics");
        builder.Services.AddSingleton<PrometheusText>();
        builder.Services.AddSingleton(s => new Providers(service, s.GetRequiredService<PrometheusText>()));
        builder.Services.AddHostedService(s => s.GetRequiredService<Providers>());
    }

    internal static void Map(WebApplication app)
    {
        var metrics = app.MapGet("/metrics", (PrometheusText text) => TypedResults.Text(text.Collect(), PrometheusText.ContentType))
            .DisableRateLimiting().ExcludeFromDescription();
        if (app.Services.GetRequiredService<MetricsSettings>().Public)
            metrics.AllowPublic("The operator said so.");
        else
            metrics.RequireApiKey("metrics");
    }

    // The server knows neither route nor status when it starts a span, and adds only to metrics what it learns later.
    internal static void UseSpanTags(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        var span = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (span is { IsAllDataRequested: true } && (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText is { } route)
        {
            span.DisplayName = $"{context.Request.Method} {route}";
            span.SetTag("http.route", route);
        }
        try
        {
            await next(context);
        }
        finally
        {
            span?.SetTag("http.response.status_code", context.Response.StatusCode);
            if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError)
                span?.SetStatus(ActivityStatusCode.Error);
        }
    });

    private static ResourceBuilder ResourceOf(string service) => ResourceBuilder.CreateDefault().AddService(
        service, serviceNamespace: "patron", PatronHost.VersionOf(Assembly.GetEntryAssembly()), autoGenerateServiceInstanceId: false,
        serviceInstanceId: $"{Environment.MachineName}-{Environment.ProcessId}");

    /// <summary>Owns the providers from the host's start until its end, when they send what they still hold.</summary>
    private sealed class Providers(string service, PrometheusText prometheus) : IHostedService, IDisposable
    {
        private MeterProvider? _metrics;
        private TracerProvider? _traces;
        private ActivityListener? _ids;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            var otlp = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(OtlpVariable));
            var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(ResourceOf(service)).AddMeter(Meters).AddReader(prometheus.Reader);
            _metrics = (otlp ? metrics.AddOtlpExporter() : metrics).Build();
            if (otlp)
                _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(ResourceOf(service)).AddSource(Sources).AddOtlpExporter().Build();
            else
                ActivitySource.AddActivityListener(_ids = IdsOnly());
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        // Without a receiver spans need no tags, but answers, logs and facts carry trace ids all the same. Facts take theirs from the request
        // that caused them, so that the spans of the store and the log are not needed for it.
        private static ActivityListener IdsOnly() => new()
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore"
                || (source.Name.StartsWith("Patron.", StringComparison.Ordinal) && source.Name != RuntimeTelemetry.Name),
            Sample = (ref _) => ActivitySamplingResult.PropagationData,
        };

        public void Dispose()
        {
            _ids?.Dispose();
            _traces?.Dispose();
            _metrics?.Dispose();
        }
    }
}
