using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Npgsql;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>The scan of the erasure proof finds a canary wherever and however it may be kept.</summary>
internal sealed class CanaryScanTests
{
    private static readonly (string Name, string Text)[] Texts =
    [
        ("plain", $"Dear {Canary.Text(7)},"),
        ("upper case", Canary.Email(7).ToUpperInvariant()),
        ("Chinese", Canary.Chinese(7)),
        ("a telephone number", Canary.Phone(7)),
        ("escaped for JSON", JsonSerializer.Serialize(Canary.Chinese(7))),
        ("escaped for an address", Uri.EscapeDataString(Canary.Chinese(7))),
        ("base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary.Email(7)))),
        ("base64 within base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary.Chinese(7)))))),
        ("base64 for addresses", System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"~~~{Canary.Email(7)}???"))),
        ("hexadecimal digits", Convert.ToHexString(Encoding.UTF8.GetBytes(Canary.Text(7)))),
        ("packed, then base64", Convert.ToBase64String(Packed(new MemoryStream(), s => new GZipStream(s, CompressionLevel.Optimal)))),
    ];

    private static readonly (string Name, byte[] Bytes)[] Bytes =
    [
        ("UTF-8", Encoding.UTF8.GetBytes(Canary.Chinese(7))),
        ("UTF-16", Encoding.Unicode.GetBytes(Canary.Chinese(7))),
        ("between other bytes", [0xff, 0x00, .. Encoding.UTF8.GetBytes(Canary.Text(7)), 0x80, 0x00]),
        ("gzip", Packed(new MemoryStream(), s => new GZipStream(s, CompressionLevel.Optimal))),
        ("zlib", Packed(new MemoryStream(), s => new ZLibStream(s, CompressionLevel.Optimal))),
        ("brotli", Packed(new MemoryStream(), s => new BrotliStream(s, CompressionLevel.Optimal))),
    ];

    [TestCaseSource(nameof(Named))]
    public void A_text_is_seen_through(string text) => Assert.That(CanaryScan.In(text), Is.EqualTo((int[])[7]));

    [TestCaseSource(nameof(NamedBytes))]
    public void Bytes_are_seen_through(byte[] bytes) => Assert.That(CanaryScan.In(bytes.AsMemory()), Is.EqualTo((int[])[7]));

    [Test]
    [CancelAfter(60_000)]
    public async Task Every_column_of_every_schema_is_looked_at(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using (var command = source.CreateCommand(
            """
            create schema elsewhere;
            create table elsewhere.a (id int, words text, body bytea, list text[], doc jsonb, code varchar(40));
            insert into elsewhere.a values (1, 'qzx00001', 'qzx00002', array['x', 'qzx00003'], '{"k": ["qzx00004"]}', 'qzx00005')
            """))
            await command.ExecuteNonQueryAsync(cancellation);
        var (found, columns) = await CanaryScan.DatabaseAsync(source, cancellation);

        Assert.That(columns, Is.EqualTo(6));
        Assert.That(found.Canaries, Is.EqualTo((int[])[1, 2, 3, 4, 5]));
        Assert.That(found.ByPlace.Keys, Does.Contain("elsewhere.a.body"));
    }

    private static IEnumerable<TestCaseData> Named() => Texts.Select(t => new TestCaseData(t.Text).SetArgDisplayNames(t.Name));

    private static IEnumerable<TestCaseData> NamedBytes() => Bytes.Select(t => new TestCaseData(t.Bytes).SetArgDisplayNames(t.Name));

    private static byte[] Packed(MemoryStream to, Func<Stream, Stream> pack)
    {
        using (var stream = pack(to))
            stream.Write(Encoding.UTF8.GetBytes($"{new string(' ', 200)}{Canary.Chinese(7)}"));
        return to.ToArray();
    }
}
