namespace Patron.Runtime.Hosting;

/// <summary>Keeps secrets out of logs and messages.</summary>
internal static class Secrets
{
    private static readonly string[] SecretWords = ["Password", "Secret", "Token", "Hash", "Keys", "ConnectionString", "Database", "Credential"];

    /// <summary>The value, or stars if the setting's name says that it is a secret, or may hold one.</summary>
    public static string Mask(string key, string value) =>
        Array.Exists(SecretWords, word => key.Contains(word, StringComparison.OrdinalIgnoreCase)) ? "***" : value;
}
