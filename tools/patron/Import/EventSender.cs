using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Patron.Profile;

namespace Patron.Tool.Import;

/// <summary>What became of a batch.</summary>
internal sealed record BatchOutcome(int Accepted, int Repeated, IReadOnlyList<(ImportItem Item, string Pointer, string Reason)> Refused);

/// <summary>The server took nothing and would not take it later either, or did not answer for too long. Going on later is safe.</summary>
internal sealed class SendingFailedException(string message) : Exception(message);

/// <summary>
/// Sends events through the public door, in batches. What the server refuses is set aside and the rest is sent again; a repeat changes nothing.
/// </summary>
internal sealed class EventSender(HttpClient http, RowKind kind, string source)
{
    private const int EventsMax = 1_000;
    private const int BytesMax = 4 * 1024 * 1024;
    private const int TriesMax = 6;
    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default);

    public async Task<BatchOutcome> SendAsync(IReadOnlyList<ImportItem> items, CancellationToken cancellation)
    {
        var (accepted, repeated) = (0, 0);
        var refused = new List<(ImportItem, string, string)>();
        foreach (var batch in Batches(items))
        {
            var left = batch;
            while (left.Count > 0)
            {
                using var answer = await PostAsync(left, cancellation);
                using var body = await ReadAsync(answer, cancellation);
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    var statuses = body!.RootElement.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("status").GetString()).ToList();
                    accepted += statuses.Count(s => s == "accepted");
                    repeated += statuses.Count(s => s == "repeated");
                    break;
                }
                var wrong = answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Conflict ? ErrorsOf(body) : [];
                if (wrong.Count == 0)
                    throw new SendingFailedException($"The server answered {(int)answer.StatusCode}: {DetailOf(body)}");
                refused.AddRange(wrong.Select(w => (left[w.Index].Item, w.Pointer, w.Reason)));
                left = [.. left.Where((_, i) => !wrong.Exists(w => w.Index == i))];
            }
        }
        return new BatchOutcome(accepted, repeated, refused);
    }

    private IEnumerable<List<(ImportItem Item, string Text)>> Batches(IReadOnlyList<ImportItem> items)
    {
        var batch = new List<(ImportItem, string)>();
        var length = 0;
        foreach (var item in items)
        {
            var text = TextOf(item);
            if (batch.Count == EventsMax || (batch.Count > 0 && length + text.Length > BytesMax))
            {
                yield return batch;
                (batch, length) = ([], 0);
            }
            batch.Add((item, text));
            length += text.Length;
        }
        if (batch.Count > 0)
            yield return batch;
    }

    private string TextOf(ImportItem item) =>
        $$"""{"specversion":"1.0","type":{{Quoted(kind.Type)}},"source":{{Quoted(source)}},"id":{{Quoted(item.Id)}},"time":{{Quoted(item.Time!)}},"data":""" +
        $"{Json.Format(item.Message)}}}";

    private async Task<HttpResponseMessage> PostAsync(List<(ImportItem Item, string Text)> batch, CancellationToken cancellation)
    {
        var bytes = Encoding.UTF8.GetBytes($"[{string.Join(',', batch.Select(b => b.Text))}]");
        for (var attempt = 1; ; attempt++)
        {
            string? why;
            try
            {
                using var content = new ByteArrayContent(bytes);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
                var answer = await http.PostAsync(new Uri("/v1/events", UriKind.Relative), content, cancellation);
                if (answer.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests) && (int)answer.StatusCode < 500)
                    return answer;
                why = $"It answered {(int)answer.StatusCode}.";
                answer.Dispose();
            }
            catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                why = fault.Message;
            }
            if (attempt == TriesMax)
                throw new SendingFailedException($"The server at {http.BaseAddress} took nothing in {TriesMax} tries. {why}");
            await Task.Delay(TimeSpan.FromSeconds(Math.Pow(2, attempt - 2)), TimeProvider.System, cancellation);
        }
    }

    private static async Task<JsonDocument?> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        try
        {
            return await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), default, cancellation);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // A pointer begins with the event's place in the batch, and names a field of its data or an attribute.
    private static List<(int Index, string Pointer, string Reason)> ErrorsOf(JsonDocument? body)
    {
        if (body is null || !body.RootElement.TryGetProperty("errors", out var errors))
            return [];
        var wrong = new List<(int, string, string)>();
        foreach (var error in errors.EnumerateArray())
        {
            var steps = error.GetProperty("pointer").GetString()!.Split('/');
            if (steps.Length > 1 && int.TryParse(steps[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                wrong.Add((index, $"/{string.Join('/', steps.Skip(2).SkipWhile(s => s == "data"))}", error.GetProperty("detail").GetString()!));
        }
        return wrong;
    }

    private static string DetailOf(JsonDocument? body) =>
        body is not null && body.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString()! : "it is no Patron server, or another version.";

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
