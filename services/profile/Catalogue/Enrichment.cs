namespace Patron.Profile;

/// <summary>
/// Gives what is told of products their category and brand as they were when it happened. The event keeps them, so that publishing it again
/// gives the same fact whatever the catalogue says by then.
/// </summary>
internal sealed class Enrichment(CatalogueIndex catalogue)
{
    /// <summary>Waits only until the catalogue has been loaded, once a process.</summary>
    public async ValueTask<List<Told>> EnrichAsync(List<Told> events, CancellationToken cancellation)
    {
        if (!catalogue.Loaded.IsCompletedSuccessfully)
            await catalogue.Loaded.WaitAsync(cancellation);
        return catalogue.Count == 0 ? events : events.ConvertAll(Enriched);
    }

    /// <summary>After events were taken: what they changed in the catalogue counts for the purchases that come next.</summary>
    public Task LearnAsync(List<Told> events, CancellationToken cancellation) =>
        events.Exists(e => e.Catalogue is not null) ? catalogue.RefreshAsync(cancellation) : Task.CompletedTask;

    private Told Enriched(Told told) => told.Purchase is { } purchase
        ? told with { Purchase = purchase with { Products = catalogue.FindAll(purchase.Lines.Select(l => l.Product), purchase.OccurredAt) } }
        : told;
}
