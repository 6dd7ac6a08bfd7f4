using System.Globalization;
using Npgsql;
using Patron.Profile;
using Patron.Runtime.Hosting;
using Spectre.Console;

namespace Patron.Tool.Import;

/// <summary>
/// <c>patron import</c>: rows of CSV or NDJSON become events of the public door, checked here by the door's own rules first. Wrong rows go to
/// an error file and stop nothing. A run that was killed goes on with <c>--resume</c>.
/// </summary>
internal static class ImportCommand
{
    private const int SomeRowsFailed = 3;

    /// <summary>Answers 0 when every row went in, 3 when some are in the error file, 1 after a failure, 2 for a wrong argument.</summary>
    public static async Task<int> ExecuteAsync(string[] arguments, TextWriter output, TextWriter problems, CancellationToken cancellation)
    {
        try
        {
            return await RunAsync(ImportArguments.Read(arguments), output, cancellation);
        }
        catch (FormatException wrong)
        {
            await problems.WriteLineAsync(wrong.Message);
            return 2;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await problems.WriteLineAsync("Stopped; --resume goes on from here.");
            return 1;
        }
        catch (Exception fault) when (fault is SendingFailedException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            await problems.WriteLineAsync($"{fault.Message}\nWhat went in is kept; --resume goes on from there.");
            return 1;
        }
    }

    private static async Task<int> RunAsync(ImportArguments arguments, TextWriter output, CancellationToken cancellation)
    {
        if (arguments.DryRun && File.Exists(arguments.StateFile))
            throw new FormatException("An import of this file was interrupted; go on with --resume, before a dry run writes its errors over.");
        var start = ImportState.Start(arguments);
        var state = arguments.Resume && !arguments.DryRun ? ImportState.Load(arguments, start) ?? start : start;
        ImportPlace? place = state.Row > 0 ? new ImportPlace(state.Offset, state.Row) : null;
        var source = await ImportSource.OpenAsync(() => File.OpenRead(arguments.File), arguments.Options, place, cancellation);
        if (!arguments.DryRun && arguments.Key is null)
            throw new FormatException("An API key with the scope 'ingest' is needed: --key, or PATRON_API_KEY.");

        using var http = new HttpClient { BaseAddress = arguments.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", arguments.Key);

        // Rules need no secret: the hashes that they make here are thrown away. Nor a database: what the brand declared is asked of the server.
        await using var nowhere = NpgsqlDataSource.Create("Host=localhost");
        using var types = new EventTypeRegistry(
            new EventTypeStore(nowhere), new SchemaReader(TimeSpan.FromSeconds(1)), new CollectSettings(), new SystemClock());
        var attributes = new AttributeRegistry(nowhere);
        if (source.Map.HasAttributes && arguments.Key is not null)
            attributes.Use(await BrandAttributes.AskAsync(http, cancellation));
        else if (source.Map.HasAttributes)
            await output.WriteLineAsync(BrandAttributes.NotAsked);
        var (settings, hash) = (new ProfileSettings(), new KeyedHash(new byte[32]));
        var rules = new IngestReader(
            settings, new CollectSettings(), types, hash, new ToldIdentifiers(settings, hash, MatchingRules.Default), new ConsentSettings(),
            new WordingBook(nowhere), attributes);
        var sender = arguments.DryRun ? null : new EventSender(http, arguments.Options.Kind, arguments.Options.Source);
        using (var errors = new ErrorFile(arguments.ErrorFile, state.ErrorBytes, source))
        {
            var run = new ImportRun(source, source.Reader(rules, arguments.Options), sender, errors, s => s.Save(arguments.StateFile), TimeProvider.System);
            state = await WithProgressAsync(run, state, source.Text, cancellation);
        }
        if (state.Failed == 0)
            File.Delete(arguments.ErrorFile);
        if (!arguments.DryRun)
            File.Delete(arguments.StateFile);
        await output.WriteLineAsync(Summary(arguments, state));
        return state.Failed == 0 ? 0 : SomeRowsFailed;
    }

    private static async Task<ImportState> WithProgressAsync(ImportRun run, ImportState state, FileText text, CancellationToken cancellation)
    {
        var done = state;
        var bars = AnsiConsole.Progress().Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn());
        await bars.StartAsync(async bar =>
        {
            // Places are counted in UTF-8, which takes half as much again as the Chinese encodings: then the bar says how much, not how far.
            var task = bar.AddTask("importing", maxValue: Math.Max(1, state.FileBytes));
            task.IsIndeterminate = !text.IsUtf8;
            done = await run.RunAsync(state, now =>
            {
                task.Value = Math.Min(now.Offset, now.FileBytes);
                task.Description = string.Create(CultureInfo.InvariantCulture, $"row {now.Row - 1:#,##0}, {now.Failed:#,##0} wrong");
            }, cancellation);
            task.Value = task.MaxValue;
        });
        return done;
    }

    private static string Summary(ImportArguments arguments, ImportState state)
    {
        var failed = state.Failed == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {state.Failed:#,##0} rows are in {arguments.ErrorFile}");
        var what = arguments.DryRun ? "would go in; nothing was sent" : "went in";
        return string.Create(
            CultureInfo.InvariantCulture, $"{state.Accepted:#,##0} {arguments.Options.Kind.Name} {what}, {state.Repeated:#,##0} were there before{failed}.");
    }
}
