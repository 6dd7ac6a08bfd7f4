using System.Text.Json;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation.Personas;

/// <summary>Reads the document of a persona, which people write by hand, and names everything that is wrong with it.</summary>
/// <param name="today">The day of evaluation in the brand's zone.</param>
internal sealed class PersonaReader(SegmentCatalog catalog, int today)
{
    public const int ExpectationsMax = 20;
    private const int TextMax = 200;
    private const int LiftMax = 1_000;
    private const int MinCustomersUsual = 100;
    private const string AmongUsual = "active";
    private const decimal ConfidenceUsual = 95;
    private const int Decimals = 2;

    private static readonly string TextRule = $"This must be a text of 1 to {TextMax} characters.";

    private readonly RuleReader rules = new(catalog, today);

    /// <returns>The persona, or null when <paramref name="faults"/> says what is wrong.</returns>
    public Persona? Read(string text, DocumentFaults faults)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                faults.Add("", "A persona must be an object in braces with the fields titles, owner, describes and expectations.");
                return null;
            }

            var root = new DocumentObject(document.RootElement, "", faults);
            var persona = Read(root);
            root.Done();
            return faults.Found.Count == 0 ? persona : null;
        }
        catch (JsonException)
        {
            faults.Add("", "This is not JSON that can be taken.");
            return null;
        }
    }

    private Persona Read(DocumentObject root)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var among = root.Text("among", name => catalog.Find(name) is not null, "There is no segment of this name.") ?? AmongUsual;
        var describes = Rule(root, "describes");
        var expectations = root.NestedList("expectations", ExpectationsMax, expectation => Expectation(expectation, names));
        if (expectations.Count == 0)
            root.Fault("expectations", $"Write a list of 1 to {ExpectationsMax} expectations: without one there is nothing to measure.");
        return new(
            Titles(root), root.NeededText("owner", IsText, TextRule), among, describes, expectations,
            root.Nested("atLeast", many => AtLeast(many, expectations.Count)), Share(root, "minCoveragePercent"),
            (int)root.Number("minCustomers", 1, 1_000_000, MinCustomersUsual),
            root.Fraction("confidencePercent", 80, 99.9m, Decimals) ?? ConfidenceUsual);
    }

    private Expectation Expectation(DocumentObject from, HashSet<string> names)
    {
        var name = from.NeededText("name", IsText, TextRule);
        if (name.Length > 0 && !names.Add(name))
            from.Fault("name", "Another expectation has this name already.");
        var (hit, lift) = (Share(from, "minHitPercent"), from.Fraction("minLift", 0.01m, LiftMax, Decimals));
        if (!from.Has("minHitPercent") && !from.Has("minLift"))
            from.Fault("minHitPercent", "Write minHitPercent, minLift or both: without a bound nothing is expected.");
        return new(name, Rule(from, "rule"), hit, lift);
    }

    private static AtLeast AtLeast(DocumentObject from, int expectations)
    {
        var many = (int)from.NeededNumber("expectations", 1, Math.Max(1, expectations));
        if (!from.Has("minHitPercent"))
            from.Fault("minHitPercent", "This field is missing: write a number above 0 and below 100.");
        return new(many, Share(from, "minHitPercent") ?? 0);
    }

    private static Dictionary<string, string> Titles(DocumentObject root)
    {
        var titles = new Dictionary<string, string>();
        if (!root.Has("titles"))
            root.Fault("titles", "This field is missing: write {\"en\": \"Young parents\"}, and titles in further languages if there are.");
        if (root.Nested("titles") is not { } from)
            return titles;
        foreach (var language in Languages.All.Select(phrases => phrases.Language))
        {
            var isNeeded = language == Languages.English.Language;
            if ((isNeeded ? from.NeededText(language, IsText, TextRule) : from.Text(language, IsText, TextRule)) is { Length: > 0 } title)
                titles[language] = title;
        }

        from.Done();
        return titles;
    }

    private Clause Rule(DocumentObject from, string name)
    {
        if (!from.Has(name))
            from.Fault(name, "This field is missing: write a rule in braces.");
        return from.Nested(name) is { } rule ? rules.Read(rule) : new AnyOf();
    }

    // Nothing could ever be shown to lie below 0 or above 100 per cent.
    private static decimal? Share(DocumentObject from, string name) => from.Fraction(name, 0.01m, 99.99m, Decimals);

    private static bool IsText(string text) => text.Length is > 0 and <= TextMax;
}
