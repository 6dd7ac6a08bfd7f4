using System.Globalization;
using System.Text.Json;

namespace Patron.Profile;

/// <summary>
/// The traits of Segment's identify call that are attributes of a customer: those that its specification names and Patron has, and any other that
/// is named as a declared attribute, in camel case or in the attribute's own spelling. Of several spellings the first that is there counts.
/// </summary>
internal static class SegmentTraits
{
    private static readonly (string Key, string[] Path)[] Named =
    [
        (BuiltIn.BirthDate, ["birthday"]), (BuiltIn.Gender, ["gender"]), ("city", ["address", "city"]), ("region", ["address", "state"]),
        (BuiltIn.PostalCode, ["address", "postalCode"]), (BuiltIn.PostalCode, ["address", "postal_code"]),
    ];

    public static void WriteAttributes(Utf8JsonWriter writer, JsonElement traits, AttributeSet attributes, List<(string From, string To)> pointers)
    {
        var named = Named.Concat(attributes.All.Where(a => !AttributesByKey.Own.Contains(a.Key)).SelectMany(
            a => new[] { (a.Key, new[] { a.Key }), (a.Key, [CamelCase(a.Key)]) }));
        var written = new HashSet<string>();
        writer.WriteStartObject("attributes");
        foreach (var (key, path) in named)
        {
            if (Text(path[..^1].Aggregate(traits, SegmentMessage.Member), path[^1]) is not { } text || !written.Add(key))
                continue;
            writer.WriteString(key, key switch { BuiltIn.BirthDate => Day(text), BuiltIn.Gender => Gender(text), _ => text });
            pointers.Add(($"/data/attributes/{key}", $"/traits/{string.Join('/', path)}"));
        }
        writer.WriteEndObject();
    }

    private static string? Text(JsonElement traits, string name) =>
        SegmentMessage.Member(traits, name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } answer
            ? answer.GetRawText()
            : SegmentMessage.Text(traits, name);

    // SDKs write a date as the moment of its midnight in UTC.
    private static string Day(string text) =>
        DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : text;

    private static string Gender(string text) => text switch
    {
        "f" or "F" => "female",
        "m" or "M" => "male",
        _ => text,
    };

    private static string CamelCase(string key) => string.Concat(key.Split('_').Select(
        (part, i) => i == 0 || part.Length == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));
}
