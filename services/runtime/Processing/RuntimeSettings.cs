using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>The section <c>Runtime</c>: what every service's store and readers share.</summary>
public sealed class RuntimeSettings : ISettings
{
    /// <summary>Partitions of every store and topic, 1 to 1,024; chosen once when the deployment is created.</summary>
    public int Partitions { get; set; } = 64;

    /// <summary>Writer lanes of a service in this process, 1 to 64.</summary>
    public int Lanes { get; set; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Commands in one transaction of a lane, 1 to 5,000.</summary>
    public int UnitsPerTransactionMax { get; set; } = 512;

    /// <summary>The most that a lane's remembered states take, in bytes of their JSON: 0 to 1 GiB. Each service in a process has its lanes.</summary>
    public int LaneStateBytesMax { get; set; } = 8 * 1024 * 1024;

    /// <summary>System time after which a silent instance's partitions may be taken, 1 s to 5 min.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Customers parked since a partition was acquired, above which it stops.</summary>
    public int NewlyParkedMax { get; set; } = 5;

    /// <summary>Bring schemas up to date at start; a deployment that migrates in its own step turns it off.</summary>
    public bool MigrateAtStart { get; set; } = true;

    public IEnumerable<SettingFault> Check()
    {
        if (Partitions is < 1 or > 1024)
            yield return new SettingFault(nameof(Partitions), "it must be from 1 to 1024");
        if (Lanes is < 1 or > 64)
            yield return new SettingFault(nameof(Lanes), "it must be from 1 to 64");
        if (UnitsPerTransactionMax is < 1 or > 5000)
            yield return new SettingFault(nameof(UnitsPerTransactionMax), "it must be from 1 to 5000");
        if (LaneStateBytesMax is < 0 or > 1 << 30)
            yield return new SettingFault(nameof(LaneStateBytesMax), "it must be from 0 to 1073741824 bytes");
        if (LeaseDuration < TimeSpan.FromSeconds(1) || LeaseDuration > TimeSpan.FromMinutes(5))
            yield return new SettingFault(nameof(LeaseDuration), "it must be from 00:00:01 to 00:05:00");
        if (NewlyParkedMax < 0)
            yield return new SettingFault(nameof(NewlyParkedMax), "it must not be negative");
    }
}
