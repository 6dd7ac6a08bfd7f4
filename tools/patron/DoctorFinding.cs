namespace Patron.Tool;

internal enum FindingState
{
    Fine,

    /// <summary>Absent, but only some tests or features need it.</summary>
    Optional,
    Missing,
    Wrong,
}

internal sealed record Finding(FindingState State, string Subject, string Detail, string? Fix = null)
{
    public static Finding Fine(string subject, string detail) => new(FindingState.Fine, subject, detail);

    public static Finding Optional(string subject, string detail, string fix) => new(FindingState.Optional, subject, detail, fix);

    public static Finding Missing(string subject, string detail, string fix) => new(FindingState.Missing, subject, detail, fix);

    public static Finding Wrong(string subject, string detail, string fix) => new(FindingState.Wrong, subject, detail, fix);
}
