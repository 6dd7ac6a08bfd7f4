using System.Diagnostics.CodeAnalysis;

namespace Patron.Profile;

/// <summary>The summaries that were written last, for customers whose next facts come soon. Used by one task.</summary>
/// <param name="charsMax">The most that they take, by the length of their JSON.</param>
internal sealed class SummaryMemory(int charsMax)
{
    private const int EntryChars = 200;

    private Dictionary<Guid, CustomerSummary> young = [];
    private Dictionary<Guid, CustomerSummary> old = [];
    private long youngChars;

    public bool TryRecall(Guid customer, [NotNullWhen(true)] out CustomerSummary? summary) =>
        young.TryGetValue(customer, out summary) || old.TryGetValue(customer, out summary);

    /// <param name="chars">The length of its JSON.</param>
    public void Keep(Guid customer, CustomerSummary summary, int chars)
    {
        // Two generations instead of a list in order of use: what is written again stays.
        if (youngChars >= charsMax / 2)
            (old, young, youngChars) = (young, [], 0);
        youngChars += chars + EntryChars;
        young[customer] = summary;
    }
}
