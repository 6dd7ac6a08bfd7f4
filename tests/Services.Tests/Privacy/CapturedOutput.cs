using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Patron.Services.Tests.Privacy;

/// <summary>Every log line at every level below none, and every span with all its tags, of whatever runs in this process meanwhile.</summary>
internal sealed class CapturedOutput : ILoggerProvider
{
    private readonly ConcurrentQueue<string> lines = new();
    private readonly ConcurrentQueue<string> spans = new();
    private readonly ActivityListener listener;

    public CapturedOutput()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => spans.Enqueue(Tell(span)),
        };
        ActivitySource.AddActivityListener(listener);
    }

    public IReadOnlyCollection<string> Lines => lines;

    public IReadOnlyCollection<string> Spans => spans;

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, lines);

    public void Dispose() => listener.Dispose();

    private static string Tell(Activity span) => string.Join(
        ' ', span.Source.Name, span.DisplayName, span.StatusDescription, string.Join(' ', span.TagObjects.Select(t => $"{t.Key}={t.Value}")),
        string.Join(' ', span.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags.Select(t => $"{t.Key}={t.Value}"))}")),
        string.Join(' ', span.Baggage.Select(b => $"{b.Key}={b.Value}")));

    private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            lines.Enqueue($"{category} {state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}")) : "";
            lines.Enqueue($"{category} {logLevel} {formatter(state, exception)} {values} {exception}");
        }
    }
}
