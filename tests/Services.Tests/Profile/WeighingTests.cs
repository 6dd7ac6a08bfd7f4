using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.Privacy;

namespace Patron.Services.Tests.Profile;

/// <summary>Which of several things that were told about an attribute is believed, without a database.</summary>
[TestFixture]
internal sealed class WeighingTests
{
    private static readonly DateTimeOffset Morning = new(2024, 1, 10, 9, 0, 0, TimeSpan.Zero);
    private static readonly CustomerKey Key = new(Guid.Parse("0190a000-0000-7000-8000-000000000001"), new byte[32]);

    // Source, hour and value of what is told; then what is known in the end, in whatever order it arrives.
    [TestCase("/web 0 Kowloon, /web 1 Central, /web 2 Tai Po", "", "Tai Po", Description = "the last to be told")]
    [TestCase("/crm 0 Kowloon, /pos/hk 1 Central, /web 2 Tai Po", "/crm /pos", "Kowloon", Description = "the source that goes before")]
    [TestCase("/pos/hk 0 Central, /web 2 Tai Po", "/crm /pos", "Central", Description = "a till below the source that goes before")]
    [TestCase("/posh 0 Central, /web 2 Tai Po", "/crm /pos", "Tai Po", Description = "another source that begins alike")]
    [TestCase("/crm 0 Kowloon, /crm 1 Central, /web 2 Tai Po", "/crm", "Central", Description = "of one source the last")]
    [TestCase("/a 1 Kowloon, /b 1 Central, /a 0 Tai Po", "", "Central", Description = "a tie goes by the source's name")]
    [TestCase("/a 1 Kowloon, /a 1 Central, /a 1 Tai Po", "", "Tai Po", Description = "and then by the value")]
    [TestCase("/a 0 Kowloon, /b 2 Kowloon, /a 1 Central", "", "Kowloon", Description = "what was confirmed is as new as its confirmation")]
    [TestCase("/crm 0 Kowloon, /patron/preferences 1 Central, /crm 2 Tai Po", "/crm", "Central", Description = "what people say of themselves")]
    public void In_every_order_of_arrival_the_same_is_known(string told, string priority, string known)
    {
        var steps = told.Split(", ").Select(t => t.Split(' ', 3)).ToList();
        var priorities = new Dictionary<string, IReadOnlyList<string>> { ["city"] = priority.Split(' ', StringSplitOptions.RemoveEmptyEntries) };
        Assert.Multiple(() =>
        {
            foreach (var order in Orders(steps))
            {
                var details = order.Aggregate(new SealedDetails(), (now, step) => WeighAttributes.Weigh(
                    now, [new ToldAttribute("city", step[2])], new Teller(step[0], Morning.AddHours(step[1][0] - '0'), Morning.AddHours(9)), priorities, Key)
                    .Details);
                Assert.That(Key.Unseal(details.Find("city")!, "attribute.city"), Is.EqualTo(known), string.Join(" then ", order.Select(o => o[2])));
            }
        });
    }

    [Test]
    public void Each_attribute_is_weighed_by_itself()
    {
        var first = Weigh(new SealedDetails(), "/web", 2, ("city", "Central"));
        var late = Weigh(first.Details, "/web", 1, ("city", "Kowloon"), ("region", "HK Island"));

        Assert.That(late.Changed, Is.EqualTo((string[])["region"]));
        Assert.That(late.Notes, Is.EqualTo((AttributeNote[])[new AttributeNote("city", AttributeOutcome.Older)]));
        Assert.That(Key.Unseal(late.Details.Find("city")!, "attribute.city"), Is.EqualTo("Central"));
    }

    [Test]
    public void A_tie_is_written_down_whoever_wins()
    {
        var first = Weigh(new SealedDetails(), "/b", 1, ("city", "Central"));
        var lost = Weigh(first.Details, "/a", 1, ("city", "Kowloon"));
        var won = Weigh(first.Details, "/c", 1, ("city", "Kowloon"));

        Assert.That((lost.Changed.Count, lost.Notes.Single().Outcome), Is.EqualTo((0, AttributeOutcome.TieLost)));
        Assert.That((won.Changed.Count, won.Notes.Single().Outcome), Is.EqualTo((1, AttributeOutcome.TieWon)));
    }

    [Test]
    public void Whatever_is_told_goes_before_what_a_receipt_lets_suppose()
    {
        var teller = new Teller("/pos", Morning.AddHours(5), Morning.AddHours(5), Inferred: true);
        var supposed = WeighAttributes.Weigh(new SealedDetails(), [new ToldAttribute("email", "old@example.com")], teller, NoPriorities, Key);
        var told = Weigh(supposed.Details, "/crm", 1, ("email", "new@example.com"));
        Assert.That(told.Changed, Is.EqualTo((string[])["email"]));
    }

    private static readonly Dictionary<string, IReadOnlyList<string>> NoPriorities = [];

    private static Weighed Weigh(SealedDetails known, string source, int hour, params (string Key, string Value)[] told) => WeighAttributes.Weigh(
        known, told.Select(t => new ToldAttribute(t.Key, t.Value)), new Teller(source, Morning.AddHours(hour), Morning.AddHours(9)), NoPriorities, Key);

    private static IEnumerable<List<string[]>> Orders(List<string[]> steps) => steps.Count <= 1
        ? [steps]
        : steps.SelectMany((first, i) => Orders([.. steps.Where((_, j) => j != i)]).Select(rest => (List<string[]>)[first, .. rest]));
}
