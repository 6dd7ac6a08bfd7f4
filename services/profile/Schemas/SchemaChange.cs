using System.Text.Json;

namespace Patron.Profile;

/// <summary>
/// Compares a schema with the version before. Senders keep to the version that they know, so a new one must take every event that the one
/// before took: it may loosen rules and name further optional fields (a field that nobody had named gets its first rule so), and marks may
/// change either way.
/// </summary>
internal static class SchemaChange
{
    /// <summary>Adds an error for each field whose rule became stricter.</summary>
    /// <param name="at">JSON pointer to <paramref name="now"/> in the new schema.</param>
    public static void Check(SchemaNode before, SchemaNode now, string at, FieldErrors errors)
    {
        if (ReferenceEquals(before, now) || before.Types == JsonKinds.None)
            return;
        if ((before.Types & ~now.Types) != 0)
            errors.Add($"{at}/type", "The version before takes other types here too; a new version must take them as well.");
        if (now.Allowed is { } allowed && (before.Allowed is null || before.Allowed.Any(b => !allowed.Any(a => JsonElement.DeepEquals(a, b)))))
            errors.Add($"{at}/enum", "The version before takes values here that this one does not list.");
        CheckText(before, now, at, errors);
        CheckNumber(before, now, at, errors);
        if (now.MinItems > (before.MinItems ?? 0))
            errors.Add($"{at}/minItems", "The version before takes shorter arrays.");
        if (now.MaxItems < (before.MaxItems ?? int.MaxValue))
            errors.Add($"{at}/maxItems", "The version before takes longer arrays.");
        if (before.Types.HasFlag(JsonKinds.Array))
            Check(before.Items, now.Items, $"{at}/items", errors);
        if (before.Types.HasFlag(JsonKinds.Object))
            CheckFields(before, now, at, errors);
    }

    private static void CheckText(SchemaNode before, SchemaNode now, string at, FieldErrors errors)
    {
        if (now.MinLength > (before.MinLength ?? 0))
            errors.Add($"{at}/minLength", "The version before takes shorter texts.");
        if (now.MaxLength < (before.MaxLength ?? int.MaxValue))
            errors.Add($"{at}/maxLength", "The version before takes longer texts.");
        // Whether one pattern takes all that another takes cannot be decided here.
        if (now.Pattern is { } pattern && pattern.ToString() != before.Pattern?.ToString())
            errors.Add($"{at}/pattern", "A pattern cannot be added or changed, only removed: texts that the version before takes may not match it.");
        if (now.Format is not null && now.Format != before.Format)
            errors.Add($"{at}/format", "A format cannot be added or changed, only removed: texts that the version before takes may not have it.");
    }

    private static void CheckNumber(SchemaNode before, SchemaNode now, string at, FieldErrors errors)
    {
        if (now.Minimum is { } minimum && !(before.Minimum >= minimum || before.ExclusiveMinimum >= minimum))
            errors.Add($"{at}/minimum", "The version before takes smaller numbers.");
        if (now.ExclusiveMinimum is { } above && !(before.Minimum > above || before.ExclusiveMinimum >= above))
            errors.Add($"{at}/exclusiveMinimum", "The version before takes smaller numbers.");
        if (now.Maximum is { } maximum && !(before.Maximum <= maximum || before.ExclusiveMaximum <= maximum))
            errors.Add($"{at}/maximum", "The version before takes larger numbers.");
        if (now.ExclusiveMaximum is { } below && !(before.Maximum < below || before.ExclusiveMaximum <= below))
            errors.Add($"{at}/exclusiveMaximum", "The version before takes larger numbers.");
    }

    private static void CheckFields(SchemaNode before, SchemaNode now, string at, FieldErrors errors)
    {
        foreach (var name in now.Required.Where(n => !before.Required.Contains(n)))
            errors.Add($"{at}/required", $"The version before does not require '{name}'; a new version cannot.");
        foreach (var (name, rule) in now.Properties)
        {
            // Where any field was taken, the first rule for one of them is the only way to name it.
            if (before.Properties.TryGetValue(name, out var known) || !IsOpen(before, out known))
                Check(known, rule, $"{at}/properties/{ProtobufJson.Escape(name)}", errors);
        }
        foreach (var (name, rule) in before.Properties.Where(p => !now.Properties.ContainsKey(p.Key)))
        {
            if (now.AdditionalProperties.Types == JsonKinds.None)
                errors.Add($"{at}/properties", $"The version before has the field '{name}', and this one takes no field of this name.");
            else
                Check(rule, now.AdditionalProperties, $"{at}/additionalProperties", errors);
        }
        if (before.AdditionalProperties.Types != JsonKinds.None && now.AdditionalProperties.Types == JsonKinds.None)
            errors.Add($"{at}/additionalProperties", "The version before takes fields that are not named; a new version cannot refuse them.");
        else if (before.AdditionalProperties.Types != JsonKinds.None)
            Check(before.AdditionalProperties, now.AdditionalProperties, $"{at}/additionalProperties", errors);
    }

    private static bool IsOpen(SchemaNode before, out SchemaNode rule) =>
        ReferenceEquals(rule = before.AdditionalProperties, SchemaNode.Anything);
}
