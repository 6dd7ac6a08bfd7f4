namespace Patron.Runtime.EventLog;

/// <summary>
/// One record on the log. The key of a fact is the customer id as 36-character lower-case UUID text; producers outside of Patron may use
/// any key or none. A null value is a tombstone on a compacted topic; write it as <c>default(ReadOnlyMemory&lt;byte&gt;?)</c> in a
/// conditional expression, where a plain null becomes an empty value.
/// </summary>
public sealed record LogRecord(string? Key, IReadOnlyList<LogHeader> Headers, ReadOnlyMemory<byte>? Value);

/// <summary>A header; names repeat only where a foreign producer repeats them, and the first wins.</summary>
public readonly record struct LogHeader(string Name, ReadOnlyMemory<byte> Value);
