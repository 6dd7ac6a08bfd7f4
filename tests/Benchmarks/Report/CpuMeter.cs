using System.Diagnostics;
using System.Globalization;

namespace Patron.Benchmarks.Report;

/// <summary>Processor time used since a start, by this process and by the private PostgreSQL: on a busy machine it says more than the clock.</summary>
internal sealed class CpuMeter
{
    private const double TicksPerSecond = 100;

    private readonly int postmaster;
    private readonly long begun = Stopwatch.GetTimestamp();
    private readonly TimeSpan here = Environment.CpuUsage.TotalTime;
    private readonly double there;

    private CpuMeter(int postmaster) => (this.postmaster, there) = (postmaster, PostgresSeconds(postmaster));

    public static CpuMeter Start(string clusterFolder) =>
        new(int.Parse(File.ReadLines(Path.Combine(clusterFolder, "cluster", "postmaster.pid")).First(), CultureInfo.InvariantCulture));

    /// <summary>How many cores were busy on average: here, and in PostgreSQL.</summary>
    public (double Here, double Postgres) Cores()
    {
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return ((Environment.CpuUsage.TotalTime - here).TotalSeconds / seconds, (PostgresSeconds(postmaster) - there) / seconds);
    }

    /// <summary>Seconds of processor time, here and in PostgreSQL together.</summary>
    public double Seconds() => (Environment.CpuUsage.TotalTime - here).TotalSeconds + PostgresSeconds(postmaster) - there;

    // Field 4 is the parent; 14 to 17 are user and system time, of the process and of its ended children. See proc(5).
    private static double PostgresSeconds(int postmaster)
    {
        var sum = 0.0;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            try
            {
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                var own = int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture) == postmaster;
                if (own || int.Parse(fields[1], CultureInfo.InvariantCulture) == postmaster)
                    sum += fields[11..(own ? 15 : 13)].Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / TicksPerSecond;
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return sum;
    }
}
