using System.Reflection;
using Patron.Tool;
using Patron.Tool.Backtest;
using Patron.Tool.Export;
using Patron.Tool.Import;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first Ctrl-C asks for an orderly end; a second one ends the process.
    pressed.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
};

switch (args.FirstOrDefault() ?? "help")
{
    case "run":
        return await RunCommand.ExecuteAsync(args[1..], stop.Token);
    case "import":
        return await ImportCommand.ExecuteAsync(args[1..], Console.Out, Console.Error, stop.Token);
    case "export":
        return await ExportCommand.ExecuteAsync(args[1..], Console.Out, Console.Error, stop.Token);
    case "backtest":
        return await BacktestCommand.ExecuteAsync(args[1..], Console.Out, Console.Error, stop.Token);
    case "doctor":
        return await Doctor.RunAsync(Console.Out, stop.Token);
    case "clean":
        return await Clean.RunAsync(Console.Out, stop.Token);
    case "help" or "--help" or "-h":
        Console.WriteLine(Usage.Text);
        return 0;
    case "--version":
        Console.WriteLine(typeof(Usage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion);
        return 0;
    case var unknown:
        await Console.Error.WriteLineAsync($"patron has no command '{unknown}'.\n\n{Usage.Text}");
        return 2;
}
