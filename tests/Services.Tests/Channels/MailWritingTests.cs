using System.Net;
using System.Net.Mail;
using System.Text;
using NUnit.Framework;
using Patron.Channels.Email;

namespace Patron.Services.Tests.Channels;

/// <summary>Mails as bytes: headers, bodies, templates, the wire.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MailWritingTests
{
    private static readonly string[] Texts =
    [
        "plain",
        "Grüße aus Köln = 100 %, with blanks at the end \r\nof a line\t\r\n",
        "尊貴的客戶您好，" + new string('中', 200),
        "😀 a long line of Latin text that goes on and on, well beyond the seventy-six columns which a line may have in mail, and ends with é",
        "\r\n.\r\n..\r\nFrom here\r\n",
    ];

    [TestCaseSource(nameof(Texts))]
    public void What_is_written_is_what_is_read(string text)
    {
        var mail = Compose("Anna", text, text);
        var read = ReadMail.Of(mail);
        Assert.That(read.Text.TrimEnd('\r', '\n'), Is.EqualTo(text.TrimEnd('\r', '\n')));
        Assert.That(read.Headers["Subject"], Is.EqualTo(text.Replace('\r', ' ').Replace('\n', ' ').Replace('\t', ' ').Trim()).IgnoreWhiteSpace);
        Assert.That(read.Raw.Split("\r\n").Max(l => l.Length), Is.LessThanOrEqualTo(200));
        Assert.That(read.Raw, Does.Not.Contain("\n\n").And.Not.Match("[^\r]\n"));
    }

    [Test]
    public void A_line_break_in_a_name_or_subject_makes_no_header()
    {
        var read = ReadMail.Of(Compose("Anna\r\nBcc: all@brand.example", "Hi\r\nBcc: all@brand.example", "text"));
        Assert.That(read.Headers.Keys, Does.Not.Contain("Bcc"));
    }

    [TestCase("Ng, Anna", "\"Ng, Anna\"")]
    [TestCase("Anna \"A\" Ng", "\"Anna \\\"A\\\" Ng\"")]
    [TestCase("Anna Ng", "Anna Ng")]
    public void Names_are_quoted_where_they_must_be(string name, string header) => Assert.That(MailText.DisplayName(name), Is.EqualTo(header));

    [TestCase("anna@cust.example", "anna@cust.example")]
    [TestCase(" anna@bücher.example ", "anna@xn--bcher-kva.example")]
    [TestCase("anna@cust.example\r\nRCPT TO:<b@x>", null)]
    [TestCase("anna", null)]
    [TestCase("安娜@cust.example", null)]
    [TestCase("Anna <anna@cust.example>", null)]
    public void Only_what_the_mail_server_can_take_is_an_address(string text, string? address) => Assert.That(Mailbox.Of(text), Is.EqualTo(address));

    [TestCase("a\r\n", "a\r\n.\r\n")]
    [TestCase("a", "a\r\n.\r\n")]
    [TestCase(".\r\n..b\r\nc.\r\n", "..\r\n...b\r\nc.\r\n.\r\n")]
    public void Dots_at_the_start_of_lines_are_doubled(string content, string wire) =>
        Assert.That(Encoding.ASCII.GetString(DotStuffing.Apply(Encoding.ASCII.GetBytes(content))), Is.EqualTo(wire));

    [TestCase("en-GB", "en")]
    [TestCase("zh-Hant-HK", "zh-Hant")]
    [TestCase("zh-TW", "zh-Hant")]
    [TestCase("zh-Hans-HK", "zh-Hans")]
    [TestCase("zh", "zh-Hans")]
    [TestCase("pt-BR", "en")]
    [TestCase("", "en")]
    public void The_closest_language_is_taken(string tag, string language) => Assert.That(Templates.LanguageOf(tag), Is.EqualTo(language));

    [Test]
    public void Every_template_stands_in_every_language(
        [Values("welcome", "second-purchase-reminder", "we-miss-you", "tier-up", "opt-in")] string template,
        [Values("en", "zh-Hant", "zh-Hans", "ja", "de", "fr")] string language)
    {
        var data = new Dictionary<string, string> { ["tier"] = "gold" };
        var links = new MailLinks("https://u.example/?a=1&b=2", "https://p.example/?a=1&b=2", template == "opt-in" ? "https://c.example/?a=1&b=2" : "");
        var content = new Templates().Render(template, new Addressee("<Ann>", "Ü", language), data, links)!;
        Assert.That(content.Html, Does.Contain($"<html lang=\"{language}\">").And.Contain("&lt;Ann&gt;").And.Not.Contain("<Ann>"));
        foreach (var link in (string[])[links.Unsubscribe, links.Preferences, .. links.Confirm.Length > 0 ? [links.Confirm] : Array.Empty<string>()])
        {
            Assert.That(WebUtility.HtmlDecode(content.Html), Does.Contain($"href=\"{link}\""));
            Assert.That(content.Text, Does.Contain(link));
        }

        Assert.That(content.Text, Does.Contain("<Ann>"));
        Assert.That(content.Subject + content.Text + content.Html, Does.Not.Contain("{{").And.Not.Contain("==="));
        Assert.That(content.Subject, Is.Not.Empty);
        Assert.That(new Templates().Render("frame", new Addressee("", "", language), new Dictionary<string, string>(), links), Is.Null);
    }

    [TestCase("2.0.0 Ok: queued as 4F2A-b", "250 2.0.0 4F2A-b")]
    [TestCase("OK anna@cust.example", "250")]
    [TestCase("2.1.5 <anna@cust.example> queued as <anna@cust.example>", "250 2.1.5")]
    public void A_receipt_holds_no_address(string text, string receipt) => Assert.That(new SmtpReply(250, text).Receipt, Is.EqualTo(receipt));

    private static byte[] Compose(string name, string subject, string text) => new MailComposer(new MailAddress("hello@brand.example", "Brand")).Compose(
        new Guid("0197f7a0-0000-7000-8000-000000000001"), "anna@cust.example", name, new MailContent(subject, text, text), new Uri("https://u.example/"),
        new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero));
}
