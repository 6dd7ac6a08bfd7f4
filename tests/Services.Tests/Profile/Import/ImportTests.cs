using System.Diagnostics;
using System.Globalization;
using System.Text;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile.Import;

[TestFixture]
[CancelAfter(120_000)]
internal sealed class ImportTests
{
    [Test]
    public async Task Customers_go_in_with_consents_and_a_second_run_changes_nothing(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile(
            "customers.csv",
            "\ufeffKarte;Mail;Vorname;Newsletter\r\nC-1;a@example.com;\"An;na \"\"A\"\"\";yes\r\nC-2;b@example.com;Bo;no\r\n");
        string[] map = ["--map", "Karte=loyaltyCard,Mail=email,Vorname=givenName,Newsletter=consent.email.marketing,'signup-2024'=wording"];
        var first = await file.ImportAsync(host, cancellation, map);
        var second = await file.ImportAsync(host, cancellation, map);

        Assert.That(first, Is.EqualTo((0, "2 customers went in, 0 were there before.\n")));
        Assert.That(second, Is.EqualTo((0, "0 customers went in, 2 were there before.\n")));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.EqualTo(2));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "consents changed", cancellation), Is.EqualTo(2));
        Assert.That((File.Exists(file.Errors), File.Exists(file.State)), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task Wrong_rows_stand_in_the_error_file_with_column_and_reason_and_the_right_ones_go_in(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile(
            "customers.csv",
            """
            loyaltyCard,email,country,note
            C-1,a@example.com,HK,ok
            C-2,not an address,XX,"two
            lines"
            ,,HK,nobody
            C-4,d@example.com,HK,too,many

            C-6,f@example.com,HK,ok

            """);
        var dry = await file.ImportAsync(host, cancellation, "--dry-run");
        var dryErrors = await File.ReadAllTextAsync(file.Errors, cancellation);
        var none = await IngestTopic.ReadFigureAsync(host, "customers", cancellation);
        var wet = await file.ImportAsync(host, cancellation);

        Assert.That(dry, Is.EqualTo((3, $"2 customers would go in; nothing was sent, 0 were there before, 3 rows are in {file.Errors}.\n")));
        Assert.That(none, Is.Zero);
        Assert.That(wet.Code, Is.EqualTo(3));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.EqualTo(2));
        Assert.That(await File.ReadAllTextAsync(file.Errors, cancellation), Is.EqualTo(dryErrors));
        Assert.That(dryErrors, Is.EqualTo(
            """
            row,column,reason,loyaltyCard,email,country,note
            3,"email, country","This is not an e-mail address. This is not a country code of ISO 3166-1 alpha-2, such as HK.",C-2,not an address,XX,"two
            lines"
            4,customer,"Name the customer by at least one identifier, such as loyaltyCard, shopCustomerId, phone or email.",,,HK,nobody
            5,,The row has 5 fields and the header 4; put quotes around a text with delimiters.,C-4,d@example.com,HK,too,many

            """));
    }

    [Test]
    public async Task A_corrected_error_file_is_imported_as_it_is(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile("customers.csv", "loyaltyCard,email\nC-1,wrong\nC-2,b@example.com\n");
        await file.ImportAsync(host, cancellation);
        using var corrected = new ImportFile(
            "customers.csv", (await File.ReadAllTextAsync(file.Errors, cancellation)).Replace(",wrong", ",a@example.com", StringComparison.Ordinal));
        Assert.That((await corrected.ImportAsync(host, cancellation)).Output, Does.StartWith("1 customers went in"));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.EqualTo(2));
    }

    [Test]
    public async Task What_only_the_server_can_refuse_is_an_error_of_its_row_too(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation, null, ("Profile:Currencies:0", "HKD"));
        using var file = new ImportFile(
            "purchases.csv",
            "receipt,time,product,amount,currency,channel\nR-1,2024-01-05T10:00:00+08:00,A,12.50,HKD,POS\nR-2,2024-01-05T10:00:00+08:00,A,12.50,CNY,POS\n");
        Assert.That((await file.ImportAsync(host, cancellation)).Code, Is.EqualTo(3));
        Assert.That(
            (await File.ReadAllLinesAsync(file.Errors, cancellation))[1],
            Is.EqualTo("3,currency,\"This brand does not sell in CNY, only in HKD.\",R-2,2024-01-05T10:00:00+08:00,A,12.50,CNY,POS"));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "anonymous purchases", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task The_rows_of_a_receipt_are_one_purchase_wherever_a_block_of_rows_ends(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        var rows = new StringBuilder("store,receipt,time,card,product,quantity,amount\n");
        for (var i = 0; i < 2_500; i++)
        {
            var back = i % 7 == 6 ? "-1,-3.00" : "2,5.10";
            rows.Append(CultureInfo.InvariantCulture, $"hk-1,R-{i / 7},2024-01-05 10:00,C-{i / 7 % 50},P-{i},{back}\n");
        }
        using var file = new ImportFile("purchases.csv", rows.ToString());
        var (code, output) = await file.ImportAsync(
            host, cancellation, "--zone", "Asia/Hong_Kong", "--map",
            "store=store,receipt=receipt,time=time,card=loyaltyCard,product=product,quantity=quantity,amount=amount,'HKD'=currency,'POS'=channel");
        await host.DrainAsync(cancellation);
        var facts = (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
            .Where(r => r.Envelope.Type == Facts.PurchaseRecorded.Descriptor.FullName)
            .Select(r => Facts.PurchaseRecorded.Parser.ParseFrom(r.Record.Value!.Value.Span)).ToList();

        Assert.That((code, output), Is.EqualTo((0, "358 purchases went in, 0 were there before.\n")));
        Assert.That(facts.Select(f => f.Receipt).Distinct().Count(), Is.EqualTo(358));
        Assert.That(facts.Where(f => f.Receipt != "R-357").Select(f => f.Lines.Count), Is.All.EqualTo(7));
        var one = facts.Single(f => f.Receipt == "R-142");
        Assert.That(one.OccurredAt.ToDateTimeOffset(), Is.EqualTo(new DateTimeOffset(2024, 1, 5, 2, 0, 0, TimeSpan.Zero)));
        Assert.That(
            (one.Lines[5].AmountMinor, one.Lines[5].Quantity, one.Lines[6].Kind, one.Lines[6].AmountMinor, one.Lines[6].Quantity),
            Is.EqualTo((510L, 2, Contracts.Ingest.V1.LineKind.Return, -300L, 1)));
    }

    [Test]
    public async Task Lines_of_JSON_are_imported_like_rows(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile(
            "customers.ndjson",
            """
            {"loyaltyCard":"C-1","consent":{"email":{"marketing":true}},"wording":"w"}
            {"loyaltyCard":"C-2","country":"Atlantis"}
            {oops

            """);
        Assert.That((await file.ImportAsync(host, cancellation)).Code, Is.EqualTo(3));
        Assert.That(await File.ReadAllLinesAsync(file.Errors, cancellation), Is.EqualTo((string[])
        [
            """{"row":2,"column":"country","reason":"This is not a country code of ISO 3166-1 alpha-2, such as HK.",""" +
                "\"loyaltyCard\":\"C-2\",\"country\":\"Atlantis\"}",
            """{"row":3,"column":"","reason":"This is not one JSON object in a line.","line":"{oops"}""",
        ]));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "consents changed", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task A_file_of_something_else_is_refused_before_anything_is_sent(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile("customers.csv", "a,b\n1,2\n");
        Assert.That((await file.ImportAsync(host, cancellation)).Output, Does.StartWith("No column is called like a field of customers"));
        Assert.That((await file.ImportAsync(host, cancellation, "--map", "c=email")).Output, Is.EqualTo("The file has no column 'c'; it has a, b.\n"));
        Assert.That((await file.ImportAsync(host, cancellation, "--map", "a=mail")).Output, Does.StartWith("There is no field 'mail'; customers have "));
        Assert.That((await file.ImportAsync(host, cancellation, "--map", "a=email", "--encoding", "klingon")).Code, Is.EqualTo(2));
    }

    [Test]
    public async Task An_import_that_was_killed_goes_on_and_doubles_nothing(CancellationToken cancellation)
    {
        const int Count = 40_000;
        await using var host = await ProfileHost.StartAsync(cancellation);
        // The last row of each thousand is wrong, so that the error file has to be gone on with too.
        var text = ImportFile.Customers(Count).Split('\n')
            .Select((line, i) => i > 0 && i % 1_000 == 0 ? line.Replace("@", " ", StringComparison.Ordinal) : line);
        using var file = new ImportFile("customers.csv", string.Join('\n', text));
        using (var killed = Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "patron"), ["import", .. file.Arguments(host)]) { RedirectStandardOutput = true })!)
        {
            while (!File.Exists(file.State))
                await Task.Delay(5, cancellation);
            killed.Kill();
            await killed.WaitForExitAsync(cancellation);
            Assert.That(killed.ExitCode, Is.EqualTo(137), "it was killed before its end");
        }
        var taken = await IngestTopic.ReadFigureAsync(host, "customers", cancellation);
        var (code, output) = await file.ImportAsync(host, cancellation, "--resume");

        Assert.That(taken, Is.GreaterThan(0).And.LessThan(Count - 40));
        Assert.That(code, Is.EqualTo(3), output);
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.EqualTo(Count - 40));
        Assert.That(
            (await File.ReadAllLinesAsync(file.Errors, cancellation)).Skip(1).Select(l => l.Split(',')[0]),
            Is.EqualTo(Enumerable.Range(1, 40).Select(i => Events.Id((i * 1_000) + 1))));
    }

    [Test]
    public async Task An_import_does_not_go_on_in_another_file(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile("customers.csv", ImportFile.Customers(10));
        await File.WriteAllTextAsync(
            file.State, """{"FileBytes":1,"Head":"","How":"","Offset":9,"Row":2,"ErrorBytes":0,"Accepted":0,"Repeated":0,"Failed":0}""", cancellation);
        Assert.That((await file.ImportAsync(host, cancellation, "--resume")).Output, Does.Contain("has changed since the import was interrupted"));
        Assert.That(
            (await file.ImportAsync(host, cancellation, "--dry-run")).Output, Does.Contain("go on with --resume"), "its errors would be written over");
        Assert.That(File.Exists(file.State));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "customers", cancellation), Is.Zero);
    }
}
