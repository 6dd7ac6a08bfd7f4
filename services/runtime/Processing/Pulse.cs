namespace Patron.Runtime.Processing;

/// <summary>Wakes one waiting loop; pulses that come while it is busy are remembered as one.</summary>
internal sealed class Pulse : IDisposable
{
    private readonly SemaphoreSlim signal = new(0, 1);

    public void Set()
    {
        try
        {
            if (signal.CurrentCount == 0)
                signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else pulsed between the look and the release: the loop is woken all the same.
        }
    }

    /// <summary>Waits for a pulse, at most <paramref name="longest"/> of system time; false when none came.</summary>
    public Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellation) => signal.WaitAsync(longest, cancellation);

    public void Dispose() => signal.Dispose();
}
