using Patron.Contracts.Ingest.V1;
using static System.FormattableString;

namespace Patron.Profile;

/// <summary>Attributes as touchpoints tell them, cleansed. What says nothing, or is nobody's value, is left out, the latter with a note.</summary>
internal sealed partial class Consumed
{
    public const int AttributesMax = 100;

    public static Details DetailsOf(
        CustomerUpdate update, IReadOnlyList<Identifier> identifiers, string at, FieldErrors errors, List<AttributeNote> notes)
    {
        CheckName(update.GivenName, $"{at}/givenName", errors);
        CheckName(update.FamilyName, $"{at}/familyName", errors);
        var told = ContactsOf(identifiers) with
        {
            GivenName = Cleansing.Name(update.GivenName),
            FamilyName = Cleansing.Name(update.FamilyName),
            Language = Checked(update.Language, Normal.Language, $"{at}/language", "This is not a language tag of BCP 47, such as zh-Hant-HK.", errors),
            TimeZone = Checked(
                update.TimeZone, Normal.TimeZone, $"{at}/timeZone", "This is not a time zone of the IANA database, such as Asia/Hong_Kong.", errors),
            Country = Checked(update.Country, Normal.Country, $"{at}/country", "This is not a country code of ISO 3166-1 alpha-2, such as HK.", errors),
        };
        var fakes = told.Told().Where(a => Placeholders.IsOne(a.Key, a.Value)).Select(a => a.Key).ToHashSet();
        notes.AddRange(fakes.Select(f => new AttributeNote(f, AttributeOutcome.Placeholder)));
        return Details.Of(told.Told().Where(a => !fakes.Contains(a.Key)));
    }

    public static IReadOnlyList<ToldAttribute> AttributesOf(
        CustomerUpdate update, AttributeSet declared, string at, FieldErrors errors, List<AttributeNote> notes)
    {
        if (update.Attributes.Count > AttributesMax)
            errors.Add($"{at}/attributes", Invariant($"An update tells at most {AttributesMax} attributes."));
        var told = new List<ToldAttribute>(update.Attributes.Count);
        foreach (var (name, text) in update.Attributes.Take(AttributesMax))
        {
            var place = $"{at}/attributes/{ProtobufJson.Escape(name)}";
            if (declared.Find(name) is not { } definition || AttributesByKey.Own.Contains(name))
                errors.Add(place, "No attribute of this key is declared; GET /v1/attributes lists them.");
            else if (Cleansing.Text(text) is not { } clean)
                continue;
            else if (Placeholders.IsOne(name, clean))
                notes.Add(new AttributeNote(name, AttributeOutcome.Placeholder));
            else if (AttributeValues.Read(definition, clean) is { } value)
                told.Add(new ToldAttribute(name, value));
            else
                errors.Add(place, AttributeValues.RuleOf(definition));
        }

        return told;
    }
}
