using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

/// <summary>A service as every Program.cs makes it, to be run as a process. It prints what happens, one word a line.</summary>
internal static class SampleService
{
    private static readonly TaskCompletionSource Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Task<int> Main(string[] args) => PatronHost.RunAsync(args, "sample", Add, Map);

    private static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddHostedService<Worker>();
        builder.Services.AddMigration("schema", (services, _) =>
        {
            Console.WriteLine("migrated");
            return services.GetRequiredService<IConfiguration>()["Sample:Break"] is not null
                ? throw new InvalidOperationException("The schema is broken.")
                : Task.CompletedTask;
        });
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/slow", async (HttpContext context) =>
        {
            Console.WriteLine("request-began");
            await Gate.Task.WaitAsync(context.RequestAborted);
            Console.WriteLine("request-ended");
            return "done";
        }).AllowPublic("test");
        app.MapGet("/open-the-gate", () => Gate.TrySetResult()).AllowPublic("test");
        if (app.Configuration["Sample:Forget"] is not null)
            app.MapGet("/forgotten", () => "");
        app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine(app.Urls.First()));
    }

    private sealed class Worker : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken);
            }
            finally
            {
                Console.WriteLine("worker-stopped");
            }
        }
    }
}
