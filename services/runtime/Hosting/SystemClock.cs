namespace Patron.Runtime.Hosting;

/// <summary>
/// The machine's time, for leases, timeouts, retries and telemetry. It is a type of its own so that no constructor can be handed business
/// time by mistake; neither clock is registered as plain <see cref="TimeProvider"/>.
/// </summary>
public sealed class SystemClock : TimeProvider;
