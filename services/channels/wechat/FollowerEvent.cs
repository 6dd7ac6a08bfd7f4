using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Patron.Channels.WeChat;

/// <summary>What a follower of the account did.</summary>
/// <param name="Id">The same when the platform repeats the call.</param>
/// <param name="Type">A kind of behaviour that profile knows.</param>
/// <param name="Properties">As profile's schema of the type has them.</param>
internal sealed partial record FollowerEvent(
    string Id, string Type, string OpenId, DateTimeOffset Time, IReadOnlyDictionary<string, string> Properties)
{
    private const string ScenePrefix = "qrscene_";
    private const int NameMax = 60;

    /// <summary>The elements of the platform's document, or null when it is none.</summary>
    public static IReadOnlyDictionary<string, string>? Elements(string xml)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XElement.Load(reader).Elements().DistinctBy(element => element.Name.LocalName)
                .ToDictionary(element => element.Name.LocalName, element => element.Value);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>Null for what says nothing of a follower, such as that a message was delivered.</summary>
    /// <exception cref="FormatException">The document is not as the platform writes it.</exception>
    public static FollowerEvent? Read(IReadOnlyDictionary<string, string> from)
    {
        var (kind, name, key) = (from.GetValueOrDefault("MsgType"), from.GetValueOrDefault("Event"), from.GetValueOrDefault("EventKey") ?? "");
        (string Type, Dictionary<string, string> Properties)? told = (kind, name) switch
        {
            ("event", "subscribe") when key.StartsWith(ScenePrefix, StringComparison.Ordinal) =>
                ("WeChat Followed", new() { ["scene"] = key[ScenePrefix.Length..] }),
            ("event", "subscribe") => ("WeChat Followed", []),
            ("event", "unsubscribe") => ("WeChat Unfollowed", []),
            ("event", "SCAN") => ("WeChat QR Scanned", new() { ["scene"] = key }),
            ("event", "CLICK") => ("WeChat Menu Clicked", new() { ["menu_key"] = key }),
            ("event", "VIEW") => ("WeChat Article Viewed", new() { ["url"] = key, ["article"] = ArticleOf(key) }),
            ("text" or "image" or "voice" or "video" or "shortvideo" or "location" or "link", _) => ("WeChat Message Received", []),
            _ => null,
        };
        if (told is not { } what)
            return null;
        var openId = from.GetValueOrDefault("FromUserName");
        if (string.IsNullOrEmpty(openId) || !long.TryParse(from.GetValueOrDefault("CreateTime"), CultureInfo.InvariantCulture, out var seconds) || seconds < 0)
            throw new FormatException("The document lacks FromUserName or CreateTime.");

        // Messages have numbers of their own; of events who and when tells them apart. The id must not show who it was.
        var identity = from.GetValueOrDefault("MsgId") ?? string.Join('\n', openId, seconds.ToString(CultureInfo.InvariantCulture), name, key);
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{openId}\n{identity}")).AsSpan(0, 16));
        return new(id, what.Type, openId, DateTimeOffset.FromUnixTimeSeconds(seconds), what.Properties);
    }

    /// <summary>The last part of the address's path, in kebab case: what the brand calls the article. A query may name the reader.</summary>
    private static string ArticleOf(string url)
    {
        var last = Uri.TryCreate(url, UriKind.Absolute, out var address)
            ? address.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? ""
            : "";
        var name = NoWord().Replace(Path.GetFileNameWithoutExtension(Uri.UnescapeDataString(last)).ToLowerInvariant(), "-").Trim('-');
        return name.Length <= NameMax ? name : "";
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoWord();
}
