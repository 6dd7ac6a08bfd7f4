using System.Globalization;
using Patron.Runtime.Hosting;

namespace Patron.Gateway;

/// <summary>The page that shows what happened, until the console exists.</summary>
internal static class ShowFigures
{
    public const string Purpose = "overview";

    public static void Map(WebApplication app) => app.MapGet("/", AnswerAsync).RequireSignedLink(Purpose, LinkTime.System);

    private static async Task<IResult> AnswerAsync(Peers peers, BusinessClock clock, CancellationToken cancellation)
    {
        var page = new Page("Patron")
            .Text("h1", "What happened")
            .Text(
                "p",
                string.Create(
                    CultureInfo.InvariantCulture, $"Business time {clock.GetUtcNow():yyyy-MM-dd HH:mm} UTC. Every figure comes from the service that owns it."),
                "lead")
            .Markup("<div class=\"cards\">");
        foreach (var answer in await peers.FiguresAsync(cancellation))
        {
            page.Markup("<section class=\"card\">").Text("h2", answer.Service);
            if (answer.Trouble is { } trouble)
                page.Text("p", trouble, "trouble");
            else if (answer.Items.Count == 0)
                page.Text("p", "Idle: nothing was asked of it yet.", "lead");
            page.Markup("<table>");
            foreach (var figure in answer.Items)
                page.Row((figure.Name, null), (figure.Value.ToString("N0", CultureInfo.InvariantCulture), "n"));
            page.Markup("</table></section>");
        }

        return page.Markup("</div>").ToResult();
    }
}
