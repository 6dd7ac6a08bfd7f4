using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Serialization;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

[JsonConverter(typeof(JsonStringEnumConverter<AttributeType>))]
internal enum AttributeType
{
    [JsonStringEnumMemberName("text")]
    Text,

    [JsonStringEnumMemberName("number")]
    Number,

    [JsonStringEnumMemberName("boolean")]
    Boolean,

    [JsonStringEnumMemberName("date")]
    Date,

    [JsonStringEnumMemberName("choice")]
    Choice,
}

/// <summary>An attribute that customers can have.</summary>
/// <param name="Key">1 to 40 small letters, digits and underscores, beginning with a letter.</param>
/// <param name="Labels">What people read, by language (BCP 47); at least one.</param>
/// <param name="Personal">Shown masked to whoever may not see personal data. Sealed in any case.</param>
/// <param name="Values">What a choice can be.</param>
/// <param name="Priority">Sources such as /crm, the first before the others whatever the time; without any the last to tell it counts.</param>
internal sealed record AttributeDefinition(
    string Key, AttributeType Type, IReadOnlyDictionary<string, string> Labels, bool Personal, IReadOnlyList<string>? Values = null,
    IReadOnlyList<string>? Priority = null);

/// <summary>All attributes as they are declared at a moment. Immutable.</summary>
internal sealed class AttributeSet(IEnumerable<AttributeDefinition> declared)
{
    private readonly FrozenDictionary<string, AttributeDefinition> byKey = declared.ToFrozenDictionary(d => d.Key);

    public static AttributeSet OfBuiltIn { get; } = new(BuiltIn.All);

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Priorities { get; } =
        declared.Where(d => d.Priority is { Count: > 0 }).ToFrozenDictionary(d => d.Key, d => d.Priority!);

    public IEnumerable<AttributeDefinition> All => byKey.Values;

    public AttributeDefinition? Find(string key) => byKey.GetValueOrDefault(key);
}

/// <summary>The attributes that every brand has. A brand can change their labels, values and priorities.</summary>
internal static class BuiltIn
{
    public const string BirthDate = "birth_date";
    public const string Gender = "gender";
    public const string PostalCode = "postal_code";

    public static IReadOnlyList<AttributeDefinition> All { get; } =
    [
        Text(SealedFields.GivenName, "Given name", "名字", "名字"),
        Text(SealedFields.FamilyName, "Family name", "姓氏", "姓氏"),
        Text(SealedFields.Email, "E-mail address", "电子邮箱", "電郵地址"),
        Text(SealedFields.Phone, "Phone number", "电话号码", "電話號碼"),
        Text(SealedFields.Language, "Language", "语言", "語言", personal: false),
        Text(SealedFields.TimeZone, "Time zone", "时区", "時區", personal: false),
        Text(SealedFields.Country, "Country", "国家或地区", "國家或地區", personal: false),
        new(BirthDate, AttributeType.Date, Labels("Birth date", "出生日期", "出生日期"), Personal: true),
        new(Gender, AttributeType.Choice, Labels("Gender", "性别", "性別"), Personal: true, ["female", "male", "other", "undisclosed"]),
        Text("city", "City", "城市", "城市"),
        Text("region", "Region", "省份或地区", "省份或地區"),
        Text(PostalCode, "Postal code", "邮政编码", "郵遞區號"),
        Text("preferred_store", "Preferred store", "首选门店", "首選門市", personal: false),
        Text("top_size", "Size of tops", "上装尺码", "上裝尺碼", personal: false),
        Text("bottom_size", "Size of bottoms", "下装尺码", "下裝尺碼", personal: false),
        Text("shoe_size", "Size of shoes", "鞋码", "鞋碼", personal: false),
    ];

    private static AttributeDefinition Text(string key, string en, string simplified, string traditional, bool personal = true) =>
        new(key, AttributeType.Text, Labels(en, simplified, traditional), personal);

    private static Dictionary<string, string> Labels(string en, string simplified, string traditional) =>
        new() { ["en"] = en, ["zh-Hans"] = simplified, ["zh-Hant"] = traditional };
}

/// <summary>Values by their type. Every value has one spelling.</summary>
internal static class AttributeValues
{
    public const int TextCharactersMax = 200;
    private const int EarliestYear = 1900;

    // 38.50 is 38.5.
    private const string NumberFormat = "0.############################";

    /// <summary>The value's one spelling, or null when the text is none of that type.</summary>
    /// <param name="text">Cleansed.</param>
    public static string? Read(AttributeDefinition definition, string text) => definition.Type switch
    {
        AttributeType.Text => text.Length <= TextCharactersMax && !text.Any(char.IsControl) ? text : null,
        AttributeType.Number => decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n)
            ? n.ToString(NumberFormat, CultureInfo.InvariantCulture)
            : null,
        AttributeType.Boolean => bool.TryParse(text, out var yes) ? (yes ? "true" : "false") : null,
        AttributeType.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            && day.Year >= EarliestYear ? text : null,
        AttributeType.Choice => definition.Values!.FirstOrDefault(v => v.Equals(text, StringComparison.OrdinalIgnoreCase)),
        _ => throw new System.Diagnostics.UnreachableException($"{definition.Type} is no type of attributes."),
    };

    public static string RuleOf(AttributeDefinition definition) => definition.Type switch
    {
        AttributeType.Text => $"This must be a text of at most {TextCharactersMax} characters without control characters.",
        AttributeType.Number => "This must be a number such as 38.5.",
        AttributeType.Boolean => "This must be true or false.",
        AttributeType.Date => $"This must be a day such as 2001-05-31, from {EarliestYear} on.",
        AttributeType.Choice => $"This must be one of {string.Join(", ", definition.Values!)}.",
        _ => throw new System.Diagnostics.UnreachableException($"{definition.Type} is no type of attributes."),
    };
}
