using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>Compares what is told in clear with what is known under seal, and seals what is new.</summary>
internal static class SealedDetailsChange
{
    /// <summary>Answers null when nothing is new. A null field of <paramref name="told"/> says nothing and changes nothing.</summary>
    public static DetailsChanged? Of(SealedDetails known, Details told, CustomerKey key, Told by)
    {
        var changed = new List<string>();
        var now = new SealedDetails(
            Field(known.GivenName, told.GivenName, SealedFields.GivenName),
            Field(known.FamilyName, told.FamilyName, SealedFields.FamilyName),
            Field(known.Email, told.Email, SealedFields.Email),
            Field(known.Phone, told.Phone, SealedFields.Phone),
            Field(known.Language, told.Language, SealedFields.Language),
            Field(known.TimeZone, told.TimeZone, SealedFields.TimeZone),
            Field(known.Country, told.Country, SealedFields.Country));
        return changed.Count == 0 ? null : new DetailsChanged(now, changed, by.Source) { At = by.Time };

        string? Field(string? knownSealed, string? text, string name)
        {
            if (text is null || (knownSealed is not null && key.Unseal(knownSealed, name) == text))
                return knownSealed;
            changed.Add(name);
            return key.Seal(text, name);
        }
    }
}
