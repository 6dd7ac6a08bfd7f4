using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Patron.Runtime;
using Patron.Runtime.Hosting;
using Patron.Segmentation;

namespace Patron.Faults.Tests;

/// <summary>
/// Services of <see cref="Market"/> as a process of their own, like any service's Program. Beside the usual settings (Database, Log,
/// Runtime ...) it takes <c>Worker:Services</c> (names, separated by commas), <c>Worker:Kill</c> and <c>Worker:Hold</c> (a fault point and
/// how often it is reached first: <c>relay.after-publish:2</c>), <c>Worker:Bug</c>, and <c>Worker:Now</c>, at which business time stands. It ends
/// when its standard input ends, so that it never outlives the tests; with <c>Worker:Wait</c> it starts at the first line.
/// </summary>
internal static class Worker
{
    public const string Started = "started";
    public const string Go = "go";

    private static readonly ManualResetEventSlim Held = new();

    public static Task<int> Main(string[] args)
    {
        var settings = new ConfigurationBuilder().AddCommandLine(args).Build().GetSection("Worker");
        if (settings["Wait"] is not null && Console.In.ReadLine() is null)
            return Task.FromResult(0);
        new Thread(Listen) { IsBackground = true }.Start();
        if (settings["Bug"] is { } bug)
            PlantedBug.Plant(Enum.Parse<Bug>(bug));
        Watch(settings["Kill"], _ => Kill());
        Watch(settings["Hold"], Hold);
        return PatronHost.RunAsync(args, "worker", builder => Add(builder, settings), app =>
            app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine(Started)));
    }

    private static void Add(WebApplicationBuilder builder, IConfigurationSection settings)
    {
        if (settings["Now"] is { } now)
        {
            var time = BusinessTimeState.SimulatedFrom(DateTimeOffset.Parse(now, global::System.Globalization.CultureInfo.InvariantCulture));
            builder.Services.AddSingleton(new BusinessClock(TimeProvider.System, time));
        }

        foreach (var service in settings["Services"]!.Split(','))
        {
            if (service == SegmentTown.Service)
                builder.AddSegmentation();
            else
                Market.Add(builder, service);
        }
    }

    private static void Watch(string? setting, Action<string> act)
    {
        if (setting is null)
            return;
        var (point, left) = (setting.Split(':')[0], int.Parse(setting.Split(':')[1], global::System.Globalization.CultureInfo.InvariantCulture));
        FaultPoint.Watch(reached =>
        {
            if (reached == point && Interlocked.Decrement(ref left) == 0)
                act(reached);
        });
    }

    /// <summary>SIGKILL: nothing of this process runs any more.</summary>
    private static void Kill()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Held.Wait();
    }

    /// <summary>Stays at the point until a line arrives.</summary>
    private static void Hold(string point)
    {
        Console.WriteLine(point);
        Held.Wait();
    }

    private static void Listen()
    {
        while (Console.In.ReadLine() is not null)
            Held.Set();
        Environment.Exit(0);
    }
}
