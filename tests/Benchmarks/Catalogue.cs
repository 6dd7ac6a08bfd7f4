using Patron.Benchmarks.Coupons;
using Patron.Benchmarks.Identity;
using Patron.Benchmarks.Import;
using Patron.Benchmarks.Ingest;
using Patron.Benchmarks.Ledger;
using Patron.Benchmarks.Log;
using Patron.Benchmarks.Segments;
using Patron.Benchmarks.Store;
using Patron.Benchmarks.Views;

namespace Patron.Benchmarks;

/// <summary>Every benchmark, in the order of the results page.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Func<IBenchmark>> All { get; } =
    [
        () => new AppendBatched(withView: false),
        () => new AppendBatched(withView: true),
        () => new AppendSingle("append.single", "32 connections, a bare single-row INSERT each", ratio: 2, new InsertPeer()),
        () => new AppendSingle("append.single.emmett", "@event-driven-io/emmett-postgresql, 32 callers", ratio: 10, new EmmettPeer()),
        () => new AppendSingle("append.single.messagedb", "@eventide/message-db's write_message, 32 callers", ratio: 5, new MessageDbPeer()),
        () => new KafkaPublish(),
        () => new Consume("kafka"),
        () => new Consume("postgres"),
        () => new IngestEndToEnd(),
        () => new IngestBehaviours(),
        () => new IngestAge(),
        () => new IngestFlatness(),
        CustomerRequests.Show,
        CustomerRequests.LookUp,
        () => new IdentityResolve(),
        () => new IdentityFlatness(),
        () => new ImportRows(),
        ReserveConfirm.Uniform,
        ReserveConfirm.Hot,
        ReserveConfirm.Unary,
        () => new ReserveConfirmAge(),
        () => new EarnFromLog(),
        () => new GenerateCodes(),
        () => new RedeemCoupons(),
        () => new PredictValue(),
        () => new SegmentPreview(overLines: false, PreviewPeer.DuckDb),
        () => new SegmentPreview(overLines: false, PreviewPeer.PostgreSql),
        () => new SegmentPreview(overLines: false, PreviewPeer.Limit),
        () => new SegmentPreview(overLines: true, PreviewPeer.DuckDb),
        () => new SegmentPreview(overLines: true, PreviewPeer.PostgreSql),
        () => new SegmentPreview(overLines: true, PreviewPeer.Limit),
        () => new SegmentMemory(ofLines: false),
        () => new SegmentMemory(ofLines: true),
        () => new SegmentLatency(),
        () => new SegmentRestart(),
        () => new SegmentFlatness(),
    ];

    /// <summary>Those that a list such as <c>append.batched,log.*</c> names; all without one.</summary>
    /// <exception cref="ArgumentException">A name that no benchmark has.</exception>
    public static IReadOnlyList<IBenchmark> Select(string? only)
    {
        var all = All.Select(make => make()).ToList();
        if (string.IsNullOrWhiteSpace(only))
            return all;
        var wanted = only.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (Array.Find(wanted, w => !all.Exists(b => Matches(b.Figure.Id, w))) is { } unknown)
            throw new ArgumentException($"No benchmark is called '{unknown}'. There are: {string.Join(", ", all.Select(b => b.Figure.Id))}.");
        return all.FindAll(b => Array.Exists(wanted, w => Matches(b.Figure.Id, w)));
    }

    private static readonly Lazy<IReadOnlyList<Figure>> Described = new(() => [.. All.Select(make => make().Figure)]);

    public static IReadOnlyList<Figure> Figures => Described.Value;

    private static bool Matches(string id, string wanted) =>
        wanted.EndsWith('*') ? id.StartsWith(wanted[..^1], StringComparison.Ordinal) : id == wanted;
}
