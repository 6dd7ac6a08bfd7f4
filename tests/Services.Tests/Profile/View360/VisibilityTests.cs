using System.Runtime.CompilerServices;
using System.Text.Json;
using NUnit.Framework;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>Who sees what of a customer, field by field.</summary>
internal sealed class VisibilityTests
{
    private static readonly CustomerView Full = new(
        Guid.CreateVersion7(TestHost.Start),
        new MaskedDetails("Meiling", "Chan", "meiling@example.com", "+85291234567", "zh-Hant", "Asia/Hong_Kong", "HK"),
        [new ConsentView("email", "marketing", true, "signup", TestHost.Start, 1)], 3)
    {
        Aliases = [Guid.Empty],
        Loyalty = new LoyaltyView(5, "gold", null, null, []),
        Tags = [new TagHeld("a/x", "r", 1, TestHost.Start)],
        Segments = [new SegmentHeld("active", "r", TestHost.Start)],
        Insight = new Insight("champions", null, null, null, TestHost.Start),
        Purchases = new PurchasesView(1, 0, null, null, [], []),
        Behaviour = new BehaviourSummary(1, null, null),
        Journeys = [new JourneyView(Guid.Empty, "welcome", TestHost.Start, null, "r", TestHost.Start)],
        Messages = MessageSummary.None,
        Preferences = new Dictionary<string, string> { ["size"] = "39" },
        Offers = [new Offer("X", "y", null)],
        NextBestAction = new NextBestAction("call", "r"),
        AsOf = TestHost.Start,
        Freshness = new Dictionary<string, long> { ["patron.profile"] = 1 },
    };

    [Test]
    public void Every_field_of_a_customer_is_shown_to_each_role_as_the_table_says()
    {
        var clear = Fields(Full);
        Assert.That(clear.Keys, Is.EquivalentTo(Visibility.Table.Keys), "a field without a row of the table, or a row without a field");
        Assert.Multiple(() =>
        {
            foreach (var role in Enum.GetValues<Role>())
            {
                var seen = Fields(Visibility.Cut(Full, role));
                foreach (var (field, sights) in Visibility.Table)
                {
                    var shown = seen.GetValueOrDefault(field);
                    if (sights[(int)role] == Sight.Hidden)
                        Assert.That(shown, Is.Null, $"{field} for {role}");
                    else if (sights[(int)role] == Sight.Clear)
                        Assert.That(shown, Is.EqualTo(clear[field]), $"{field} for {role}");
                    else
                        Assert.That(shown, Does.Contain("***").And.Not.EqualTo(clear[field]), $"{field} for {role}");
                }
            }
        });
    }

    [Test]
    public void The_documented_table_is_the_one_that_is_applied()
    {
        var rows = Visibility.Table.Select(f => $"| `{f.Key}` | {string.Join(" | ", f.Value.Select(s => s.ToString().ToLowerInvariant()))} |");
        var document = File.ReadAllLines(Path.Combine(Here(), "..", "..", "..", "..", "infra", "visibility.md"));
        Assert.That(document.Where(line => line.StartsWith("| `", StringComparison.Ordinal)), Is.EqualTo(rows));
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    private static Dictionary<string, string> Fields(CustomerView view)
    {
        var fields = new Dictionary<string, string>();
        foreach (var (name, value) in JsonSerializer.SerializeToNode(view, ViewJson.Default.CustomerView)!.AsObject())
        {
            if (name != "details")
                fields[name] = value!.ToJsonString();
            else
                foreach (var (detail, text) in value!.AsObject())
                    fields[$"details.{detail}"] = text!.ToJsonString();
        }
        return fields;
    }
}
