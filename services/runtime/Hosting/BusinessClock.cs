namespace Patron.Runtime.Hosting;

/// <summary>
/// The time that rules, timers, expiries and facts see. It is either real (system time plus a kept offset) or simulated (it stands still
/// until a driver advances it). It never goes back, not even when the machine's clock does. Thread safe.
/// </summary>
public sealed class BusinessClock : TimeProvider
{
    // A sleeping timer looks at the machine's clock at least this often, because that clock can be set forward while it waits.
    private static readonly TimeSpan WakeUpMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WakeUpMin = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _system;
    private readonly ITimer _wakeUp;
    private readonly SortedSet<BusinessTimer> _timers = new(BusinessTimer.ByDueTime);
    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _reached;
    private TimeSpan _offset;
    private bool _simulated;
    private bool _advancing;
    private long _timersCreated;

    /// <param name="system">The machine's time; real mode and its wake-ups follow it.</param>
    /// <param name="state">Where a former clock left off, or one of the starting points of <see cref="BusinessTimeState"/>.</param>
    public BusinessClock(TimeProvider system, BusinessTimeState state)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(state);
        (_system, _simulated, _reached, _offset) = (system, state.Simulated, state.Reached.ToUniversalTime(), state.Offset);
        _wakeUp = system.CreateTimer(_ => WakeUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (state != BusinessTimeState.Untold)
            _known.SetResult();
    }

    /// <summary>
    /// Completes when it is known what time it is: at once, but for <see cref="BusinessTimeState.Untold"/>. Work that sees the time waits for it.
    /// </summary>
    public Task Known => _known.Task;

    /// <summary>
    /// Raised after every <see cref="AdvanceTo"/> and <see cref="ResumeRealTime"/>, on the caller's thread, so that loops which read due
    /// times from a database look again. Handlers must be quick.
    /// </summary>
    public event Action<DateTimeOffset>? Advanced;

    /// <summary>What to store to go on from here after a restart.</summary>
    public BusinessTimeState State
    {
        get
        {
            lock (_lock)
                return new BusinessTimeState(_simulated, Now(), _offset);
        }
    }

    /// <summary>When the earliest waiting timer is due, or null when none waits: a driver advances no further than this.</summary>
    public DateTimeOffset? NextTimerDue
    {
        get
        {
            lock (_lock)
                return _timers.Min?.Due;
        }
    }

    /// <summary>Always UTC: a rule that means a local day names the zone itself.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return Now();
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <summary>Stops real time at the present moment; from now on only <see cref="AdvanceTo"/> moves it. No effect when simulated.</summary>
    public void Simulate()
    {
        lock (_lock)
        {
            _reached = Now();
            _simulated = true;
        }
    }

    /// <summary>
    /// Moves simulated time forward. Timers that come due on the way fire in order on this thread, and see the time they were due at; a
    /// periodic timer fires once for each period.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The target is in the past.</exception>
    /// <exception cref="InvalidOperationException">Time is real, or another call is still advancing it.</exception>
    public void AdvanceTo(DateTimeOffset target)
    {
        target = target.ToUniversalTime();
        lock (_lock)
        {
            if (!_simulated)
                throw new InvalidOperationException("Business time is real and passes by itself; call Simulate first.");
            if (_advancing)
                throw new InvalidOperationException("Business time is already being advanced; one driver advances it at a time.");
            if (target < _reached)
                throw new ArgumentOutOfRangeException(nameof(target), target, $"Business time never goes back; it is {_reached:O} already.");
            _advancing = true;
        }
        try
        {
            // Callbacks run outside the lock: they create timers and read the time.
            while (TakeDue(target) is { } timer)
                timer.Invoke();
        }
        finally
        {
            lock (_lock)
            {
                _advancing = false;
                Rearm();
            }
        }
        _known.TrySetResult();
        Advanced?.Invoke(target);
    }

    /// <summary>
    /// Ends a simulation: time goes on from where it stands, at the pace of system time. The difference is the offset to keep
    /// (<see cref="State"/>). No effect when time is real.
    /// </summary>
    public void ResumeRealTime()
    {
        DateTimeOffset now;
        lock (_lock)
        {
            if (!_simulated)
                return;
            if (_advancing)
                throw new InvalidOperationException("Business time is being advanced; resume real time when that has ended.");
            _offset = _reached - _system.GetUtcNow();
            _simulated = false;
            now = Now();
            Rearm();
        }
        Advanced?.Invoke(now);
    }

    /// <summary>A timer on business time: in real mode it fires on the thread pool, in a simulation within <see cref="AdvanceTo"/>.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        BusinessTimer timer;
        lock (_lock)
            timer = new BusinessTimer(this, ++_timersCreated, callback, state);
        Schedule(timer, dueTime, period);
        return timer;
    }

    internal void Schedule(BusinessTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
            timer.Period = period > TimeSpan.Zero ? period : null;
            if (dueTime >= TimeSpan.Zero)
            {
                var now = Now();
                timer.Due = dueTime > DateTimeOffset.MaxValue - now ? DateTimeOffset.MaxValue : now + dueTime;
                _timers.Add(timer);
            }
            Rearm();
        }
    }

    internal void Cancel(BusinessTimer timer)
    {
        lock (_lock)
        {
            timer.Period = null;
            _timers.Remove(timer);
        }
    }

    private DateTimeOffset Now()
    {
        if (!_simulated)
        {
            var now = _system.GetUtcNow() + _offset;
            _reached = now > _reached ? now : _reached;
        }
        return _reached;
    }

    private void Rearm()
    {
        if (_advancing || _timers.Min is not { } next)
            return;
        var wait = next.Due - Now();
        if (wait <= TimeSpan.Zero)
            _wakeUp.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        else if (!_simulated)
            _wakeUp.Change(wait > WakeUpMax ? WakeUpMax : wait < WakeUpMin ? WakeUpMin : wait, Timeout.InfiniteTimeSpan);
    }

    private void WakeUp()
    {
        BusinessTimer? timer;
        lock (_lock)
        {
            timer = TakeDue(Now());
            // A second timer that is due gets a wake-up of its own at once: a slow callback delays no other.
            Rearm();
        }
        timer?.Invoke();
    }

    private BusinessTimer? TakeDue(DateTimeOffset until)
    {
        lock (_lock)
        {
            if (_timers.Min is not { } timer || timer.Due > until)
            {
                _reached = until > _reached ? until : _reached;
                return null;
            }
            _reached = timer.Due > _reached ? timer.Due : _reached;
            _timers.Remove(timer);
            if (timer.Period is { } period)
            {
                timer.Due += period;
                _timers.Add(timer);
            }
            return timer;
        }
    }
}
