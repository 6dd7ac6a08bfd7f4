namespace Patron.Profile;

/// <summary>What customers' own pages say in one language.</summary>
internal sealed record PageText(
    string Language, string LanguageName, string Title, string Lead, string SavedInForce, string SavedNotYet, string Unchanged, string Pending,
    string MessageLanguage, string Save, string StopTitle, string StopText, string StopButton, string Email, string Sms, string WeChat,
    string ConfirmTitle, string ConfirmLead, string ConfirmButton, string Confirmed, string ConfirmOver, string ToPreferences, string Gone)
{
    public static PageText English { get; } = new(
        "en", "English", "Your choices", "You decide what we may send you, and how. You can change this whenever you like.",
        "Saved. Your choices are in force.",
        "Saved. What you stopped is not in force everywhere yet: a message that is already on its way may still reach you. This usually takes a few minutes.",
        "Nothing was changed.", "not confirmed yet: please open the link in the mail that we sent you", "Language of our messages", "Save",
        "Stop everything",
        "You will get no more news, offers or questions from us by any channel. Messages that belong to a purchase, such as receipts, are not affected.",
        "Stop everything", "E-mail", "SMS", "WeChat", "Please confirm", "Please confirm that you agree to the following:", "Yes, I confirm",
        "Thank you. It is confirmed.",
        "This can no longer be confirmed: its time is over, or you have decided otherwise since. Please sign up again if you wish.",
        "See or change all your choices", "Nothing is known here any more.");

    public static PageText Simplified { get; } = new(
        "zh-Hans", "简体中文", "您的选择", "由您决定我们可以向您发送什么，以及通过何种方式。您可以随时更改。",
        "已保存，您的选择现已生效。", "已保存。您停止的内容尚未在各处生效，已在发送途中的消息可能仍会送达，通常只需几分钟。", "没有任何更改。",
        "尚未确认：请打开我们发给您的邮件中的链接", "消息所用语言", "保存", "全部停止",
        "您将不再通过任何渠道收到我们的资讯、优惠或调查。与购物相关的消息（例如收据）不受影响。", "全部停止", "电子邮件", "短信", "微信",
        "请确认", "请确认您同意以下内容：", "我确认", "谢谢，已确认。", "此链接已失效：可能已超过期限，或您之后另有决定。如有需要，请重新登记。",
        "查看或更改您的所有选择", "这里已没有任何信息。");

    public static PageText Traditional { get; } = new(
        "zh-Hant", "繁體中文", "您的選擇", "由您決定我們可以向您發送什麼，以及透過何種方式。您可以隨時更改。",
        "已儲存，您的選擇現已生效。", "已儲存。您停止的內容尚未在各處生效，已在傳送途中的訊息可能仍會送達，通常只需數分鐘。", "沒有任何更改。",
        "尚未確認：請開啟我們寄給您的郵件中的連結", "訊息所用語言", "儲存", "全部停止",
        "您將不再透過任何渠道收到我們的資訊、優惠或問卷。與購物相關的訊息（例如收據）不受影響。", "全部停止", "電子郵件", "短訊", "微信",
        "請確認", "請確認您同意以下內容：", "我確認", "謝謝，已確認。", "此連結已失效：可能已超過期限，或您之後另有決定。如有需要，請重新登記。",
        "查看或更改您的所有選擇", "這裡已沒有任何資訊。");

    public static IReadOnlyList<PageText> All { get; } = [English, Simplified, Traditional];

    public string ChannelName(string channel) => channel switch
    {
        "email" => Email,
        "sms" => Sms,
        "wechat" => WeChat,
        _ => channel,
    };

    /// <summary>The page's language: what was chosen on it, else the customer's, else the first that the browser asks for and we have.</summary>
    /// <param name="acceptLanguage">The header of RFC 9110, 12.5.4; null when there is none.</param>
    public static PageText Choose(string? chosen, string? known, string? acceptLanguage)
    {
        if (Of(chosen) is { } asked)
            return asked;
        if (Of(known) is { } own)
            return own;
        var wanted = (acceptLanguage ?? "").Split(',').Take(LanguagesMax).Select(Weighted).OrderByDescending(w => w.Quality);
        return wanted.Where(w => w.Quality > 0).Select(w => Of(w.Tag)).FirstOrDefault(text => text is not null) ?? English;
    }

    private const int LanguagesMax = 20;

    /// <summary>The closest that we have, or null: a Chinese without its script is told by its region.</summary>
    private static PageText? Of(string? tag)
    {
        var parts = (tag ?? "").ToUpperInvariant().Split('-', '_');
        if (parts[0] != "ZH")
            return parts[0] == "EN" ? English : null;
        if (parts.Contains("HANS"))
            return Simplified;
        return parts.Skip(1).Any(p => p is "HANT" or "TW" or "HK" or "MO") ? Traditional : Simplified;
    }

    private static (string Tag, double Quality) Weighted(string range)
    {
        var parts = range.Split(';');
        var quality = parts.Length > 1 && parts[1].Trim() is ['q', '=', .. var number]
            ? double.TryParse(number, System.Globalization.CultureInfo.InvariantCulture, out var q) ? q : 0
            : 1;
        return (parts[0].Trim(), quality);
    }
}
