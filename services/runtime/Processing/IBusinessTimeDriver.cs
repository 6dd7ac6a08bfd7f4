namespace Patron.Runtime.Processing;

/// <summary>Moves simulated business time over services, in one process or in many, each step only when the one before is worked off.</summary>
public interface IBusinessTimeDriver
{
    DateTimeOffset Now { get; }

    /// <summary>Moves on in steps of at most an hour or to the next timer; all but views is worked off before and after each step.</summary>
    /// <exception cref="InvalidOperationException">Some work will never be done; the message says which and why.</exception>
    Task AdvanceToAsync(DateTimeOffset target, CancellationToken cancellation);

    /// <summary>Waits until nothing is left to do anywhere, views included.</summary>
    /// <exception cref="InvalidOperationException">Some work will never be done; the message says which and why.</exception>
    Task DrainAsync(CancellationToken cancellation);
}
