using System.Text;
using NUnit.Framework;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Tests.EventLog;

[TestFixture]
public sealed class EnvelopeTests
{
    private static readonly Envelope Least = new()
    {
        Id = "17-1",
        Source = "/patron/profile",
        Type = "patron.profile.v1.PurchaseRecorded",
        Time = new DateTimeOffset(2010, 12, 1, 8, 26, 0, TimeSpan.Zero),
        StoreEpoch = Guid.Parse("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
        Position = 1,
        Previous = 0,
    };

    private static readonly Envelope Most = Least with
    {
        Id = "63-9223372036854775807",
        Type = "patron.tagging.v1.标签",
        Time = new DateTimeOffset(2011, 6, 30, 23, 59, 59, TimeSpan.FromHours(8)).AddTicks(1_234_567),
        Position = long.MaxValue,
        Previous = long.MaxValue - 1,
        Watermarks = new Dictionary<string, long> { ["patron.tagging"] = 12, ["patron.Loyalty"] = 0, ["patron.profile"] = 9_000_000_000 },
        Backfill = true,
        TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    };

    private static readonly Envelope Restored = Least with
    {
        FormerLives = new Dictionary<Guid, long>
        {
            [Guid.Parse("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")] = 120,
            [Guid.Parse("0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d")] = 0,
        },
    };

    [Test]
    public void The_encoding_is_frozen()
    {
        Assert.That(Text(Least), Is.EqualTo(Golden.Lines("envelope-least.txt")));
        Assert.That(Text(Most), Is.EqualTo(Golden.Lines("envelope-most.txt")));
        Assert.That(Text(Restored), Is.EqualTo(Golden.Lines("envelope-restored.txt")));
    }

    [Test]
    public void What_was_written_is_read_back()
    {
        foreach (var envelope in new[] { Least, Most, Restored })
        {
            Assert.That(Envelope.TryRead(envelope.ToHeaders(), out var read, out var whyNot), Is.True, whyNot);
            Assert.That(read!.Watermarks, Is.EquivalentTo(envelope.Watermarks));
            var wholeMicroseconds = envelope.Time.ToUniversalTime().AddTicks(-(envelope.Time.Ticks % 10));
            Assert.That(read.FormerLives, Is.EquivalentTo(envelope.FormerLives));
            Assert.That(
                read with { Watermarks = envelope.Watermarks, FormerLives = envelope.FormerLives }, Is.EqualTo(envelope with { Time = wholeMicroseconds }));
            Assert.That(read.Time.Offset, Is.EqualTo(TimeSpan.Zero));
        }
    }

    [TestCase("ce_specversion")]
    [TestCase("ce_id")]
    [TestCase("ce_source")]
    [TestCase("ce_type")]
    [TestCase("ce_time")]
    [TestCase("content-type")]
    [TestCase("ce_storeepoch")]
    [TestCase("ce_position")]
    [TestCase("ce_previous")]
    public void A_missing_header_is_named(string name)
    {
        var headers = Most.ToHeaders().Where(h => h.Name != name).ToList();
        Assert.That(Envelope.TryRead(headers, out _, out var whyNot), Is.False);
        Assert.That(whyNot, Is.EqualTo($"{name} is missing or empty"));
    }

    [TestCase("ce_specversion", "0.3", "is not 1.0")]
    [TestCase("content-type", "application/cloudevents+json", "is not application/protobuf")]
    [TestCase("ce_id", "", "is missing or empty")]
    [TestCase("ce_time", "yesterday", "is not an RFC 3339 time with a zone")]
    [TestCase("ce_time", "2010-12-01T08:26:00", "is not an RFC 3339 time with a zone")]
    [TestCase("ce_time", "2010-13-01T08:26:00Z", "is not an RFC 3339 time with a zone")]
    [TestCase("ce_time", "2010-12-01T08:26:00.000000000000000000000Z", "is not an RFC 3339 time with a zone")]
    [TestCase("ce_storeepoch", "0197a1b2", "is not a UUID")]
    [TestCase("ce_storeepoch", "{0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b}", "is not a UUID")]
    [TestCase("ce_position", "one", "is not a whole number of at least 0")]
    [TestCase("ce_position", "-4", "is not a whole number of at least 0")]
    [TestCase("ce_position", "9223372036854775808", "is not a whole number of at least 0")]
    [TestCase("ce_position", "0", "is below 1")]
    [TestCase("ce_previous", "9223372036854775807", "is not below ce_position")]
    [TestCase("ce_watermarks", "", "is not a list of topic=position, separated by commas")]
    [TestCase("ce_watermarks", "a=1,b", "is not a list of topic=position, separated by commas")]
    [TestCase("ce_watermarks", "a=1,a=2", "is not a list of topic=position, separated by commas")]
    [TestCase("ce_backfill", "yes", "is neither true nor false")]
    public void A_malformed_header_is_named_with_what_is_wrong(string name, string value, string complaint)
    {
        var headers = Most.ToHeaders().Select(h => h.Name == name ? new LogHeader(name, Encoding.UTF8.GetBytes(value)) : h).ToList();
        Assert.That(Envelope.TryRead(headers, out var envelope, out var whyNot), Is.False);
        Assert.That(whyNot, Is.EqualTo($"{name} {complaint}"));
        Assert.That(envelope, Is.Null);
    }

    [TestCase("2010-12-01T08:26:00Z", 0)]
    [TestCase("2010-12-01T16:26:00.5+08:00", 500)]
    [TestCase("2010-12-01T08:26:00.250000Z", 250)]
    public void Times_of_other_producers_are_read_as_UTC(string text, int milliseconds)
    {
        var headers = Least.ToHeaders().Select(h => h.Name == "ce_time" ? new LogHeader("ce_time", Encoding.UTF8.GetBytes(text)) : h).ToList();
        Assert.That(Envelope.TryRead(headers, out var envelope, out var whyNot), Is.True, whyNot);
        Assert.That(envelope!.Time, Is.EqualTo(Least.Time.AddMilliseconds(milliseconds)));
    }

    [TestCase("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true)]
    [TestCase("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", true)]
    [TestCase("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", false)]
    [TestCase("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false)]
    [TestCase("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false)]
    [TestCase("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false)]
    [TestCase("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false)]
    [TestCase("trace", false)]
    public void Only_a_valid_trace_context_travels(string traceParent, bool valid)
    {
        var written = (Least with { TraceParent = traceParent }).ToHeaders();
        Assert.That(written.Any(h => h.Name == "ce_traceparent"), Is.EqualTo(valid));
        LogHeader[] foreign = [.. Least.ToHeaders(), new("ce_traceparent", Encoding.UTF8.GetBytes(traceParent))];
        Assert.That(Envelope.TryRead(foreign, out var read, out _), Is.True);
        Assert.That(read!.TraceParent, Is.EqualTo(valid ? traceParent : null));
    }

    [Test]
    public void Of_a_repeated_header_the_first_counts_and_unknown_ones_are_ignored()
    {
        LogHeader[] headers = [new("x-other", "1"u8.ToArray()), .. Least.ToHeaders(), new("ce_id", "second"u8.ToArray()), new("ce_position", "x"u8.ToArray())];
        Assert.That(Envelope.TryRead(headers, out var read, out var whyNot), Is.True, whyNot);
        Assert.That(read!.Id, Is.EqualTo(Least.Id));
    }

    [Test]
    public void What_no_reader_would_accept_is_not_written()
    {
        Assert.Throws<ArgumentException>(() => (Least with { Id = "" }).ToHeaders());
        Assert.Throws<ArgumentOutOfRangeException>(() => (Least with { Position = 0 }).ToHeaders());
        Assert.Throws<ArgumentOutOfRangeException>(() => (Least with { Previous = 1 }).ToHeaders());
        Assert.Throws<ArgumentException>(() => (Least with { Watermarks = new Dictionary<string, long> { ["a,b"] = 1 } }).ToHeaders());
    }

    private static IEnumerable<string> Text(Envelope envelope) =>
        envelope.ToHeaders().Select(h => $"{h.Name}: {Encoding.UTF8.GetString(h.Value.Span)}");
}
