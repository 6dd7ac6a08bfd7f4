using Patron.History;
using Patron.Runtime.Processing;
using Patron.Tool.Run;

namespace Patron.System.Tests.Apart;

/// <summary>Some first days of the history, then days on which nobody buys and only time passes.</summary>
internal sealed class ReplayPlan(int days, int quietDays)
{
    private readonly PurchaseHistory history = PurchaseHistory.Open();

    public DateTimeOffset Begin => ReplayHistory.HourEnd(history.First().Time).AddHours(-1);

    public IReadOnlyList<Invoice> Invoices => [.. history.Deliveries(days).Select(d => d.Invoice)];

    public async Task ReplayAsync(HttpClient profile, IBusinessTimeDriver time, CancellationToken cancellation)
    {
        var replay = new ReplayHistory(profile, time, progress: null);
        await replay.RunAsync(history, days, new ReplayState(0, Begin, false, null), (_, _, _) => { }, cancellation);
        await time.AdvanceToAsync(time.Now.AddDays(quietDays), cancellation);
        await time.DrainAsync(cancellation);
    }
}
