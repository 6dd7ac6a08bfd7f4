using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Patron.Runtime.EventStore;

namespace Patron.Journey;

/// <summary>A trigger fired: the customer enters, unless the re-entry rule forbids it.</summary>
internal static class EnterJourney
{
    /// <param name="customer">Whose identifier was used, and the id of whose instance is made.</param>
    /// <param name="origin">The same where that customer is merged into the traveller; otherwise null.</param>
    public static Decision Decide(
        Traveller traveller, Guid customer, Guid? origin, JourneyDefinition journey, DateTimeOffset now, string reason,
        IReadOnlyDictionary<string, string> data)
    {
        var last = traveller.Entries.Where(entry => entry.Journey == journey.Name).Select(entry => (DateTimeOffset?)entry.At).Max();
        if (last is not null && (journey.AgainAfter is not { } pause || now - last < pause))
            return Decision.Nothing;

        // The same entry always has the same id, so that deciding again asks for the same messages.
        var instance = Derived(customer, $"{journey.Name}/{now.UtcTicks}");
        var entered = new Entered(instance, journey.Name, journey.Version, now, reason, data, origin);
        return Decision.Of([entered, .. Walk.From(new Instance(instance, journey.Name, journey.Version, now, data, null, false, null), 0, now)]);
    }

    /// <summary>A UUID (version 8) from a name within another id.</summary>
    public static Guid Derived(Guid within, string name)
    {
        Span<byte> bytes = stackalloc byte[16 + Encoding.UTF8.GetMaxByteCount(name.Length)];
        within.TryWriteBytes(bytes, bigEndian: true, out _);
        var length = 16 + Encoding.UTF8.GetBytes(name, bytes[16..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes[..length], hash);
        BinaryPrimitives.WriteUInt16BigEndian(hash[6..], (ushort)((BinaryPrimitives.ReadUInt16BigEndian(hash[6..]) & 0x0fff) | 0x8000));
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
