using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Patron.Contracts.Tests;

/// <summary>
/// A message with a value in every field, made from its descriptor alone and always the same: text beyond ASCII and beyond 16 bits, negative
/// numbers, two elements in each list and map, times to the microsecond.
/// </summary>
internal static class Examples
{
    private const int DepthMax = 8;

    public static IMessage Of(MessageDescriptor type) => Fill(type, 1, 0);

    private static IMessage Fill(MessageDescriptor type, int nth, int depth)
    {
        if (depth > DepthMax)
            throw new NotSupportedException($"{type.FullName} contains itself: give it an example by hand.");
        if (type.RealOneofCount > 0)
            throw new NotSupportedException($"{type.FullName} has a oneof, of which one example shows one case: give it an example for each.");

        var message = type.Parser.ParseFrom(ByteString.Empty);
        foreach (var field in type.Fields.InFieldNumberOrder())
            Set(message, field, nth, depth);
        return message;
    }

    private static void Set(IMessage message, FieldDescriptor field, int nth, int depth)
    {
        if (field.IsMap)
        {
            var (key, value) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
            var entries = (IDictionary)field.Accessor.GetValue(message);
            entries.Add(Value(key, 2, depth), Value(value, 2, depth));
            entries.Add(Value(key, 1, depth), Value(value, 1, depth));
        }
        else if (field.IsRepeated)
        {
            var elements = (IList)field.Accessor.GetValue(message);
            elements.Add(Value(field, 1, depth));
            elements.Add(Value(field, 2, depth));
        }
        else
        {
            field.Accessor.SetValue(message, Value(field, nth, depth));
        }
    }

    /// <param name="nth">Tells the elements of a list apart.</param>
    private static object Value(FieldDescriptor field, int nth, int depth) => field.FieldType switch
    {
        FieldType.String => $"{field.Name}-{nth} 高級會員 Zoë 𠮷",
        FieldType.Bool => true,
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => -1000 * field.FieldNumber - nth,
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => -9_007_199_254_740_993L * field.FieldNumber - nth,
        FieldType.UInt32 or FieldType.Fixed32 => uint.MaxValue - (uint)(1000 * field.FieldNumber + nth),
        FieldType.UInt64 or FieldType.Fixed64 => ulong.MaxValue - (ulong)(1000 * field.FieldNumber + nth),
        FieldType.Double => -0.125 * field.FieldNumber - nth,
        FieldType.Float => -0.5f * field.FieldNumber - nth,
        FieldType.Bytes => ByteString.CopyFrom(0, 0xff, (byte)field.FieldNumber, (byte)nth),
        FieldType.Enum => System.Enum.ToObject(field.EnumType.ClrType, field.EnumType.Values[^1].Number),
        FieldType.Message when field.MessageType.FullName == Timestamp.Descriptor.FullName => Time(field, nth),
        FieldType.Message when field.MessageType.FullName == Duration.Descriptor.FullName =>
            new Duration { Seconds = (100 * field.FieldNumber) + nth, Nanos = 5 },
        FieldType.Message => Fill(field.MessageType, nth, depth + 1),
        _ => throw new NotSupportedException($"{field.FullName} is of a kind without an example: {field.FieldType}."),
    };

    private static Timestamp Time(FieldDescriptor field, int nth) =>
        Timestamp.FromDateTimeOffset(new DateTimeOffset(2011, 12, 9, 12, 50, field.FieldNumber, 123, 456 + nth, TimeSpan.Zero));
}
