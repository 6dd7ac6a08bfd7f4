using System.Buffers.Binary;
using System.Buffers.Text;

namespace Patron.Profile;

/// <summary>A <see cref="StoryPlace"/> as clients carry it from page to page: 20 bytes in base64url, which they need not understand.</summary>
internal static class StoryCursor
{
    private const int Bytes = sizeof(long) + sizeof(short) + sizeof(short) + sizeof(long);

    public static string Write(StoryPlace place)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, place.Happened.UtcTicks);
        BinaryPrimitives.WriteInt16BigEndian(bytes[8..], (short)place.Source);
        BinaryPrimitives.WriteInt16BigEndian(bytes[10..], (short)place.Partition);
        BinaryPrimitives.WriteInt64BigEndian(bytes[12..], place.Position);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Null for a text that is no cursor.</summary>
    public static StoryPlace? Read(string text)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        if (!Base64Url.IsValid(text, out var length) || length != Bytes || !Base64Url.TryDecodeFromChars(text, bytes, out _))
            return null;
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks)
            return null;
        return new StoryPlace(
            new DateTimeOffset(ticks, TimeSpan.Zero), BinaryPrimitives.ReadInt16BigEndian(bytes[8..]),
            BinaryPrimitives.ReadInt16BigEndian(bytes[10..]), BinaryPrimitives.ReadInt64BigEndian(bytes[12..]));
    }
}
