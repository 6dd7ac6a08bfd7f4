namespace Patron.Local;

/// <summary>One mail that was accepted. <paramref name="MessageId"/> is without angle brackets, and empty when the mail has none.</summary>
public sealed record CaughtMail(
    long Number, string From, IReadOnlyList<string> Recipients, string Subject, string MessageId, DateTimeOffset Received, long Offset, int Bytes);
