using NUnit.Framework;
using Patron.Segmentation.Snapshots;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Snapshots on the disk: sealed, and used whole or not at all.</summary>
[CancelAfter(60_000)]
internal sealed class SnapshotFileTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly Guid Store = new("0197f7a0-0000-7000-8000-000000000001");
    private static readonly Guid Log = new("0197f7a0-0000-7000-8000-000000000002");
    private static readonly Guid Producer = new("0197f7a0-0000-7000-8000-000000000003");
    private static readonly SnapshotPlace Place = new(
        Store, Log, 3, 64, "Europe/London",
        new Dictionary<string, SnapshotTopic> { ["profile"] = new(17, Producer), ["loyalty"] = new(0, null) });

    // More than two chunks, and not a whole number of them.
    private static readonly byte[] Content = [.. Enumerable.Range(0, 2_500_000).Select(i => (byte)(i * 31 / 7))];
    private string folder = null!;

    private string File => Path.Combine(folder, "segments-3.snapshot");

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("snapshots").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task What_was_written_is_read_and_takes_the_place_of_the_file_before(CancellationToken cancellation)
    {
        await SnapshotFile.WriteAsync(File, Place, new byte[5], Key, cancellation);
        await SnapshotFile.WriteAsync(File, Place, Content, Key, cancellation);

        var (place, content) = await SnapshotFile.ReadAsync(File, Key, _ => null, cancellation);
        Assert.That(content.AsSpan().SequenceEqual(Content), Is.True);
        Assert.That(place.WhyNot(Place), Is.Null);
        Assert.That(place.NextOffsets, Is.EqualTo(new Dictionary<string, long> { ["profile"] = 17, ["loyalty"] = 0 }));
        Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { File }));
        if (!OperatingSystem.IsWindows())
            Assert.That(System.IO.File.GetUnixFileMode(File), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public async Task Nothing_of_the_content_can_be_read_off_the_disk(CancellationToken cancellation)
    {
        var secret = "jordan.smith@example.org"u8.ToArray();
        await SnapshotFile.WriteAsync(File, Place, secret, Key, cancellation);

        Assert.That((await System.IO.File.ReadAllBytesAsync(File, cancellation)).AsSpan().IndexOf(secret), Is.EqualTo(-1));
    }

    [Test]
    public async Task A_file_that_is_damaged_anywhere_or_cut_short_is_refused_whole(CancellationToken cancellation)
    {
        await SnapshotFile.WriteAsync(File, Place, Content, Key, cancellation);
        var whole = await System.IO.File.ReadAllBytesAsync(File, cancellation);
        var random = new Random(1);
        foreach (var at in Enumerable.Range(8, 60).Concat(Enumerable.Range(0, 20).Select(_ => random.Next(whole.Length))).Append(whole.Length - 1))
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 1;
            await RefusedAsync(damaged, "is damaged or cut short");
        }

        foreach (var length in new[] { 0, 7, 40, 1_000, whole.Length / 2, whole.Length - 1 })
            await RefusedAsync(whole[..length], "is damaged or cut short");
        await RefusedAsync([.. whole, 0], "is damaged or cut short");
        await RefusedAsync([.. "something else"u8, .. whole[14..]], "is no snapshot of segments");
    }

    [Test]
    public async Task Whoever_has_not_the_key_can_neither_open_nor_change_it(CancellationToken cancellation)
    {
        await SnapshotFile.WriteAsync(File, Place, Content, Key, cancellation);
        Assert.That(
            () => SnapshotFile.ReadAsync(File, new byte[32], _ => null, cancellation),
            Throws.TypeOf<SnapshotException>().With.Message.StartsWith("was sealed with another key"));

        // The sum is no secret, so it is made to fit: the places of the chunks, or the header, are what was changed.
        var whole = await System.IO.File.ReadAllBytesAsync(File, cancellation);
        var first = whole.Length - 32 - (Content.Length + (3 * 28));
        const int Box = (1 << 20) + 28;
        var swapped = whole.ToArray();
        whole.AsSpan(first, Box).CopyTo(swapped.AsSpan(first + Box));
        whole.AsSpan(first + Box, Box).CopyTo(swapped.AsSpan(first));
        await RefusedAsync(Summed(swapped), "was sealed with another key");
        var moved = whole.ToArray();
        moved[whole.AsSpan().IndexOf("\"NextOffset\":17"u8) + 14] = (byte)'8';
        await RefusedAsync(Summed(moved), "was sealed with another key");
        moved[whole.AsSpan().IndexOf("\"NextOffset\":17"u8) + 13] = (byte)'0';
        await RefusedAsync(Summed(moved), "has no header");
        var longer = whole.ToArray();
        longer[first - 3] = 0x40;
        await RefusedAsync(Summed(longer), "has no header");
    }

    [Test]
    public void A_snapshot_of_another_place_says_which()
    {
        Assert.That(WhyNot(Place with { StoreEpoch = Log }), Is.EqualTo("belongs to another life of the store, or to another deployment"));
        Assert.That(WhyNot(Place with { LogIncarnation = Store }), Is.EqualTo("belongs to a log that was wiped since"));
        Assert.That(WhyNot(Place with { Partition = 4 }), Is.EqualTo("is of another partition"));
        Assert.That(WhyNot(Place with { Partitions = 32 }), Is.EqualTo("is of another partition"));
        Assert.That(WhyNot(Place with { Zone = "Asia/Shanghai" }), Is.EqualTo("has days of the zone Asia/Shanghai"));
        Assert.That(WhyNot(With("profile", new(17, Store))), Is.EqualTo("has facts of profile from before its store was restored"));
        Assert.That(With("loyalty", new(9, Producer)).WhyNot(Place), Is.Null, "The store has not heard of the first facts yet");
        Assert.That(WhyNot(With("tagging", new(0, null))), Is.EqualTo("is of a version that read other topics"));
        Assert.That(WhyNot(With("profile", new(5, Producer))), Is.Null, "Older is what a snapshot is for");
    }

    private static string? WhyNot(SnapshotPlace found) => found.WhyNot(Place);

    private static SnapshotPlace With(string name, SnapshotTopic topic) => Place with
    {
        Topics = new Dictionary<string, SnapshotTopic>(Place.Topics) { [name] = topic },
    };

    private static byte[] Summed(byte[] file) => [.. file[..^32], .. System.Security.Cryptography.SHA256.HashData(file.AsSpan(0, file.Length - 32))];

    private async Task RefusedAsync(byte[] bytes, string because)
    {
        await System.IO.File.WriteAllBytesAsync(File, bytes);
        Assert.That(() => SnapshotFile.ReadAsync(File, Key, _ => null, CancellationToken.None), Throws.TypeOf<SnapshotException>()
            .With.Message.StartsWith(because));
    }
}
