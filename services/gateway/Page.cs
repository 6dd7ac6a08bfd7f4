using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Patron.Gateway;

/// <summary>A plain page: everything that is put into it as text is encoded.</summary>
internal sealed class Page(string title)
{
    private const string Style =
        """
        :root{color-scheme:light dark}
        body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.6rem;margin-bottom:.2rem} h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
        .lead{color:color-mix(in srgb,CanvasText 65%,Canvas)} .trouble{color:#b00020}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
        .card{border:1px solid color-mix(in srgb,CanvasText 18%,Canvas);border-radius:.6rem;padding:.8rem 1rem}
        table{border-collapse:collapse;width:100%} td,th{text-align:left;padding:.25rem .5rem;vertical-align:top}
        tr+tr td{border-top:1px solid color-mix(in srgb,CanvasText 12%,Canvas)} td.n{text-align:right;font-variant-numeric:tabular-nums}
        .time{white-space:nowrap}
        """;

    private readonly StringBuilder body = new();

    public Page Text(string tag, string text, string? css = null)
    {
        body.Append(CultureInfo.InvariantCulture, $"<{tag}{(css is null ? "" : $" class=\"{css}\"")}>{Encode(text)}</{tag}>\n");
        return this;
    }

    /// <summary>Opens or closes elements; the markup is written as it is.</summary>
    public Page Markup(string markup)
    {
        body.Append(markup).Append('\n');
        return this;
    }

    public Page Row(params ReadOnlySpan<(string Text, string? Css)> cells)
    {
        body.Append("<tr>");
        foreach (var (text, css) in cells)
            body.Append(CultureInfo.InvariantCulture, $"<td{(css is null ? "" : $" class=\"{css}\"")}>{Encode(text)}</td>");
        body.Append("</tr>\n");
        return this;
    }

    public IResult ToResult() => TypedResults.Content(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
        + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        + $"<title>{Encode(title)}</title><style>{Style}</style></head>\n<body>\n{body}</body>\n</html>\n",
        "text/html; charset=utf-8");

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
