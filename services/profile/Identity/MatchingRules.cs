using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Profile;

/// <summary>What a kind of identifier may do.</summary>
internal enum Strength
{
    /// <summary>Finds, and takes an anonymous history along; nobody is known by it alone.</summary>
    Weak = 1,

    /// <summary>Finds and makes known; where it disagrees with another a person decides.</summary>
    Fair = 2,

    /// <summary>Two of one event that belong to different customers make these one.</summary>
    Strong = 3,
}

/// <param name="Single">A person has one at most; of kinds that mean something only within an account, partner or source: one within each.</param>
/// <param name="VerifiedIsStrong">Where the touchpoint has proved that it is the customer's, it counts as strong.</param>
/// <param name="PersonsMax">Named with more persons than this it is shared: it no longer finds, links or merges anybody. Null for no bound.</param>
internal sealed record KindRule(
    IdentifierKind Kind, Strength Strength, bool Single = false, bool VerifiedIsStrong = false, int? PersonsMax = null);

/// <summary>How events are matched to customers, as one versioned document.</summary>
/// <param name="Version">Grows with every change.</param>
/// <param name="Kinds">Each kind once, the surest first: that one decides when several disagree.</param>
internal sealed record MatchingRules(int Version, IReadOnlyList<KindRule> Kinds)
{
    private readonly KindRule?[] byKind = ByKind(Kinds);

    private readonly int[] places = PlacesOf(Kinds);

    /// <summary>The rules inside the assembly.</summary>
    public static MatchingRules Default { get; } = Load(null);

    /// <summary>Reads and checks a document; the one inside the assembly without a path.</summary>
    /// <exception cref="InvalidDataException">It is not a document of matching rules; every fault is named.</exception>
    public static MatchingRules Load(string? path)
    {
        using var stream = path is null
            ? typeof(MatchingRules).Assembly.GetManifestResourceStream("matching.json")!
            : File.OpenRead(path);
        MatchingRules? rules;
        try
        {
            rules = JsonSerializer.Deserialize(stream, MatchingJson.Default.MatchingRules);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"The document of matching rules is not valid: {fault.Message}", fault);
        }

        var faults = rules is null ? ["it is null"] : rules.Faults().ToList();
        return faults.Count == 0 ? rules! : throw new InvalidDataException($"The document of matching rules is wrong: {string.Join("; ", faults)}.");
    }

    /// <summary>What is wrong with the document, each with the field and the rule; empty when nothing is.</summary>
    public IEnumerable<string> Faults()
    {
        if (Version < 1)
            yield return "version must be at least 1";
        foreach (var kind in Enum.GetValues<IdentifierKind>())
        {
            if (Kinds?.Count(k => k?.Kind == kind) != 1)
                yield return $"kinds must name {kind} once";
        }
        foreach (var rule in Kinds?.OfType<KindRule>() ?? [])
        {
            if (!Enum.IsDefined(rule.Strength))
                yield return $"the strength of {rule.Kind} must be weak, fair or strong";
            if (rule.PersonsMax is < 1 or > short.MaxValue)
                yield return $"personsMax of {rule.Kind} must be 1 to {short.MaxValue}";
            if (rule is { Strength: Strength.Weak, Single: true } or { Strength: Strength.Weak, VerifiedIsStrong: true })
                yield return $"{rule.Kind} is weak, so it is neither single nor ever strong";
        }
        if (Kinds?.OfType<KindRule>().SkipWhile(k => k.Strength != Strength.Weak).Any(k => k.Strength != Strength.Weak) == true)
            yield return "weak kinds must stand behind all others";
    }

    public bool IsSingle(IdentifierKind kind) => byKind[(int)kind]!.Single;

    public bool IsWeak(IdentifierKind kind) => byKind[(int)kind]!.Strength == Strength.Weak;

    public bool IsStrong(Identifier identifier) =>
        byKind[(int)identifier.Kind]! is var rule && (rule.Strength == Strength.Strong || (identifier.Verified && rule.VerifiedIsStrong));

    /// <summary>From 0 for the surest kind.</summary>
    public int PlaceOf(IdentifierKind kind) => places[(int)kind];

    /// <param name="persons">With how many it was named.</param>
    public bool IsShared(IdentifierKind kind, int persons) => persons > (byKind[(int)kind]!.PersonsMax ?? int.MaxValue);

    private static KindRule?[] ByKind(IReadOnlyList<KindRule>? kinds)
    {
        var rules = new KindRule?[KindsMax];
        foreach (var rule in kinds?.OfType<KindRule>() ?? [])
            rules[(int)rule.Kind] = rule;
        return rules;
    }

    private static int[] PlacesOf(IReadOnlyList<KindRule>? kinds)
    {
        var places = new int[KindsMax];
        foreach (var (place, rule) in (kinds ?? []).Index())
        {
            if (rule is not null)
                places[(int)rule.Kind] = place;
        }
        return places;
    }

    private static int KindsMax => (int)Enum.GetValues<IdentifierKind>().Max() + 1;
}

/// <summary>Source-generated JSON of the document, in which every field must be known.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MatchingRules))]
internal sealed partial class MatchingJson : JsonSerializerContext;
