using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>
/// The tree as this instance knows it: the ready-made one, and in its place or after it what was put. It looks for changes every second and
/// before it begins with a partition.
/// </summary>
internal sealed class TaxonomyBook(IServiceProvider services, SystemClock clock, ILogger<TaxonomyBook> logger)
    : StoreFollower("The taxonomy", LookEvery, clock, logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private volatile Taxonomy current = Taxonomy.ReadyMade;

    public Taxonomy Current => current;

    /// <summary>Learns everything that was committed before the call.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => AloneAsync(
        async () =>
        {
            var put = await TaxonomyTable.AfterAsync(services.PatronService(Module.Name).Database, current.Revision, cancellation);
            if (put.Count > 0)
                current = current.With(put[^1].Revision, [.. put.Select(change => change.Node)]);
        },
        cancellation);

    protected override Task LookAsync(CancellationToken cancellation) => RefreshAsync(cancellation);
}
