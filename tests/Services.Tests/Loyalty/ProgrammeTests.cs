using NUnit.Framework;
using Patron.Loyalty;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class ProgrammeTests
{
    [Test]
    public void The_programme_that_ships_is_right() => Assert.That(Demo.Faults(), Is.Empty);

    [Test]
    public void Every_fault_of_a_document_is_named()
    {
        var wrong = Demo with { Version = 0, Zone = "Mars/Olympus", ExpiryMonths = 0, TierWindowMonths = 25, EarnRates = [], Tiers = [new("gold", 5, 100)] };
        Assert.That(wrong.Faults().Count(), Is.EqualTo(6), string.Join('\n', wrong.Faults()));
    }

    [Test]
    public void Tiers_ascend_and_have_names_of_their_own()
    {
        Assert.That((Demo with { Tiers = [new("a", 0, 100), new("b", 0, 100)] }).Faults().Single(), Does.Contain("ascend"));
        Assert.That((Demo with { Tiers = [new("a", 0, 100), new("a", 1, 100)] }).Faults().Single(), Does.Contain("differ"));
    }

    [Test]
    public void A_document_that_is_not_a_programme_is_refused_with_the_reason()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, """{ "version": "one" }""");
            Assert.That(() => Programme.Load(path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("version"));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
