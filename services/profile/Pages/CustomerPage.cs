using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>
/// A page for customers: no script, nothing from elsewhere, phone first. Whoever has its address is the customer, so that it is never kept,
/// indexed, framed, or told to another site.
/// </summary>
internal sealed class CustomerPage(PageText text, string title)
{
    private const string Style =
        """
        :root{color-scheme:light dark}
        *{box-sizing:border-box}
        body{margin:0;font:17px/1.55 system-ui,"PingFang SC","PingFang TC","Noto Sans CJK SC",sans-serif;color:#1b1b1f;background:#f5f5f7}
        main{max-width:40rem;margin:0 auto;padding:1rem 1rem 3rem}
        h1{font-size:1.7rem;line-height:1.25;margin:1.2rem 0 .4rem}
        h2{font-size:1.15rem;margin:0 0 .3rem}
        p{margin:.3rem 0 .8rem}
        a{color:#0842a0}
        nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem;justify-content:flex-end;font-size:.95rem}
        nav a,nav strong{padding:.5rem 0}
        fieldset,section{border:1px solid #c9c9d1;border-radius:.8rem;background:#fff;margin:1rem 0;padding:1rem 1.1rem;min-width:0}
        legend{float:left;width:100%;font-size:1.15rem;font-weight:600;padding:0;margin:0 0 .3rem}
        legend+*{clear:both}
        .choice{display:flex;gap:.8rem;align-items:center;min-height:3.2rem;padding:.5rem 0;border-top:1px solid #e3e3e8;cursor:pointer}
        .choice:last-child{margin-bottom:-.6rem}
        .choice input{flex:none;width:1.4rem;height:1.4rem;margin:0;accent-color:#0842a0}
        .choice span{min-width:0;overflow-wrap:anywhere}
        small{display:block;color:#55555e;font-size:.88rem}
        label.above{display:block;font-weight:600;margin-bottom:.4rem}
        select,button{font:inherit;min-height:3rem;border-radius:.6rem;padding:.5rem .9rem}
        select{width:100%;border:1px solid #76767f;background:#fff;color:inherit}
        button{width:100%;border:0;background:#0842a0;color:#fff;font-weight:600;cursor:pointer}
        button.quiet{background:#fff;color:#a3001d;border:1px solid #a3001d}
        :focus-visible{outline:3px solid #e07a00;outline-offset:2px}
        .told{border-left:.35rem solid #14692c;background:#e7f4ea;color:#0d3b19;border-radius:.4rem;padding:.8rem 1rem;margin:1rem 0}
        .told.later{border-color:#8a5300;background:#fdf1dd;color:#4d2f00}
        @media(min-width:40rem){main{padding:2rem 1rem 4rem} button{width:auto;min-width:12rem}}
        @media(prefers-color-scheme:dark){
        body{color:#ececf1;background:#131316} fieldset,section,select,button.quiet{background:#1f1f24} fieldset,section{border-color:#46464f}
        a{color:#a9c7ff} small{color:#b4b4bf} .choice{border-color:#35353d} button{background:#a9c7ff;color:#062e6f} .choice input{accent-color:#a9c7ff}
        button.quiet{color:#ffb3ba;border-color:#ffb3ba} select{border-color:#8e8e99}
        .told{background:#12351d;color:#c6efd0} .told.later{background:#3d2a08;color:#ffe0b0}}
        """;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; form-action 'self'; " +
        "base-uri 'none'; frame-ancestors 'none'";

    private readonly StringBuilder body = new();

    /// <summary>Adds markup whose values are encoded.</summary>
    public CustomerPage Add(FormattableString markup)
    {
        var values = markup.GetArguments().Select(v => (object)Encoder.Encode(Convert.ToString(v, CultureInfo.InvariantCulture) ?? "")).ToArray();
        body.AppendFormat(CultureInfo.InvariantCulture, markup.Format, values).Append('\n');
        return this;
    }

    public CustomerPage AddIf(bool holds, FormattableString markup) => holds ? Add(markup) : this;

    public IResult ToResult(HttpContext context, int status = StatusCodes.Status200OK)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["X-Robots-Tag"] = "noindex, nofollow";
        var html = $"""
            <!doctype html>
            <html lang="{text.Language}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Encoder.Encode(title)}</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            {Switch(context)}<h1>{Encoder.Encode(title)}</h1>
            {body}</main>
            </body>
            </html>

            """;
        return TypedResults.Content(html, "text/html; charset=utf-8", statusCode: status);
    }

    // The same address with another language; only what the link itself carries goes into it.
    private string Switch(HttpContext context)
    {
        var own = QueryString.Create(context.Request.Query.Where(p => p.Key != CustomerLinks.Language));
        var links = PageText.All.Select(other =>
        {
            var (tag, name) = (other.Language, Encoder.Encode(other.LanguageName));
            var address = Encoder.Encode(own.Add(CustomerLinks.Language, tag).ToUriComponent());
            return other == text
                ? $"<strong lang=\"{tag}\" aria-current=\"true\">{name}</strong>"
                : $"<a href=\"{address}\" lang=\"{tag}\" hreflang=\"{tag}\">{name}</a>";
        });
        return $"<nav>{string.Concat(links)}</nav>\n";
    }
}
