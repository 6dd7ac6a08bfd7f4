namespace Patron.Segmentation.Personas;

/// <summary>Measures a persona by the columns of all partitions.</summary>
internal sealed class MeasurePersonas(WholeBrand brand, SegmentBook book, SegmentEngine engine)
{
    public async Task<Measurement> OfAsync(StoredPersona persona, CancellationToken cancellation) =>
        (await OfAsync(persona, DateTimeOffset.MinValue, cancellation)).Measurement;

    /// <summary>Also whether every partition with customers is as of a moment or later.</summary>
    public async Task<(Measurement Measurement, bool IsComplete)> OfAsync(StoredPersona persona, DateTimeOffset moment, CancellationToken cancellation)
    {
        // The persona may name a segment that this instance has not heard of yet.
        await book.LearnAsync(cancellation);
        var (tally, parts) = await brand.TallyAsync(Measure.Question(persona.Persona), cancellation);
        return (
            Measure.Of(persona, tally, parts.Covered, engine.Explanation.Sentence),
            parts.Covered.IsWhole && parts.Parts.All(part => part.AsOf >= moment || part.Value.Customers == 0));
    }
}
