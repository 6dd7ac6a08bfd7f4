using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.Hosting;

namespace Patron.Tool.Run;

/// <summary>
/// The keys of this machine's own deployment, made once and kept in a file that only its owner can read. They guard synthetic people only;
/// a real deployment brings its own.
/// </summary>
internal sealed record Secrets(string MasterKey, string LinkKey, string RecipientKey, string ApiKey)
{
    /// <summary>Reads the file, or makes it.</summary>
    /// <exception cref="InvalidDataException">The file is not what this program wrote.</exception>
    public static Secrets Open(string folder)
    {
        var path = Path.Combine(folder, "secrets.json");
        if (File.Exists(path))
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), SecretsJson.Default.Secrets)
                ?? throw new InvalidDataException($"{path} is damaged. Without it the stored data cannot be read: restore it, or start anew with FRESH=1.");
        }

        var made = new Secrets(RandomKey(), RandomKey(), RandomKey(), Runtime.Hosting.ApiKey.Create().Text);
        Directory.CreateDirectory(folder);
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        JsonSerializer.Serialize(stream, made, SecretsJson.Default.Secrets);
        return made;
    }

    /// <summary>Keeps the keys out of logs and messages.</summary>
    public override string ToString() => "Secrets";

    private static string RandomKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(LinkKeySettings.KeyBytesMin));
}

[JsonSerializable(typeof(Secrets))]
internal sealed partial class SecretsJson : JsonSerializerContext;
