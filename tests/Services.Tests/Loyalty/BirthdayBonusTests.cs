using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class BirthdayBonusTests
{
    private static readonly Programme Generous = Demo with
    {
        BirthdayPoints = 100,
        Tiers = [.. Demo.Tiers.Select(tier => tier.Name == "silver" ? tier with { BirthdayPoints = 250 } : tier)],
    };

    [TestCase(1_000, 100)]
    [TestCase(60_000, 250)]
    public void A_member_is_given_what_the_tier_gives(long spent, long points)
    {
        var id = GrantPoints.IdFor(Anna, "birthday/2011");
        var at = March1.AddDays(5);
        Nobody.After(Buy(1, March1, Line("SOFA", 1, spent))).When((ledger, _) => GiveBirthday.Decide(ledger, id, null, Generous, at)).Then(
            new PointsGranted(id, at, points, 0, "birthday", 2, Generous.ExpiryOf(at), (spent / 100) + points, null));
    }

    [Test]
    public void Who_is_no_member_and_a_programme_that_gives_nothing_are_left_alone()
    {
        var id = GrantPoints.IdFor(Anna, "birthday/2011");
        Nobody.When((ledger, _) => GiveBirthday.Decide(ledger, id, null, Generous, March1)).Nothing();
        Nobody.After(Buy(1, March1, Line("MUG", 1, 500))).When((ledger, _) => GiveBirthday.Decide(ledger, id, null, Demo, March1)).Nothing();
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task The_birthdays_of_a_year_are_given_for_once(CancellationToken cancellation)
    {
        var settings = await Till.ProgrammeAsync(programme => programme["birthdayPoints"] = 100, cancellation);
        await using var till = await Till.OpenAsync(cancellation, settings);
        var anna = await till.CustomerAsync(500, cancellation);
        foreach (var year in new[] { 2011, 2011, 2012 })
            await till.Host.PublishAsync(new Topic(Topics.Profile), "profile", anna, new BirthdayReached { Year = year }, cancellation);
        await till.Host.DrainAsync(cancellation);

        var ledger = await till.Host.Http.GetFromJsonAsync<JsonNode>(new Uri($"/v1/loyalty/customers/{anna}", UriKind.Relative), cancellation);
        Assert.That((long)ledger!["balance"]!, Is.EqualTo(5 + 200), "a purchase and two years");
    }
}
