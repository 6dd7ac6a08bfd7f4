using Patron.Runtime.Hosting;
using QRCoder;

namespace Patron.Profile;

/// <summary>Gives a customer's app the code to show at the till: an SVG image, or the text in it for apps that draw it themselves.</summary>
internal static class ShowCustomerCode
{
    private const int PixelsPerModule = 8;

    public static void Map(WebApplication app) =>
        app.MapGet("/v1/clienteling/customers/{id:guid}/qr", ShowAsync).RequireApiKey("clienteling");

    private static async Task<IResult> ShowAsync(
        Guid id, CustomerCodes codes, CustomerReading customers, SystemClock clock, HttpContext context, CancellationToken cancellation)
    {
        if (await customers.FindAsync(new Wanted(id), audit: null, cancellation) is not { } customer)
            return ShowCustomer.NotFound();
        if (customer.IsErased)
            return ShowCustomer.Erased();
        var (text, validUntil) = codes.Make(customer.Id, clock.GetUtcNow());
        // A code that a proxy kept would be shown after its time.
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Expires = validUntil.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        return context.Request.Headers.Accept.ToString().StartsWith("text/plain", StringComparison.OrdinalIgnoreCase)
            ? TypedResults.Text(text)
            : TypedResults.Text(Svg(text), "image/svg+xml");
    }

    internal static string Svg(string text)
    {
        // Quartile: the code is read from a scratched screen at an angle.
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.Q);
        using var svg = new SvgQRCode(data);
        return svg.GetGraphic(PixelsPerModule);
    }
}
