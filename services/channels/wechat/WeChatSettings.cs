using Patron.Runtime.Hosting;

namespace Patron.Channels.WeChat;

/// <summary>The section <c>WeChat</c>: the official account whose followers' events come in. Without a token none are taken.</summary>
internal sealed class WeChatSettings : ISettings
{
    /// <summary>Base64 of 32 bytes without its last character, as the platform gives it.</summary>
    private const int EncodingAesKeyLength = 43;

    /// <summary>The account's app id, within which an openid means something.</summary>
    public string AppId { get; set; } = "";

    /// <summary>As it is entered at the platform: 3 to 32 letters and digits. Whoever knows it can tell events.</summary>
    public string Token { get; set; } = "";

    /// <summary>Of the platform's safe mode, 43 characters; then only encrypted events are taken. Without it they come in the clear.</summary>
    public string EncodingAesKey { get; set; } = "";

    /// <summary>System time for which a call's signature counts: the platform repeats a call within seconds.</summary>
    public TimeSpan SignatureAge { get; set; } = TimeSpan.FromMinutes(10);

    public IEnumerable<SettingFault> Check()
    {
        if (Token.Length > 0 && (Token.Length is < 3 or > 32 || !Token.All(char.IsAsciiLetterOrDigit)))
            yield return new SettingFault(nameof(Token), "it must be 3 to 32 letters and digits, as entered at the platform");
        if (Token.Length > 0 && AppId.Length == 0)
            yield return new SettingFault(nameof(AppId), "it must be the account's app id, such as wx1234567890abcdef");
        if (EncodingAesKey.Length > 0 && (EncodingAesKey.Length != EncodingAesKeyLength || !EncodingAesKey.All(char.IsAsciiLetterOrDigit)))
            yield return new SettingFault(nameof(EncodingAesKey), "it must be 43 letters and digits, as the platform gives it");
        if (SignatureAge < TimeSpan.FromMinutes(1))
            yield return new SettingFault(nameof(SignatureAge), "it must be at least 00:01:00");
    }
}
