using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class BusinessClockTests
{
    private static readonly DateTimeOffset Start = new(2010, 12, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Today = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ManualTime _system = new(Today);

    private BusinessClock Simulated() => new(_system, BusinessTimeState.SimulatedFrom(Start));

    private BusinessClock Real() => new(_system, BusinessTimeState.Real);

    [SetUp]
    public void Back_to_today() => _system.Now = Today;

    [Test]
    public void Simulated_time_stands_still_until_it_is_advanced()
    {
        var clock = Simulated();
        _system.Now += TimeSpan.FromDays(1);
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Start));

        clock.AdvanceTo(Start.AddHours(1));
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Start.AddHours(1)));
    }

    [Test]
    public void Simulated_time_refuses_to_go_back()
    {
        var clock = Simulated();
        clock.AdvanceTo(Start.AddHours(1));
        Assert.That(() => clock.AdvanceTo(Start.AddMinutes(59)), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Start.AddHours(1)));
    }

    [Test]
    public void Real_time_cannot_be_advanced() =>
        Assert.That(() => Real().AdvanceTo(Today.AddDays(1)), Throws.InvalidOperationException);

    [Test]
    public void Real_time_follows_the_system_but_not_back()
    {
        var clock = Real();
        _system.Now = Today.AddHours(2);
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Today.AddHours(2)));
        _system.Now = Today.AddHours(1);
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Today.AddHours(2)));
    }

    [Test]
    public void After_a_simulation_time_goes_on_from_where_it_stands_and_a_restart_keeps_the_offset()
    {
        var clock = Simulated();
        clock.AdvanceTo(Start.AddDays(365));
        clock.ResumeRealTime();
        _system.Now += TimeSpan.FromMinutes(5);
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Start.AddDays(365).AddMinutes(5)));

        var restarted = new BusinessClock(_system, clock.State);
        _system.Now += TimeSpan.FromMinutes(5);
        Assert.That(restarted.GetUtcNow(), Is.EqualTo(Start.AddDays(365).AddMinutes(10)));
    }

    [Test]
    public void A_restart_in_the_middle_of_a_simulation_goes_on_where_it_stood()
    {
        var clock = Simulated();
        clock.AdvanceTo(Start.AddDays(3));
        var restarted = new BusinessClock(_system, clock.State);
        Assert.That(restarted.GetUtcNow(), Is.EqualTo(Start.AddDays(3)));
        restarted.AdvanceTo(Start.AddDays(4));
        Assert.That(restarted.GetUtcNow(), Is.EqualTo(Start.AddDays(4)));
    }

    [Test]
    public void Real_time_can_be_stopped_and_advanced_by_hand()
    {
        var clock = Real();
        clock.Simulate();
        clock.AdvanceTo(Today.AddDays(30));
        clock.ResumeRealTime();
        Assert.That(clock.State, Is.EqualTo(new BusinessTimeState(false, Today.AddDays(30), TimeSpan.FromDays(30))));
    }

    [Test]
    public void Timers_fire_in_order_and_see_the_time_they_were_due_at()
    {
        var clock = Simulated();
        var fired = new List<(string, TimeSpan)>();
        void Note(object? name) => fired.Add(((string)name!, clock.GetUtcNow() - Start));
        using var later = clock.CreateTimer(Note, "later", TimeSpan.FromHours(3), Timeout.InfiniteTimeSpan);
        using var each = clock.CreateTimer(Note, "each", TimeSpan.FromHours(1), TimeSpan.FromHours(2));
        using var never = clock.CreateTimer(Note, "never", TimeSpan.FromHours(2), Timeout.InfiniteTimeSpan);
        never.Dispose();
        Assert.That(clock.NextTimerDue, Is.EqualTo(Start.AddHours(1)));

        clock.AdvanceTo(Start.AddHours(5));

        Assert.That(fired, Is.EqualTo(new[]
        {
            ("each", TimeSpan.FromHours(1)), ("later", TimeSpan.FromHours(3)), ("each", TimeSpan.FromHours(3)), ("each", TimeSpan.FromHours(5)),
        }));
    }

    [Test]
    public void A_timer_set_by_a_timer_fires_in_the_same_advance()
    {
        var clock = Simulated();
        var chain = new List<TimeSpan>();
        ITimer? timer = null;
        timer = clock.CreateTimer(_ =>
        {
            chain.Add(clock.GetUtcNow() - Start);
            if (chain.Count < 3)
                timer!.Change(TimeSpan.FromMinutes(10), Timeout.InfiniteTimeSpan);
        }, null, TimeSpan.FromMinutes(10), Timeout.InfiniteTimeSpan);
        clock.AdvanceTo(Start.AddHours(1));
        timer.Dispose();
        Assert.That(chain, Is.EqualTo(new[] { TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(30) }));
    }

    [Test]
    public void A_delay_on_business_time_ends_when_business_time_has_passed()
    {
        var clock = Simulated();
        var delay = Task.Delay(TimeSpan.FromDays(1), clock);
        clock.AdvanceTo(Start.AddHours(23));
        Assert.That(delay.IsCompleted, Is.False);
        clock.AdvanceTo(Start.AddHours(24));
        Assert.That(delay.IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public async Task A_timer_that_is_due_at_once_needs_no_advance()
    {
        var clock = new BusinessClock(TimeProvider.System, BusinessTimeState.SimulatedFrom(Start));
        var fired = new TaskCompletionSource();
        await using var timer = clock.CreateTimer(_ => fired.SetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        await fired.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Start));
    }

    [Test]
    public async Task Timers_pass_from_simulated_to_real_time()
    {
        var clock = new BusinessClock(TimeProvider.System, BusinessTimeState.SimulatedFrom(Start));
        var delay = Task.Delay(TimeSpan.FromMilliseconds(30), clock);
        clock.ResumeRealTime();
        await delay.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.That(clock.GetUtcNow(), Is.GreaterThanOrEqualTo(Start.AddMilliseconds(30)).And.LessThan(Start.AddMinutes(1)));
    }

    [Test]
    public void Loops_hear_of_every_advance_and_of_the_return_to_real_time()
    {
        var clock = Simulated();
        var heard = new List<DateTimeOffset>();
        clock.Advanced += heard.Add;
        clock.AdvanceTo(Start.AddHours(1));
        clock.ResumeRealTime();
        Assert.That(heard, Is.EqualTo(new[] { Start.AddHours(1), Start.AddHours(1) }));
    }

    [Test]
    public void A_callback_cannot_advance_time_itself()
    {
        var clock = Simulated();
        using var timer = clock.CreateTimer(_ => clock.AdvanceTo(Start.AddDays(1)), null, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        Assert.That(() => clock.AdvanceTo(Start.AddHours(2)), Throws.InvalidOperationException);
        clock.AdvanceTo(Start.AddHours(2));
        Assert.That(clock.GetUtcNow(), Is.EqualTo(Start.AddHours(2)));
    }

    [Test]
    public void Readers_on_other_threads_never_see_time_go_back()
    {
        var clock = Simulated();
        var wentBack = 0;
        var stop = false;
        var readers = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            var last = clock.GetUtcNow();
            while (!Volatile.Read(ref stop))
            {
                var now = clock.GetUtcNow();
                if (now < last)
                    Interlocked.Increment(ref wentBack);
                last = now;
            }
        })).ToList();
        readers.ForEach(r => r.Start());
        for (var step = 1; step <= 20_000; step++)
            clock.AdvanceTo(Start.AddSeconds(step));
        clock.ResumeRealTime();
        Volatile.Write(ref stop, true);
        readers.ForEach(r => r.Join());
        Assert.That(wentBack, Is.Zero);
    }

    private sealed class ManualTime(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
