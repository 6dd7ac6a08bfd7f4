using NUnit.Framework;
using Patron.Benchmarks;
using Patron.Benchmarks.Report;
using Patron.Testing;

namespace Patron.System.Tests.Benchmarks;

/// <summary>That every benchmark still runs and tells a figure; never how high it is.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class BenchmarkTests
{
    private static IEnumerable<string> Ids => Catalogue.Figures.Select(f => f.Id);

    [TestCaseSource(nameof(Ids))]
    public async Task A_benchmark_of_the_smallest_size_answers_a_row(string id, CancellationToken cancellation)
    {
        var place = new BenchPlace(await TestPostgres.Server, Scale: 0.001);
        await using var benchmark = Catalogue.Select(id)[0];
        try
        {
            var row = await new Runner(place, TextWriter.Null, TimeProvider.System).RunAsync(benchmark, rounds: 1, "commit", "machine", cancellation);
            Assert.That((row.Id, row.Unit), Is.EqualTo((id, benchmark.Figure.Unit)));
            Assert.That(row.Value, Is.Positive);
            Assert.That(row.Ratio, row.PeerValue is null ? Is.Null : Is.Positive);
        }
        catch (BenchmarkUnavailableException unavailable)
        {
            Assert.Ignore(unavailable.Message);
        }
    }

    [Test]
    public void A_run_of_some_replaces_their_rows_and_no_others_and_notes_stay()
    {
        var folder = Directory.CreateTempSubdirectory("patron-bench-results-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "notes.md"), "# Notes\n\n## append.single\n\nHalf of it is the disk.\n");
            var results = new ResultsFolder(folder, Catalogue.Figures);
            results.Keep(Row("append.single", 10));
            results.Keep(Row("append.batched", 8));
            results.Keep(Row("append.single", 12));

            Assert.That(results.Read().Select(r => (r.Id, r.Value)), Is.EqualTo(new[] { ("append.batched", 8d), ("append.single", 12d) }));
            Assert.That(File.ReadAllText(Path.Combine(folder, "latest.json")), Does.Contain("\"peer_value\": 2"));
            var page = File.ReadAllText(Path.Combine(folder, "latest.md"));
            Assert.That(page, Does.Contain("| `append.single` | 12 events/s | 2 | 6 | ratio ≥ 2 | met |").And.Contain("Half of it is the disk."));
            Assert.That(page, Does.Contain("| `append.batched` | 8 events/s | 2 | 0.5 | ratio ≥ 0.7 | **missed** |"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static Result Row(string id, double value) => new(id, value, "events/s", "peer", 2, id == "append.single" ? 6 : 0.5, "commit", "machine", default);
    }

    [Test]
    public void Benchmarks_are_chosen_by_name_or_beginning_and_a_wrong_name_is_refused()
    {
        Assert.That(
            Catalogue.Select("append.batched,log.*").Select(b => b.Figure.Id),
            Is.EqualTo(new[] { "append.batched", "log.kafka.publish", "log.kafka.consume", "log.postgres.consume" }));
        Assert.That(Catalogue.Select(null), Has.Count.EqualTo(Catalogue.All.Count));
        Assert.That(() => Catalogue.Select("append.nothing"), Throws.ArgumentException.With.Message.Contains("append.batched"));
    }

    [Test]
    public void Every_committed_result_belongs_to_a_benchmark() =>
        Assert.That(ResultsFolder.OfThisRepository().Read().Select(r => r.Id), Is.Unique.And.SubsetOf(Ids));
}
