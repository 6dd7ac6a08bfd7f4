using System.Diagnostics;
using NUnit.Framework;
using Patron.Tool;

namespace Patron.System.Tests.Cli;

[TestFixture, CancelAfter(60_000)]
internal sealed class CommandLineTests
{
    [Test]
    public async Task An_unknown_command_is_answered_with_what_exists(CancellationToken cancellation)
    {
        var (code, _, errors) = await PatronAsync(["fly"], cancellation);
        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Does.Contain("'fly'").And.Contain("doctor").And.Contain("clean").And.Contain("run"));
    }

    [Test]
    public async Task Help_and_version_are_printed(CancellationToken cancellation)
    {
        var help = await PatronAsync(["help"], cancellation);
        var version = await PatronAsync(["--version"], cancellation);
        Assert.That(help.Code, Is.Zero);
        Assert.That(help.Output, Does.Contain("FRESH=1"));
        Assert.That(version.Output, Does.Match(@"^\d+\.\d+\.\d+"));
    }

    [Test]
    public async Task The_doctor_finds_this_machine_fit_and_prints_a_line_for_each_check(CancellationToken cancellation)
    {
        var output = new StringWriter();
        var code = await Doctor.RunAsync(Checkout.Find(), output, cancellation);
        Assert.That(code, Is.Zero, output.ToString());
        Assert.That(output.ToString(), Does.Contain("ok        .NET SDK").And.Contain("ok        PostgreSQL: version").And.Contain("Time zones"));
    }

    private static async Task<(int Code, string Output, string Errors)> PatronAsync(string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "patron"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output, await errors);
    }
}
