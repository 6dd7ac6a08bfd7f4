using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Patron.Tool.Export;

namespace Patron.Services.Tests.Profile.Import;

[TestFixture]
[CancelAfter(120_000)]
internal sealed class ExportTests
{
    private static readonly ApiKey Key = ApiKey.Create();
    private static readonly string[] Columns = ["birth_date", "foot_width", "city"];

    [Test]
    public async Task Customers_come_out_masked_unless_the_key_may_see_them_whole(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await ImportAsync(host, "loyaltyCard,email,givenName\nC-1234567,anna@example.com,Anna\n", cancellation);
        var masked = await host.Http.GetStringAsync(new Uri("/v1/exports/customers", UriKind.Relative), cancellation);
        using var refused = await host.Http.GetAsync(new Uri("/v1/exports/customers?personal=true", UriKind.Relative), cancellation);
        using var folder = new ImportFile("customers.csv", "");
        var whole = await ExportAsync(host, folder.Name, cancellation, "customers", "--personal");

        Assert.That(masked, Does.Contain(",***4567,,,a***@e***.com,A***,"));
        Assert.That(masked, Does.Not.Contain("anna").And.Not.Contain("C-12"));
        Assert.That((int)refused.StatusCode, Is.EqualTo(403));
        Assert.That(whole, Does.Contain(",C-1234567,,,anna@example.com,Anna,"));
    }

    [TestCase("csv")]
    [TestCase("ndjson")]
    public async Task What_was_exported_whole_is_imported_elsewhere_as_it_was_formulas_and_all(string format, CancellationToken cancellation)
    {
        string[] names = ["=1+1", "+1", "-1", "@sum(a1)", "=2*2", "'=x", "O'Brien", "Anna \"A\", B", "陳大文"];
        await using var host = await StartAsync(cancellation);
        var customers = Events.Many(names.Length, i => Events.Update(
            $"n-{i}", card: $"C-{i}", phone: $"+8529123456{i}", data: new JsonObject { ["givenName"] = names[i] }));
        (await Events.PostAsync(host.Http, customers, cancellation)).Dispose();
        using var file = new ImportFile($"customers.{format}", "");
        var text = await ExportAsync(host, file.Name, cancellation, "customers", "--personal", "--format", format);
        await using var other = await StartAsync(cancellation);
        var imported = await file.ImportAsync(other, cancellation);
        using var copy = new ImportFile($"customers.{format}", "");
        var again = await ExportAsync(other, copy.Name, cancellation, "customers", "--personal", "--format", format);

        Assert.That(imported.Code, Is.Zero, imported.Output);
        Assert.That(Lines(again), Is.EqualTo(Lines(text)), "all but the ids, which are of each deployment");
        if (format == "ndjson")
            Assert.That(text.Trim().Split('\n').Select(l => (string?)JsonNode.Parse(l)!["givenName"]), Is.EquivalentTo(names));
        else
            Assert.That(text, Does.Contain(",'=1+1,").And.Contain(",''=x,").And.Contain(",'+85291234560,").And.Contain(",O'Brien,"));

        // Behind the first cell or member, which is the id.
        static IEnumerable<string> Lines(string export) => export.Trim().Split('\n').Select(l => l[l.IndexOf(',')..]).Order(StringComparer.Ordinal);
    }

    [Test]
    public async Task Attributes_go_in_and_come_out_the_brands_own_too_by_which_rows_are_checked_before_they_are_sent(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var declared = new JsonObject { ["type"] = "number", ["personal"] = false, ["labels"] = new JsonObject { ["en"] = "Foot width" } };
        using (var answer = await host.Http.PutAsync(
            new Uri("/v1/attributes/foot_width", UriKind.Relative), new StringContent(declared.ToJsonString(), null, "application/json"), cancellation))
            Assert.That(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellation));
        using var file = new ImportFile(
            "customers.csv",
            "loyaltyCard,attribute.birth_date,attribute.foot_width,attribute.city\nC-1,2001-05-31,9.50,香港\nC-2,,wide,\nC-3,,,東京\n");
        var dry = await file.ImportAsync(host, cancellation, "--dry-run");
        var imported = await file.ImportAsync(host, cancellation);
        using var copy = new ImportFile("customers.csv", "");
        var whole = await ExportAsync(host, copy.Name, cancellation, "customers", "--personal", "--format", "ndjson");
        var masked = await host.Http.GetStringAsync(new Uri("/v1/exports/customers?format=ndjson", UriKind.Relative), cancellation);

        Assert.That((dry.Code, imported.Code), Is.EqualTo((3, 3)), dry.Output + imported.Output);
        Assert.That(await File.ReadAllTextAsync(file.Errors, cancellation), Does.Contain("C-2").And.Contain("This must be a number").And.Not.Contain("C-1"));
        Assert.That(Told(whole), Is.EquivalentTo((string[])["2001-05-31 9.5 香港", "東京"]));
        Assert.That(Told(masked), Is.EquivalentTo((string[])["*** 9.5 ***", "***"]));

        static IEnumerable<string> Told(string export) => export.Trim().Split('\n').Select(line => string.Join(' ', Columns.Select(
            column => (string?)JsonNode.Parse(line)!["attribute." + column]).Where(value => !string.IsNullOrEmpty(value))));
    }

    [Test]
    public async Task Purchases_come_out_a_row_a_line_and_numbers_stay_numbers(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await Catalogue.CatalogueCalls.TellAsync(host, cancellation, Catalogue.CatalogueCalls.Product("85123A", "home/candles", "=Lumo"));
        var purchase = Events.Purchase("x-1", card: "C-x");
        purchase["data"]!["lines"]!.AsArray().Add((JsonNode)Events.ReturnLine(1, -255));
        (await Events.PostAsync(host.Http, new JsonArray(purchase, Events.Purchase("x-2")), cancellation)).Dispose();
        var rows = (await host.Http.GetStringAsync(new Uri("/v1/exports/purchases", UriKind.Relative), cancellation)).Trim().Split('\n');

        Assert.That(rows, Has.Length.EqualTo(6));
        Assert.That(rows.Skip(1).Select(r => r[(r.IndexOf("HKD", StringComparison.Ordinal) + 4)..]), Is.EquivalentTo((string[])
        [
            "85123A,SALE,6,1530,home/candles,'=Lumo", "POST,FEE,1,400,,", "85123A,RETURN,1,-255,home/candles,'=Lumo",
            "85123A,SALE,6,1530,home/candles,'=Lumo", "POST,FEE,1,400,,",
        ]));
        Assert.That(rows.Skip(1).Count(r => r.Split(',')[1].Length == 0), Is.EqualTo(2), "an anonymous purchase names nobody");
    }

    [Test]
    public async Task Everybody_is_exported_once_over_many_pages_and_the_erased_are_left_out(CancellationToken cancellation)
    {
        const int Count = 3_456;
        await using var host = await StartAsync(cancellation);
        await ImportAsync(host, ImportFile.Customers(Count), cancellation);
        var before = await IdsAsync();
        var vault = (Patron.Profile.CustomerVault)host.Services.GetService(typeof(Patron.Profile.CustomerVault))!;
        await vault.DestroyAsync([before[7]], cancellation);
        var after = await IdsAsync();

        Assert.That(before, Has.Count.EqualTo(Count).And.Unique);
        Assert.That(before.Except(after), Is.EqualTo((Guid[])[before[7]]));

        async Task<List<Guid>> IdsAsync() => [.. (await host.Http.GetStringAsync(new Uri("/v1/exports/customers", UriKind.Relative), cancellation))
            .Trim().Split('\n').Skip(1).Select(l => Guid.Parse(l.Split(',')[0]))];
    }

    [Test]
    public async Task A_refused_export_leaves_no_file(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        using var file = new ImportFile("customers.csv", "");
        var target = file.Name + ".out";
        await using var output = new StringWriter();
        var code = await ExportCommand.ExecuteAsync(
            ["customers", "--out", target, "--url", host.Http.BaseAddress!.ToString(), "--key", "patron_wrong"], output, output, cancellation);
        Assert.That((code, File.Exists(target)), Is.EqualTo((1, false)));
        Assert.That(output.ToString(), Does.Contain("401").And.Contain("This API key is not known here"));
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation) => ProfileHost.StartAsync(
        cancellation, null, ("Api:Keys:export:Hash", Key.Hash), ("Api:Keys:export:Scopes:0", "read"), ("Api:Keys:export:Scopes:1", "personal"));

    private static async Task ImportAsync(TestHost host, string customers, CancellationToken cancellation)
    {
        using var file = new ImportFile("customers.csv", customers);
        var (code, output) = await file.ImportAsync(host, cancellation);
        Assert.That(code, Is.Zero, output);
    }

    private static async Task<string> ExportAsync(TestHost host, string target, CancellationToken cancellation, params string[] what)
    {
        await using var output = new StringWriter();
        var code = await ExportCommand.ExecuteAsync(
            [.. what, "--out", target, "--url", host.Http.BaseAddress!.ToString(), "--key", Key.Text], output, output, cancellation);
        Assert.That(code, Is.Zero, output.ToString());
        return await File.ReadAllTextAsync(target, cancellation);
    }
}
