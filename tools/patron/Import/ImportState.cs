using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Tool.Import;

/// <summary>How far an import is; written after each batch that the server has taken.</summary>
/// <param name="FileBytes">With <paramref name="Head"/> and <paramref name="How"/> tells whether it is still the same file, read the same way.</param>
/// <param name="Head">SHA-256 of the file's first bytes.</param>
/// <param name="How">Kind, source, map and time.</param>
/// <param name="Offset">UTF-8 bytes of the text before the next row.</param>
/// <param name="Row">The number of the next row.</param>
/// <param name="ErrorBytes">The length of the error file then.</param>
internal sealed record ImportState(
    long FileBytes, string Head, string How, long Offset, long Row, long ErrorBytes, long Accepted, long Repeated, long Failed)
{
    private const int HeadBytes = 64 * 1024;

    public static ImportState Start(ImportArguments arguments)
    {
        using var file = File.OpenRead(arguments.File);
        var head = new byte[HeadBytes];
        var length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var options = arguments.Options;
        return new ImportState(
            file.Length, Convert.ToHexStringLower(SHA256.HashData(head.AsSpan(0, length))),
            $"{options.Kind.Name} {options.Source} {options.DefaultTime:O} {arguments.MapText}", 0, 0, 0, 0, 0, 0);
    }

    /// <summary>What an earlier run kept; null when there is nothing.</summary>
    /// <exception cref="FormatException">It belongs to another file, or to one that changed since.</exception>
    public static ImportState? Load(ImportArguments arguments, ImportState start)
    {
        if (!File.Exists(arguments.StateFile))
            return null;
        var kept = JsonSerializer.Deserialize(File.ReadAllText(arguments.StateFile), ImportStateJson.Default.ImportState)!;
        return (kept.FileBytes, kept.Head, kept.How) == (start.FileBytes, start.Head, start.How)
            ? kept
            : throw new FormatException(
                $"{arguments.File} or the way to read it has changed since the import was interrupted. Start it anew without --resume.");
    }

    /// <summary>All or nothing, also when the machine stops in between.</summary>
    public void Save(string path)
    {
        var fresh = path + ".new";
        using (var stream = new FileStream(fresh, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            JsonSerializer.Serialize(stream, this, ImportStateJson.Default.ImportState);
            stream.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }
}

[JsonSerializable(typeof(ImportState))]
internal sealed partial class ImportStateJson : JsonSerializerContext;
