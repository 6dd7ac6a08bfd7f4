namespace Patron.Runtime.Hosting;

/// <summary>
/// Everything needed to set a <see cref="BusinessClock"/> again after a restart. The caller stores it beside the data whose times it made.
/// </summary>
/// <param name="Simulated">True while a driver advances the time by hand.</param>
/// <param name="Reached">The latest time that was ever seen; the clock never shows an earlier one.</param>
/// <param name="Offset">What real mode adds to system time; zero until a simulation ended elsewhere than now.</param>
public sealed record BusinessTimeState(bool Simulated, DateTimeOffset Reached, TimeSpan Offset)
{
    /// <summary>System time as it is.</summary>
    public static BusinessTimeState Real { get; } = new(false, DateTimeOffset.MinValue, TimeSpan.Zero);

    /// <summary>Time that stands still, and that nobody knows until it is advanced for the first time.</summary>
    public static BusinessTimeState Untold { get; } = SimulatedFrom(DateTimeOffset.UnixEpoch);

    /// <summary>Time that stands at <paramref name="start"/> until it is advanced.</summary>
    public static BusinessTimeState SimulatedFrom(DateTimeOffset start) => new(true, start.ToUniversalTime(), TimeSpan.Zero);
}
