namespace Patron.Tool;

internal static class Usage
{
    public const string Text = """
        patron <command>
          run        replay a real year of purchases through all services in this process, then stay up
                     (environment: FRESH=1 starts anew, DAYS=90 replays less)
          import     take customers, purchases, products or stores from a CSV or NDJSON file; 'patron import' alone says how
          export     write customers or purchases to a CSV or NDJSON file; 'patron export' alone says how
          backtest   run a changed loyalty programme over the stored history; 'patron backtest' alone says how
          doctor     say what is missing or wrong on this machine, with the fix
          clean      stop the private PostgreSQL and delete what 'run' keeps
          help       this text
          --version  the version
        """;
}
