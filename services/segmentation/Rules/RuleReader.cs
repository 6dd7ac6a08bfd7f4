using System.Globalization;
using System.Text.Json;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>A rule, or null and everything that is wrong with its document.</summary>
internal sealed record RuleReading(Clause? Rule, IReadOnlyList<FieldError> Faults);

/// <summary>
/// Reads the document of a rule, which people write by hand: unknown fields, wrong values and what contradicts itself are all named at once,
/// by JSON pointer, each with what is allowed. <c>contracts/segmentation/rule.schema.json</c> says the same to editors.
/// </summary>
/// <param name="today">The day of evaluation in the brand's zone; windows of dates must lie within what is kept.</param>
internal sealed class RuleReader(SegmentCatalog catalog, int today)
{
    public const int BytesMax = 64 * 1024;
    public const int ClausesMax = 200;
    public const int DepthMax = 10;
    public const int DaysMax = 36_500;
    public const long NumberMax = 1_000_000_000_000_000;

    private static readonly string[] Kinds =
    [
        "all", "any", "not", "days-since", "date", "number", "tier", "tag", "consent", "segment", "purchases", "behaviours", "control-group",
        .. ScoreRules.Kinds, .. AttributeRules.Kinds,
    ];

    private static readonly string[] Channels = ["pos", "eshop"];

    /// <param name="name">Of the segment that the rule is to be of, which no segment in it may depend on; null for none.</param>
    public RuleReading Read(string text, string? name = null)
    {
        var faults = new DocumentFaults();
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(document.RootElement, "", faults, name);
        }
        catch (JsonException wrong)
        {
            faults.Add("", wrong.LineNumber is { } line
                ? string.Create(CultureInfo.InvariantCulture, $"This is not JSON (line {line + 1}, byte {wrong.BytePositionInLine + 1}).")
                : "This is not JSON that can be taken: a field stands twice in one object.");
            return new(null, faults.Found);
        }
    }

    /// <summary>Reads an object with a title, a rule and, where the segment gives one, a tag; without a tag it keeps the one that it has.</summary>
    /// <returns>The rule, or null when <paramref name="faults"/> says what is wrong.</returns>
    public (string Title, string? Tag, Clause? Rule) ReadDefinition(string text, string name, int titleMax, DocumentFaults faults)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                faults.Add("", "A segment must be an object in braces with the fields title and rule.");
                return ("", null, null);
            }

            var root = new DocumentObject(document.RootElement, "", faults);
            var title = root.RuleText("title", "Big spenders");
            if (title.Length > titleMax)
                root.Fault("title", string.Create(CultureInfo.InvariantCulture, $"This must be at most {titleMax} characters."));
            var tag = root.Text("tag", RuleFields.IsTagId, "This must be the id of a tag in the taxonomy, such as consumption/basket/big.");
            if (catalog.Find(name) is not null && tag is not null && tag != catalog.TagOf(name))
            {
                root.Fault("tag", "A segment gives the tag that it began with, or none: make another segment that names this one, and give that the tag.");
            }

            tag ??= catalog.TagOf(name);
            if (!root.Has("rule"))
                root.Fault("rule", "This field is missing: write the rule in braces.");
            var rule = root.Nested("rule") is { } inner ? new Pass(catalog, today, name, tag).Clause(inner, DepthMax) : null;
            root.Done();
            return (title, tag, faults.Found.Count == 0 ? rule : null);
        }
        catch (JsonException)
        {
            faults.Add("", "This is not JSON that can be taken.");
            return ("", null, null);
        }
    }

    /// <summary>Reads a rule that stands in another document, whose faults it adds to.</summary>
    public Clause Read(DocumentObject rule) => new Pass(catalog, today, name: null, gives: null).Clause(rule, DepthMax);

    /// <summary>A rule that was read before and written by the service. Windows of dates may have begun before what is kept by now.</summary>
    /// <exception cref="JsonException">It was not.</exception>
    public static Clause Stored(string text) =>
        JsonSerializer.Deserialize(text, SegmentationJson.Default.Clause) ?? throw new JsonException("A stored rule is null.");

    private RuleReading Read(JsonElement root, string pointer, DocumentFaults faults, string? name)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            faults.Add(pointer, "A rule must be an object in braces with a field kind.");
            return new(null, faults.Found);
        }

        var reading = new Pass(catalog, today, name, gives: null);
        var rule = reading.Clause(new(root, pointer, faults), DepthMax);
        return new(faults.Found.Count == 0 ? rule : null, faults.Found);
    }

    /// <summary>One reading, which counts the clauses.</summary>
    /// <param name="gives">The tag that the segment of the rule gives; null for none.</param>
    private sealed class Pass(SegmentCatalog catalog, int today, string? name, string? gives)
    {
        private int clauses;

        public Clause Clause(DocumentObject from, int depth)
        {
            if (depth == 0 || ++clauses > ClausesMax)
            {
                from.Fault("", depth == 0
                    ? string.Create(CultureInfo.InvariantCulture, $"Clauses stand in one another at most {DepthMax} deep: make an own segment of this part.")
                    : string.Create(CultureInfo.InvariantCulture, $"A rule has at most {ClausesMax} clauses: make an own segment of this part."));
                return new AnyOf();
            }

            var clause = Known(from, depth - 1);
            if (clause is not null)
                from.Done();
            return clause ?? new AnyOf();
        }

        private Clause? Known(DocumentObject from, int depth)
        {
            switch (from.Has("kind") ? from.RuleText("kind", "tag") : "")
            {
                case "all":
                    return new AllOf([.. from.Clauses(ClausesMax).Select(part => Clause(part, depth))]);
                case "any":
                    return new AnyOf([.. from.Clauses(ClausesMax).Select(part => Clause(part, depth))]);
                case "not":
                    if (!from.Has("clause"))
                        from.Fault("clause", "This field is missing: write the clause that must not hold, in braces.");
                    return new NoneOf(from.Nested("clause") is { } inner ? Clause(inner, depth) : new AnyOf());
                case "days-since":
                    var column = from.NeededChoice<DayColumn>("column");
                    var (least, most) = from.Bounds(0, DaysMax);
                    return new DaysSince(column, (int?)least, (int?)most);
                case "date":
                    return Dates(from);
                case "number":
                    var number = from.NeededChoice<NumberColumn>("column");
                    var (min, max) = from.Bounds(-NumberMax, NumberMax);
                    return new NumberBetween(number, min, max);
                case "tier":
                    return Tiers(from);
                case "tag":
                    return Tag(from);
                case "consent":
                    return new Consented(from.RuleText("channel", "email"), from.RuleText("purpose", "marketing"));
                case "segment":
                    return Segment(from);
                case "purchases":
                    return Purchases(from);
                case "behaviours":
                    return BehaviourRules.Read(from, today);
                case "control-group":
                    return InControlGroup.Read(from);
                case { } kind when ScoreRules.Kinds.Contains(kind):
                    return ScoreRules.Read(kind, from);
                case { } kind when AttributeRules.Kinds.Contains(kind):
                    return AttributeRules.Read(kind, from);
                default:
                    from.Fault("kind", $"This must be one of: {string.Join(", ", Kinds)}.");
                    return null;
            }
        }

        private static DateBetween Dates(DocumentObject from)
        {
            var column = from.NeededChoice<DayColumn>("column");
            var (first, last) = from.NeededDates();
            return new(column, first, last);
        }

        private static InTier Tiers(DocumentObject from)
        {
            var tiers = from.RuleTexts("tiers", "gold");
            if (!from.Has("tiers"))
                from.Fault("tiers", "This field is missing: write a list of names of tiers, such as [\"gold\"].");
            return new([.. tiers]);
        }

        private Tagged Tag(DocumentObject from)
        {
            var tagged = new Tagged(from.RuleText("tag", "consumption/channel/multi-channel"));
            if (SegmentPaths.Wrong(name, tagged, catalog.Find, GiversOf) is { } wrong)
                from.Fault("tag", wrong);
            return tagged;
        }

        private IEnumerable<string> GiversOf(string tag) =>
            name is not null && tag == gives ? catalog.GiversOf(tag).Append(name).Distinct() : catalog.GiversOf(tag);

        private InSegment Segment(DocumentObject from)
        {
            var inside = new InSegment(from.RuleText("segment", "active"));
            if (inside.Segment.Length > 0 && SegmentPaths.Wrong(name, inside, catalog.Find, GiversOf) is { } wrong)
            {
                from.Fault("segment", catalog.Find(inside.Segment) is null && inside.Segment != name
                    ? $"There is no segment of this name; there are: {string.Join(", ", catalog.Segments.Take(50).Select(segment => segment.Name))}."
                    : wrong);
            }

            return inside;
        }

        private PurchasesBetween Purchases(DocumentObject from)
        {
            var measure = from.NeededChoice<PurchaseMeasure>("measure");
            var (min, max) = from.Bounds(-NumberMax, NumberMax);
            var where = PurchaseFilter.Any;
            if (from.Nested("where") is { } filter)
            {
                where = new(
                    filter.RuleTexts("products", "22423"), filter.RuleTexts("categories", "women/shoes"), filter.RuleTexts("channels", "pos", Channels),
                    filter.RuleTexts("stores", "london-1"));
                filter.Done();
            }

            return new(measure, min, max, where, from.NeededWindow(today, PurchaseWindow.DaysMax, "lines of purchases"));
        }
    }
}
