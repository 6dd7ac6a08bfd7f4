using System.Globalization;

namespace Patron.Tool.Run;

/// <summary>What the environment asks of <c>patron run</c>.</summary>
/// <param name="Days">Days of the history from its first, 1 or more; null for all.</param>
/// <param name="Fresh">Delete what earlier runs kept.</param>
internal sealed record RunOptions(int? Days, bool Fresh)
{
    /// <summary>Reads DAYS and FRESH; null with a sentence when one of them cannot be read.</summary>
    public static RunOptions? Read(out string? wrong)
    {
        wrong = null;
        int? days = null;
        if (Environment.GetEnvironmentVariable("DAYS") is { Length: > 0 } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
            {
                wrong = $"DAYS is '{text}'; it must be a whole number of days from 1 up, such as DAYS=90.";
                return null;
            }

            days = number;
        }

        return new RunOptions(days, Environment.GetEnvironmentVariable("FRESH") is { Length: > 0 } fresh && fresh != "0");
    }
}
