using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary><c>["85123A",1,6,1530]</c>: product, kind, pieces, amount.</summary>
internal sealed class PurchaseLineJson : JsonConverter<PurchaseLine>
{
    public override PurchaseLine Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var line = new PurchaseLine(
            Next(ref reader).GetString()!, (LineKind)Next(ref reader).GetInt32(), Next(ref reader).GetInt32(), Next(ref reader).GetInt64());
        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray ? line : throw new JsonException("A purchase line has four members.");
    }

    public override void Write(Utf8JsonWriter writer, PurchaseLine value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(value.Product);
        writer.WriteNumberValue((int)value.Kind);
        writer.WriteNumberValue(value.Quantity);
        writer.WriteNumberValue(value.AmountMinor);
        writer.WriteEndArray();
    }

    private static ref Utf8JsonReader Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return ref reader;
    }
}
