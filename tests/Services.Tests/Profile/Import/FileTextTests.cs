using System.Text;
using NUnit.Framework;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.Import;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class FileTextTests
{
    private const string Traditional = "card,name\nC-1,陳大文\nC-2,黃小明先生\nC-3,臺灣電腦公司的會員資料檔案\n";
    private const string Simplified = "card,name\nC-1,陈大文\nC-2,黄小明先生\nC-3,中国电脑公司的会员资料文件\n";

    [TestCase("big5", Traditional)]
    [TestCase("gb18030", Simplified)]
    [TestCase("utf-8", Traditional)]
    [TestCase("utf-16", Simplified)]
    public void The_encoding_of_a_file_is_found(string name, string text)
    {
        var encoding = name.StartsWith("utf", StringComparison.Ordinal) ? Encoding.GetEncoding(name) : CodePagesEncodingProvider.Instance.GetEncoding(name)!;
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];
        Assert.That(FileText.Detect(bytes)!.Encoding.CodePage, Is.EqualTo(encoding.CodePage));
    }

    [TestCase("name\nMüller\nGarçon\nLefèvre\n")]
    [TestCase("name\nZoë,\n")]
    public void Western_text_is_not_taken_for_Chinese_and_has_to_name_its_encoding(string text) =>
        Assert.That(FileText.Detect(Encoding.Latin1.GetBytes(text)), Is.Null);

    [TestCase("big5", Traditional, "黃")]
    [TestCase("gb18030", Simplified, "黄")]
    [TestCase("utf-16", Simplified, "黄")]
    public async Task Names_come_in_as_they_are_written(string name, string text, string initial, CancellationToken cancellation)
    {
        var encoding = name.StartsWith("utf", StringComparison.Ordinal) ? Encoding.GetEncoding(name) : CodePagesEncodingProvider.Instance.GetEncoding(name)!;
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var file = new ImportFile("customers.csv", text, encoding);
        var imported = await file.ImportAsync(host, cancellation, "--map", "card=loyaltyCard,name=givenName");
        using var found = await host.Http.PostAsync(
            new Uri("/v1/customers/lookup", UriKind.Relative), new StringContent("""{"card":"C-2"}""", Encoding.UTF8, "application/json"), cancellation);
        var id = (string)(await found.JsonAsync(cancellation))["customer"]!;
        using var shown = await host.Http.GetAsync(new Uri($"/v1/customers/{id}", UriKind.Relative), cancellation);

        Assert.That(imported.Code, Is.Zero, imported.Output);
        Assert.That((string?)(await shown.JsonAsync(cancellation))["details"]!["givenName"], Is.EqualTo($"{initial}***"));
    }
}
