using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Patron.Runtime.Hosting;

/// <summary>Configuration section <c>Time</c>.</summary>
public sealed class TimeSettings : ISettings
{
    /// <summary>
    /// Business time is unknown until a driver says it, over HTTP, and stands still in between: for replays of history over processes that
    /// run apart. Nothing is read from the log before the first word.
    /// </summary>
    public bool Simulated { get; set; }

    public IEnumerable<SettingFault> Check() => [];
}

/// <summary>Business time and the work of one process.</summary>
/// <param name="Known">False until a driver has said what time it is.</param>
public sealed record TimeState(DateTimeOffset Now, bool Known, IReadOnlyList<WorkState> Work);

/// <summary>Where to move business time, and whether timers wait for another word.</summary>
public sealed record TimeMove(DateTimeOffset To, bool HoldTimers);

/// <summary>Source-generated JSON of what travels between a driver of business time and the processes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(TimeState))]
[JsonSerializable(typeof(TimeMove))]
public sealed partial class TimeJson : JsonSerializerContext;

/// <summary>
/// How a driver moves the simulated business time of this process, with an API key of the scope <c>operate</c>. It is there only where
/// <c>Time:Simulated</c> is set, so that nobody can move the time of a deployment that serves people.
/// </summary>
internal static class SimulatedTime
{
    public const string Path = "/v1/time";

    public static void Map(IEndpointRouteBuilder app)
    {
        if (!app.ServiceProvider.GetRequiredService<TimeSettings>().Simulated)
            return;
        var time = app.MapGroup(Path).RequireApiKey("operate").DisableRateLimiting();
        time.MapGet("", (BusinessClock clock, IEnumerable<IBusinessWork> work, bool? again) => Look(clock, [.. work], again == true));
        time.MapPut("", (TimeMove move, BusinessClock clock, IEnumerable<IBusinessWork> work) => Move(move, clock, [.. work]));
    }

    private static JsonHttpResult<TimeState> Look(BusinessClock clock, IReadOnlyList<IBusinessWork> work, bool again)
    {
        if (again)
        {
            foreach (var one in work)
                one.LookAgain();
        }

        return Answer(clock, work);
    }

    /// <summary>A repeat changes nothing.</summary>
    private static Results<JsonHttpResult<TimeState>, ProblemHttpResult> Move(TimeMove move, BusinessClock clock, IReadOnlyList<IBusinessWork> work)
    {
        if (clock.Known.IsCompleted && move.To < clock.GetUtcNow())
            return Problem.Of(StatusCodes.Status409Conflict, "time-goes-on", $"Business time never goes back; it is {clock.GetUtcNow():O} already.");
        if (move.HoldTimers)
            Hold(work, held: true);
        clock.AdvanceTo(move.To);
        if (!move.HoldTimers)
            Hold(work, held: false);
        return Answer(clock, work);
    }

    private static void Hold(IReadOnlyList<IBusinessWork> work, bool held)
    {
        foreach (var one in work)
            one.HoldTimers(held);
    }

    private static JsonHttpResult<TimeState> Answer(BusinessClock clock, IReadOnlyList<IBusinessWork> work) => TypedResults.Json(
        new TimeState(clock.GetUtcNow(), clock.Known.IsCompleted, [.. work.Select(w => w.Look())]), TimeJson.Default.TimeState);
}
