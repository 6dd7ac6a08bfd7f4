using System.Diagnostics;
using NUnit.Framework;
using Patron.Channels.Email;
using Patron.Testing;

namespace Patron.Services.Tests.Channels;

/// <summary>How many mails a second one process takes from the claim to the recorded answer. Run by name; it asserts only that all arrive.</summary>
[Explicit("a measurement")]
[NonParallelizable]
internal sealed class EmailRate
{
    private const int Customers = 500;
    private const int MailsEach = 20;

    [Test]
    [CancelAfter(300_000)]
    public async Task Mails_a_second(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var customers = new List<Guid>();
        for (var i = 0; i < Customers; i++)
            customers.Add(await email.CustomerAsync(cancellation, $"c{i}@cust.example", "美玲", "歐陽", i % 2 == 0 ? "zh-HK" : "en"));
        await email.Host.DrainAsync(cancellation);

        for (var run = 0; run < 3; run++)
        {
            var before = mails.Catcher.Count;
            var claim = new SendClaimed("welcome", "welcome", "marketing", "welcome", new Dictionary<string, string>(), TestHost.Start.AddDays(1));
            var claims = Enumerable.Range(0, Customers * MailsEach)
                .Select(i => SendCommands.Claim(Guid.CreateVersion7(TestHost.Start), customers[i % Customers], claim)).ToList();
            var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            await email.Host.Service("email").ExecuteAsync(claims, cancellation);
            var claimed = Stopwatch.GetElapsedTime(started);
            await EmailHost.UntilAsync(() => Task.FromResult(mails.Catcher.Count - before == claims.Count), "all arrive", cancellation);
            await email.Host.DrainAsync(cancellation);
            var took = Stopwatch.GetElapsedTime(started);
            var processor = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
            await TestContext.Out.WriteLineAsync(
                $"{claims.Count} mails claimed in {claimed.TotalSeconds:0.0} s, sent and recorded after {took.TotalSeconds:0.0} s: "
                + $"{claims.Count / took.TotalSeconds:0} a second; {processor:0.0} s of processor time with the catcher");
        }
    }
}
