using Patron.Runtime.Hosting;
using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>Reads the clauses over scores.</summary>
internal static class ScoreRules
{
    public static readonly IReadOnlyList<string> Kinds = ["lifecycle", "rfm", "predicted"];

    public static Clause Read(string kind, DocumentObject from)
    {
        switch (kind)
        {
            case "lifecycle":
                var stages = from.RuleTexts("stages", "AtRisk", Enum.GetNames<LifecycleStage>());
                if (!from.Has("stages"))
                    from.Fault("stages", "This field is missing: write a list of stages, such as [\"AtRisk\", \"Dormant\"].");
                return new LifecycleIn([.. stages.Select(Enum.Parse<LifecycleStage>)]);
            case "rfm":
                var rfm = new RfmIn(from.RuleTexts("names", "champions"), Range(from, "recency"), Range(from, "frequency"), Range(from, "monetary"));
                if (!new[] { "names", "recency", "frequency", "monetary" }.Any(from.Has))
                    from.Fault("names", "Write names of cells, or ranges of recency, frequency or monetary: without them the clause says nothing.");
                return rfm;
            default:
                var number = from.NeededChoice<PredictedNumber>("number");
                var (min, max) = from.Bounds(0, RuleReader.NumberMax);
                return new PredictedBetween(number, min, max);
        }
    }

    private static string? Range(DocumentObject from, string name) =>
        from.Text(name, RfmIn.IsRange, "This must be a score from 1 to 5, or a range such as 4-5.");
}
