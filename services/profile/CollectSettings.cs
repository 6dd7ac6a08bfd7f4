using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>The configuration section <c>Collect</c>: event types, behaviours, the calls of Segment's SDKs, replays.</summary>
internal sealed class CollectSettings : ISettings
{
    /// <summary>
    /// Whether behaviours of a type that is not registered are taken; all their fields are then personal. Otherwise they are refused or quarantined.
    /// </summary>
    public bool FreeFormTypes { get; set; }

    /// <summary>
    /// For how long, in system time, an instance goes on with the event types that it knows: what another one registered is in force by then.
    /// </summary>
    public TimeSpan EventTypesHeldFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The most event types; further ones cannot be registered.</summary>
    public int EventTypesMax { get; set; } = 2_000;

    /// <summary>The longest that a pattern of a schema may take for one value, in system time.</summary>
    public TimeSpan PatternWithin { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The properties of one behaviour as JSON, in bytes.</summary>
    public int PropertiesBytesMax { get; set; } = 32 * 1024;

    /// <summary>One message of a Segment SDK, alone or in a batch, in bytes.</summary>
    public int SegmentMessageBytesMax { get; set; } = 32 * 1024;

    /// <summary>One body of a Segment SDK, in bytes, unpacked.</summary>
    public int SegmentBatchBytesMax { get; set; } = 500 * 1024;

    /// <summary>Quarantined records that one call replays.</summary>
    public int ReplayMax { get; set; } = 1_000;

    public IEnumerable<SettingFault> Check()
    {
        if (EventTypesHeldFor < TimeSpan.Zero || EventTypesHeldFor > TimeSpan.FromMinutes(5))
            yield return new SettingFault(nameof(EventTypesHeldFor), "it must be from 00:00:00 to 00:05:00");
        if (EventTypesMax is < 1 or > 100_000)
            yield return new SettingFault(nameof(EventTypesMax), "it must be from 1 to 100000");
        if (PatternWithin <= TimeSpan.Zero || PatternWithin > TimeSpan.FromSeconds(1))
            yield return new SettingFault(nameof(PatternWithin), "it must be more than 00:00:00 and at most 00:00:01");
        if (PropertiesBytesMax is < 1_024 or > 1_048_576)
            yield return new SettingFault(nameof(PropertiesBytesMax), "it must be from 1024 to 1048576 bytes");
        if (SegmentMessageBytesMax is < 1_024 or > 1_048_576)
            yield return new SettingFault(nameof(SegmentMessageBytesMax), "it must be from 1024 to 1048576 bytes");
        if (SegmentBatchBytesMax < SegmentMessageBytesMax || SegmentBatchBytesMax > 4 * 1_048_576)
            yield return new SettingFault(nameof(SegmentBatchBytesMax), "it must be at least that of one message and at most 4194304 bytes");
        if (ReplayMax is < 1 or > 10_000)
            yield return new SettingFault(nameof(ReplayMax), "it must be from 1 to 10000");
    }
}
