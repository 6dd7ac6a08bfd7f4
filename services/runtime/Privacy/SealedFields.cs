namespace Patron.Runtime.Privacy;

/// <summary>
/// The field names that sealed values are bound to. They are part of the sealed format: whoever opens a value published on
/// <c>patron.profile.customers</c> names the field as its owner did.
/// </summary>
public static class SealedFields
{
    public const string GivenName = "given_name";
    public const string FamilyName = "family_name";
    public const string Email = "email";
    public const string Phone = "phone";
    public const string Language = "language";
    public const string TimeZone = "time_zone";
    public const string Country = "country";

    /// <summary>The field of a further attribute, such as <c>birth_date</c>.</summary>
    public static string Attribute(string key) => $"attribute.{key}";
}
