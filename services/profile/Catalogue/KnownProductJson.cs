using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary><c>["85123A","home/candles","Lumo"]</c>: product, category, brand.</summary>
internal sealed class KnownProductJson : JsonConverter<KnownProduct>
{
    public override KnownProduct Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var product = new KnownProduct(Next(ref reader), Next(ref reader), Next(ref reader));
        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray ? product : throw new JsonException("A known product has three members.");
    }

    public override void Write(Utf8JsonWriter writer, KnownProduct value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteStringValue(value.Product);
        writer.WriteStringValue(value.Category);
        writer.WriteStringValue(value.Brand);
        writer.WriteEndArray();
    }

    private static string Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString()!;
    }
}
