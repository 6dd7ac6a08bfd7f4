using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.Import;

[TestFixture]
[CancelAfter(120_000)]
internal sealed class UploadTests
{
    private const string Address = "/v1/imports?kind=customers&time=2024-01-09T00:00:00Z";

    [Test]
    public async Task An_uploaded_file_goes_in_and_its_wrong_rows_can_be_fetched(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        var id = Guid.CreateVersion7();
        var file = Bytes("loyaltyCard,email\nC-1,a@example.com\nC-2,canary-nobody\n=C-3,=1+1\n");
        using var answer = await PostAsync(host, $"{Address}&id={id}", file, cancellation);
        var import = await answer.JsonAsync(cancellation);
        var errors = await host.Http.GetStringAsync(new Uri($"/v1/imports/{id}/errors", UriKind.Relative), cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), import.ToJsonString());
        Assert.That(Numbers(import), Is.EqualTo("finished 3 1 0 2"));
        Assert.That(errors, Is.EqualTo(
            """
            row,column,reason,loyaltyCard,email
            3,email,This is not an e-mail address.,C-2,canary-nobody
            4,email,This is not an e-mail address.,'=C-3,'=1+1

            """));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task Progress_can_be_asked_while_the_file_is_being_sent(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        var id = Guid.CreateVersion7();
        using var body = new SlowContent(Bytes(ImportFile.Customers(60_000)), stopAt: 2_000_000);
        var posting = host.Http.PostAsync(new Uri($"{Address}&id={id}", UriKind.Relative), body, cancellation);
        JsonNode? halfway;
        do
        {
            using var asked = await host.Http.GetAsync(new Uri($"/v1/imports/{id}", UriKind.Relative), cancellation);
            halfway = asked.IsSuccessStatusCode ? await asked.JsonAsync(cancellation) : null;
        }
        while ((long?)halfway?["accepted"] is null or 0);
        Assert.That((string?)halfway!["state"], Is.EqualTo("running"));
        body.GoOn();
        using var answer = await posting;
        Assert.That(Numbers(await answer.JsonAsync(cancellation)), Is.EqualTo("finished 60000 60000 0 0"));
    }

    [Test]
    public async Task An_upload_that_was_cut_off_is_sent_again_and_doubles_nothing(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        var file = Bytes(ImportFile.Customers(60_000));
        var id = Guid.CreateVersion7();
        using (var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            using var body = new SlowContent(file, stopAt: 2_000_000);
            var posting = host.Http.PostAsync(new Uri($"{Address}&id={id}", UriKind.Relative), body, cut.Token);
            await IngestTopic.FigureAsync(host, "customers", 2_000, cancellation);
            await cut.CancelAsync();
            Assert.That(async () => await posting, Throws.InstanceOf<OperationCanceledException>());
        }
        while (await StateAsync(host, id, cancellation) == "running")
            await Task.Delay(10, cancellation);
        using var again = await PostAsync(host, Address, file, cancellation);
        var import = await again.JsonAsync(cancellation);

        Assert.That(await StateAsync(host, id, cancellation), Is.EqualTo("stopped"));
        Assert.That((long)import["accepted"]! + (long)import["repeated"]!, Is.EqualTo(60_000));
        Assert.That((long)import["repeated"]!, Is.GreaterThanOrEqualTo(2_000));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.EqualTo(60_000));
    }

    [Test]
    public async Task No_cell_of_a_wrong_row_lies_open_in_the_database_and_none_can_be_read_when_its_time_is_over(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await ProfileHost.StartAsync(cancellation, database);
        var id = Guid.CreateVersion7();
        (await PostAsync(host, $"{Address}&id={id}", Bytes("loyaltyCard,email\nC-1,canary-7431\n"), cancellation)).Dispose();
        var open = await FindAsync(database, "canary-7431", cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(31), cancellation);
        (await PostAsync(host, Address, Bytes("loyaltyCard\nC-2\n"), cancellation)).Dispose();
        var errors = await host.Http.GetStringAsync(new Uri($"/v1/imports/{id}/errors", UriKind.Relative), cancellation);

        Assert.That(open, Is.Zero);
        Assert.That(errors, Is.EqualTo("row,column,reason\n2,email,This is not an e-mail address.\n"));
    }

    [TestCase("/v1/imports?kind=orders", 400, "kind")]
    [TestCase("/v1/imports?kind=customers", 400, "map")]
    [TestCase($"{Address}&zone=Mars", 400, "zone")]
    [TestCase($"{Address}&map=a", 400, "map")]
    [TestCase($"{Address}&map=nothing=email", 400, "map")]
    public async Task What_is_wrong_with_an_upload_as_a_whole_is_said_at_once(string address, int status, string field, CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var answer = await PostAsync(host, address, Bytes("loyaltyCard\nC-1\n"), cancellation);
        Assert.That((int)answer.StatusCode, Is.EqualTo(status));
        Assert.That((string?)(await answer.JsonAsync(cancellation))["errors"]![0]!["pointer"], Is.EqualTo(field));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Numbers(JsonNode import) =>
        $"{import["state"]} {import["rows"]} {import["accepted"]} {import["repeated"]} {import["failed"]}";

    private static async Task<HttpResponseMessage> PostAsync(TestHost host, string address, byte[] file, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(file);
        return await host.Http.PostAsync(new Uri(address, UriKind.Relative), content, cancellation);
    }

    private static async Task<string?> StateAsync(TestHost host, Guid id, CancellationToken cancellation)
    {
        using var answer = await host.Http.GetAsync(new Uri($"/v1/imports/{id}", UriKind.Relative), cancellation);
        return (string?)(await answer.JsonAsync(cancellation))["state"];
    }

    private static async Task<long> FindAsync(TestDatabase database, string text, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(
            "select (select count(*) from profile.import_errors e where e::text like $1) + (select count(*) from profile.imports i where i::text like $1)");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"%{text}%" });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Sends the first bytes of a file at once and the rest when it is told to.</summary>
    private sealed class SlowContent(byte[] file, int stopAt) : HttpContent
    {
        private readonly TaskCompletionSource rest = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => rest.TrySetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(file.AsMemory(0, stopAt), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await rest.Task.WaitAsync(cancellationToken);
            await stream.WriteAsync(file.AsMemory(stopAt), cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = file.Length;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            rest.TrySetCanceled();
            base.Dispose(disposing);
        }
    }
}
