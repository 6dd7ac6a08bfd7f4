using System.Globalization;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;
using Patron.Local;

namespace Patron.System.Tests.Local;

[TestFixture, CancelAfter(30_000), Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MailCatcherTests
{
    private const string Hello = "Subject: =?utf-8?B?5L2g5aW9?= =?utf-8?Q?_there?=\r\nMessage-ID: <1@brand.example>\r\n\r\nHello.\r\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("patron-mail-").FullName;
    private MailCatcher _catcher = null!;

    [SetUp]
    public void Start() => _catcher = Open();

    [TearDown]
    public async Task Stop()
    {
        await _catcher.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_mail_is_kept_with_envelope_subject_and_message_id(CancellationToken cancellation)
    {
        using var client = await ClientAsync(cancellation);
        await client.SayAsync("MAIL FROM:<shop@brand.example> SIZE=100 BODY=8BITMIME SMTPUTF8", 250, cancellation);
        await client.SayAsync("RCPT TO:<李@cust.example>", 250, cancellation);
        await client.SayAsync("rcpt to:<b@cust.example>", 250, cancellation);
        await client.SayAsync("DATA", 354, cancellation);
        await client.SayAsync(Hello + ".", 250, cancellation);
        await client.SayAsync("QUIT", 221, cancellation);

        var mail = _catcher.Find("1@brand.example")!;
        Assert.That(mail.From, Is.EqualTo("shop@brand.example"));
        Assert.That(mail.Recipients, Is.EqualTo(["李@cust.example", "b@cust.example"]));
        Assert.That(mail.Subject, Is.EqualTo("你好 there"));
        Assert.That(Encoding.UTF8.GetString(await _catcher.ReadAsync(mail, cancellation)), Is.EqualTo(Hello));
    }

    [Test]
    public async Task Pipelined_commands_are_answered_in_order(CancellationToken cancellation)
    {
        using var client = await ClientAsync(cancellation);
        await client.SendAsync("MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nNONSENSE\r\nDATA\r\n", cancellation);
        Assert.That(await client.CodesAsync(4, cancellation), Is.EqualTo([250, 250, 500, 354]));
        await client.SendAsync("\r\none\r\n.\r\nMAIL FROM:<c@x>\r\nRCPT TO:<d@x>\r\nRSET\r\nDATA\r\n", cancellation);
        Assert.That(await client.CodeAsync(cancellation), Is.EqualTo(250), "the first mail");
        Assert.That(await client.CodesAsync(4, cancellation), Is.EqualTo([250, 250, 250, 503]));
        Assert.That(_catcher.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_doubled_dot_is_undone_even_when_the_data_arrive_byte_by_byte(CancellationToken cancellation)
    {
        using var client = await ClientAsync(cancellation);
        await EnvelopeAsync(client, "b@x", cancellation);
        foreach (var letter in "\r\n..one\r\n.two\r\n...\r\n.\r\n")
            await client.SendAsync(letter.ToString(), cancellation);
        Assert.That(await client.CodeAsync(cancellation), Is.EqualTo(250));
        Assert.That(Encoding.ASCII.GetString(await _catcher.ReadAsync(_catcher.Mails[0], cancellation)), Is.EqualTo("\r\n.one\r\ntwo\r\n..\r\n"));
    }

    [Test]
    public async Task What_is_too_long_or_too_big_is_refused_and_the_conversation_goes_on(CancellationToken cancellation)
    {
        using var client = await ClientAsync(cancellation);
        await client.SayAsync(new string('x', 200_000), 500, cancellation);
        await client.SayAsync($"MAIL FROM:<a@x> SIZE={(10 << 20) + 1}", 552, cancellation);
        await EnvelopeAsync(client, "b@x", cancellation);
        await client.SayAsync("\r\n" + new string('y', 100_000) + "\r\n.", 500, cancellation);
        await EnvelopeAsync(client, "b@x", cancellation);
        await client.SayAsync(string.Concat(Enumerable.Repeat(new string('z', 998) + "\r\n", 11_000)) + ".", 552, cancellation);
        await EnvelopeAsync(client, "b@x", cancellation);
        await client.SayAsync("\r\nfine\r\n.", 250, cancellation);
        Assert.That(_catcher.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task Commands_out_of_order_are_refused(CancellationToken cancellation)
    {
        using var client = await Client.ConnectAsync(_catcher.Port, cancellation);
        await client.SayAsync("MAIL FROM:<a@x>", 503, cancellation);
        await client.SayAsync("HELO me", 250, cancellation);
        await client.SayAsync("RCPT TO:<b@x>", 503, cancellation);
        await client.SayAsync("MAIL FROM:<>", 250, cancellation);
        await client.SayAsync("MAIL FROM:<a@x>", 503, cancellation);
        await client.SayAsync("RCPT TO:nobody", 501, cancellation);
        await client.SayAsync("DATA", 554, cancellation);
        await client.SayAsync("STARTTLS", 500, cancellation);
    }

    [Test]
    public async Task Mails_are_there_again_after_a_start_and_half_a_mail_is_cut_off(CancellationToken cancellation)
    {
        using (var client = await ClientAsync(cancellation))
        {
            await EnvelopeAsync(client, "b@x", cancellation);
            await client.SayAsync(Hello + ".", 250, cancellation);
        }

        await _catcher.DisposeAsync();
        await File.AppendAllTextAsync(Path.Combine(_folder, "mails.mbox"), "#mail 2 400\nSubject: half", cancellation);
        await File.AppendAllTextAsync(Path.Combine(_folder, "mails.index"), "{\"Number\":2,", cancellation);
        _catcher = Open();

        Assert.That(_catcher.Count, Is.EqualTo(1));
        using var again = await ClientAsync(cancellation);
        await EnvelopeAsync(again, "c@x", cancellation);
        await again.SayAsync("\r\nsecond\r\n.", 250, cancellation);
        Assert.That(Encoding.UTF8.GetString(await _catcher.ReadAsync(_catcher.Find("1@brand.example")!, cancellation)), Is.EqualTo(Hello));
        Assert.That(Encoding.UTF8.GetString(await _catcher.ReadAsync(_catcher.Mails[1], cancellation)), Is.EqualTo("\r\nsecond\r\n"));
    }

    [Test]
    public async Task Scripted_replies_and_lost_connections_happen_as_told(CancellationToken cancellation)
    {
        static Func<string, bool> To(string name) => recipient => recipient.StartsWith(name, StringComparison.Ordinal);
        _catcher.Faults =
        [
            new MailFault(To("gone"), MailFaultKind.Refuse, "550 5.1.1 No such user"),
            new MailFault(To("busy"), MailFaultKind.RefuseData, "451 4.7.1 Try later"),
            new MailFault(To("lost"), MailFaultKind.DropAfterKeeping),
            new MailFault(To("never"), MailFaultKind.DropBeforeKeeping),
            new MailFault(To("slow"), MailFaultKind.Delay, Delay: TimeSpan.FromMilliseconds(50)),
        ];
        using var client = await ClientAsync(cancellation);
        await client.SayAsync("MAIL FROM:<a@x>", 250, cancellation);
        await client.SayAsync("RCPT TO:<gone@x>", 550, cancellation);
        await client.SayAsync("RSET", 250, cancellation);
        await EnvelopeAsync(client, "busy@x", cancellation);
        await client.SayAsync("\r\n.", 451, cancellation);
        Assert.That(_catcher.Count, Is.Zero);
        await EnvelopeAsync(client, "slow@x", cancellation);
        await client.SayAsync("\r\n.", 250, cancellation);
        await EnvelopeAsync(client, "lost@x", cancellation);
        await client.SendAsync("\r\n.\r\n", cancellation);
        await Assert.ThrowsAsync<IOException>(() => client.CodeAsync(cancellation));
        using var next = await ClientAsync(cancellation);
        await EnvelopeAsync(next, "never@x", cancellation);
        await next.SendAsync("\r\n.\r\n", cancellation);
        await Assert.ThrowsAsync<IOException>(() => next.CodeAsync(cancellation));
        Assert.That(_catcher.Mails.Select(it => it.Recipients[0]), Is.EqualTo(["slow@x", "lost@x"]));
    }

    [Test]
    public async Task Many_connections_at_once_lose_nothing(CancellationToken cancellation)
    {
        const int connections = 8;
        const int mailsEach = 250;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async connection =>
        {
            using var client = await ClientAsync(cancellation);
            for (var i = 0; i < mailsEach; i++)
            {
                await client.SendAsync("MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n", cancellation);
                for (var reply = 0; reply < 3; reply++)
                    await client.CodeAsync(cancellation);
                await client.SayAsync($"Message-ID: <{connection}-{i}@x>\r\n\r\nmail {connection}-{i}\r\n.", 250, cancellation);
            }
        }));
        Assert.That(_catcher.Count, Is.EqualTo(connections * mailsEach));
        foreach (var mail in _catcher.Mails)
            Assert.That(Encoding.ASCII.GetString(await _catcher.ReadAsync(mail, cancellation)), Does.EndWith($"\r\nmail {mail.MessageId[..^2]}\r\n"));
    }

    private static async Task EnvelopeAsync(Client client, string recipient, CancellationToken cancellation)
    {
        await client.SayAsync("MAIL FROM:<a@x>", 250, cancellation);
        await client.SayAsync($"RCPT TO:<{recipient}>", 250, cancellation);
        await client.SayAsync("DATA", 354, cancellation);
    }

    private MailCatcher Open() => MailCatcher.Start(new MailCatcherOptions { Folder = _folder }, TimeProvider.System);

    private async Task<Client> ClientAsync(CancellationToken cancellation)
    {
        var client = await Client.ConnectAsync(_catcher.Port, cancellation);
        await client.SayAsync("EHLO me", 250, cancellation);
        return client;
    }

    private sealed class Client(TcpClient connection) : IDisposable
    {
        private readonly StreamReader _replies = new(connection.GetStream());

        public static async Task<Client> ConnectAsync(int port, CancellationToken cancellation)
        {
            var connection = new TcpClient { NoDelay = true };
            await connection.ConnectAsync("127.0.0.1", port, cancellation);
            var client = new Client(connection);
            Assert.That(await client.CodeAsync(cancellation), Is.EqualTo(220));
            return client;
        }

        public async Task SayAsync(string line, int code, CancellationToken cancellation)
        {
            await SendAsync(line + "\r\n", cancellation);
            Assert.That(await CodeAsync(cancellation), Is.EqualTo(code), line.Length > 100 ? line[..100] : line);
        }

        public async Task SendAsync(string text, CancellationToken cancellation) =>
            await connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);

        public async Task<int> CodeAsync(CancellationToken cancellation)
        {
            string line;
            do
                line = await _replies.ReadLineAsync(cancellation) ?? throw new IOException("The connection was closed.");
            while (line[3] == '-');
            return int.Parse(line[..3], CultureInfo.InvariantCulture);
        }

        public async Task<List<int>> CodesAsync(int count, CancellationToken cancellation)
        {
            var codes = new List<int>();
            while (codes.Count < count)
                codes.Add(await CodeAsync(cancellation));
            return codes;
        }

        public void Dispose() => connection.Dispose();
    }
}
