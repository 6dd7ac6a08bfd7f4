using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Patron.Runtime.Hosting;
using QRCoder;

namespace Patron.Loyalty;

/// <summary>
/// A batch's codes as CSV, computed while they are sent, and one code as an image. No cell can begin like a formula: codes, campaigns and times
/// have only letters, digits, hyphens, colons and dots, and begin with a letter or digit.
/// </summary>
internal static class ExportCodes
{
    private const int CodesPerChunk = 4_096;
    private const int PixelsPerModule = 8;

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapGet("/batches/{number:int}/codes.csv", ExportAsync).RequireApiKey("write");
        loyalty.MapGet("/coupons/{code}/qr.svg", Draw).RequireAnyApiKey("write", "partner", "read");
    }

    /// <param name="first">The first serial.</param>
    public static async Task WriteAsync(
        PipeWriter writer, CodeSpace space, byte[] key, Batch batch, int first, int count, CancellationToken cancellation)
    {
        var rest = string.Create(
            CultureInfo.InvariantCulture, $",{batch.Made.Campaign},{batch.From:yyyy-MM-ddTHH:mm:ssZ},{batch.Until:yyyy-MM-ddTHH:mm:ssZ}\r\n");
        Encoding.ASCII.GetBytes("code,campaign,valid_from,valid_until\r\n", writer);
        var codes = new string[Math.Min(count, CodesPerChunk)];
        for (var done = 0; done < count; done += CodesPerChunk)
        {
            var chunk = codes.AsMemory(0, Math.Min(CodesPerChunk, count - done));
            space.Write(batch.Made.Number, key, first + done, chunk.Span);
            Append(writer, chunk.Span, rest);
            await writer.FlushAsync(cancellation);
        }
    }

    private static void Append(PipeWriter writer, ReadOnlySpan<string> codes, string rest)
    {
        foreach (var code in codes)
        {
            var line = writer.GetSpan(code.Length + rest.Length);
            var length = Encoding.ASCII.GetBytes(code, line);
            writer.Advance(length + Encoding.ASCII.GetBytes(rest, line[length..]));
        }
    }

    private static async Task ExportAsync(
        int number, int? first, int? count, CouponBook book, HttpContext context, CancellationToken cancellation)
    {
        var content = await book.RefreshAsync(cancellation);
        if (!content.Batches.TryGetValue(number, out var batch) || batch.Made.Running || book.Space(content) is not { } space)
        {
            await Problem.NotFound("There is no batch with this number that codes can be exported of.").ExecuteAsync(context);
            return;
        }

        var from = first ?? 0;
        var taken = count ?? (batch.Made.Count - from);
        if (from < 0 || taken < 1 || from > batch.Made.Count - taken)
        {
            await Problem.Invalid(new FieldError("count", $"first and count must lie within the batch's {batch.Made.Count} codes.")).ExecuteAsync(context);
            return;
        }

        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"batch-{number}.csv\"");
        await WriteAsync(context.Response.BodyWriter, space, book.KeyOf(batch), batch, from, taken, cancellation);
    }

    /// <summary>Draws what a till reads. Says nothing of whether the code exists, so nothing can be guessed with it.</summary>
    private static IResult Draw(string code)
    {
        var isPublic = code.Length is >= 3 and <= 15 && code.All(char.IsAsciiLetterOrDigit);
        if (!isPublic && !CodeText.TryRead(code, out _))
            return Problem.Invalid(new FieldError("code", "This is no code: a character is wrong, or two have changed places."));

        // Capitals are what QR codes pack best.
        using var data = QRCodeGenerator.GenerateQrCode(code.ToUpperInvariant(), QRCodeGenerator.ECCLevel.M);
        using var svg = new SvgQRCode(data);
        return TypedResults.Text(svg.GetGraphic(PixelsPerModule), "image/svg+xml");
    }
}
