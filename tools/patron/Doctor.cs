namespace Patron.Tool;

/// <summary>Looks at everything that Patron needs from this machine and says how to put right what is not.</summary>
internal static class Doctor
{
    /// <summary>Prints one line a check. Answers the exit code: 0 unless something needed is missing or wrong.</summary>
    public static Task<int> RunAsync(TextWriter output, CancellationToken cancellation) =>
        RunAsync(Checkout.Find(), output, cancellation);

    public static async Task<int> RunAsync(Checkout checkout, TextWriter output, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        foreach (var check in DoctorChecks.All)
        {
            var finding = await check(checkout, cancellation);
            findings.Add(finding);
            await output.WriteLineAsync($"{Word(finding.State),-8}  {finding.Subject}: {finding.Detail}");
            if (finding.Fix is not null)
                await output.WriteLineAsync($"          fix: {finding.Fix}");
        }

        var bad = findings.Count(it => it.State is FindingState.Missing or FindingState.Wrong);
        await output.WriteLineAsync(bad == 0 ? "\nEverything that is needed is here." : $"\n{bad} of {findings.Count} checks need attention.");
        return bad == 0 ? 0 : 1;
    }

    private static string Word(FindingState state) => state switch
    {
        FindingState.Fine => "ok",
        FindingState.Optional => "optional",
        FindingState.Missing => "missing",
        _ => "wrong",
    };
}
