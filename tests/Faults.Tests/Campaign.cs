namespace Patron.Faults.Tests;

/// <summary>
/// How much of each proof is run. <c>make test</c> runs a small fixed portion; <c>make chaos</c> sets <c>PATRON_CAMPAIGN=long</c> and runs all.
/// </summary>
internal static class Campaign
{
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("PATRON_CAMPAIGN") == "long";

    public static int Of(int small, int atLength) => IsLong ? atLength : small;

    /// <summary>Seeds from 1 on: the small portion's are the first of the long one's.</summary>
    public static IEnumerable<int> Seeds(int small, int atLength) => Enumerable.Range(1, Of(small, atLength));
}
