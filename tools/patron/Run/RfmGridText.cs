using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Patron.Tool.Run;

/// <summary>Customers by recency and frequency as a table of text, and by name, as segmentation answers them.</summary>
internal static class RfmGridText
{
    private const int Scores = 5;

    public static async Task<string> ReadAsync(HttpClient http, CancellationToken cancellation)
    {
        try
        {
            return Of(await http.GetFromJsonAsync<JsonElement>(new Uri("/v1/segmentation/rfm", UriKind.Relative), cancellation));
        }
        catch (HttpRequestException fault)
        {
            return $"  did not answer: {fault.Message}";
        }
    }

    /// <param name="answer">As <c>GET /v1/segmentation/rfm</c> gives it.</param>
    public static string Of(JsonElement answer)
    {
        var counts = new int[Scores + 1, Scores + 1];
        foreach (var cell in answer.GetProperty("grid").EnumerateArray())
            counts[cell.GetProperty("recency").GetInt32(), cell.GetProperty("frequency").GetInt32()] += cell.GetProperty("customers").GetInt32();
        var text = new StringBuilder("                frequency 1         2         3         4         5");
        for (var recency = Scores; recency >= 1; recency--)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  recency {recency}");
            for (var frequency = 1; frequency <= Scores; frequency++)
                text.Append(counts[recency, frequency].ToString("N0", CultureInfo.InvariantCulture).PadLeft(frequency == 1 ? 16 : 10));
        }

        foreach (var named in answer.GetProperty("names").EnumerateArray())
            text.Append(CultureInfo.InvariantCulture, $"\n  {named.GetProperty("customers").GetInt32(),12:N0}  {named.GetProperty("name").GetString()}");
        return text.ToString();
    }
}
