using System.Collections.Concurrent;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>
/// Who asks for codes that do not exist has to wait: each caller may fail so often a minute, in this instance. With it and the length of codes,
/// a caller of one instance who tries for a year meets a code with a chance of less than one in two thousand.
/// </summary>
internal sealed class FailedTries(CouponSettings settings, SystemClock clock)
{
    private const int CallersMax = 10_000;
    private readonly ConcurrentDictionary<string, (long Minute, int Count)> failed = new(StringComparer.Ordinal);

    public bool MayTry(string caller) => !failed.TryGetValue(caller, out var last) || last.Minute != Minute || last.Count < settings.FailedTriesPerMinute;

    public void Failed(string caller)
    {
        var minute = Minute;
        if (failed.Count >= CallersMax)
        {
            foreach (var old in failed.Where(it => it.Value.Minute != minute))
                failed.TryRemove(old);
        }

        failed.AddOrUpdate(caller, (minute, 1), (_, last) => last.Minute == minute ? (minute, last.Count + 1) : (minute, 1));
    }

    private long Minute => clock.GetUtcNow().ToUnixTimeSeconds() / 60;
}
