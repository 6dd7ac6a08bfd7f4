using NUnit.Framework;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Services.Tests.Merges;
using Patron.Tagging;
using Patron.Testing;
using static Patron.Services.Tests.Tagging.TaggedHost;

namespace Patron.Services.Tests.Tagging;

/// <summary>Tags by hand of customers who are one person, and turn out not to be.</summary>
[CancelAfter(60_000)]
internal sealed class TagMergeTests
{
    private const string Student = "demographics/life-stage/student";
    private const string Parent = "demographics/life-stage/parent";
    private const string Styling = "content/topics/styling";
    private const string Sustainability = "content/topics/sustainability";

    private static readonly Topic Profile = new(Patron.Contracts.Topics.Profile);

    [TestCase(true, Parent)]
    [TestCase(false, Student)]
    public async Task Both_tags_are_the_persons_the_newer_of_one_choice_counts_and_a_split_gives_each_their_own(bool goingIsNewer, string counts)
    {
        await using var host = await StartAsync(CancellationToken.None);
        await host.TagAsync(goingIsNewer ? Anna : Ben, goingIsNewer ? Student : Parent);
        await host.TagAsync(Anna, Styling);
        await host.AdvanceToAsync(TestHost.Start.AddHours(1), CancellationToken.None);
        await host.TagAsync(goingIsNewer ? Ben : Anna, goingIsNewer ? Parent : Student);
        var before = (await host.TagsAsync(Anna), await host.TagsAsync(Ben));

        await TellAsync(host, People.Merge(Ben, Anna, 1));
        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { Styling, counts }));
        Assert.That(await host.TagIdsAsync(Ben), Is.EqualTo(new[] { Styling, counts }), "whoever is asked for");
        await host.TagAsync(Ben, Sustainability);

        await TellAsync(host, People.Split(Ben, Anna, 2));
        Assert.That((await host.TagsAsync(Anna)).GetRawText(), Is.EqualTo(before.Item1.GetRawText()));
        Assert.That(await host.TagIdsAsync(Ben), Is.EqualTo(new[] { Sustainability, Parent }), "what was meant for the one goes with them");
        Assert.That((await host.TagsAsync(Ben))[1].GetRawText(), Is.EqualTo(before.Item2[0].GetRawText()));
    }

    [Test]
    public async Task A_tag_that_was_given_to_one_ends_in_time_for_the_person_and_for_whoever_takes_it_back(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await host.TagAsync(Ben, Styling, """{ "until": "2024-01-12T00:00:00Z" }""");
        await host.TagAsync(Ben, Sustainability, """{ "until": "2024-01-14T00:00:00Z" }""");
        await TellAsync(host, People.Merge(Ben, Anna, 1));
        await host.AdvanceToAsync(TestHost.Start.AddDays(3), cancellation);
        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { Sustainability }));
        await TellAsync(host, People.Split(Ben, Anna, 2));
        Assert.That(await host.TagIdsAsync(Ben), Is.EqualTo(new[] { Sustainability }));
        await host.AdvanceToAsync(TestHost.Start.AddDays(5), cancellation);
        Assert.That(await host.TagIdsAsync(Ben), Is.Empty);
    }

    [Test]
    public void A_merge_and_its_undoing_restore_both_whatever_they_held()
    {
        var random = new Random(3);
        var tags = Taxonomy.ReadyMade.Nodes.Where(node => node.IsTag).Select(node => node.Id).ToList();
        var rules = new MergeTags(() => Taxonomy.ReadyMade);
        var merge = new Handover(Ben, Anna, Guid.Empty, 1, IsMerge: true, TestHost.Start.AddDays(10), new HashSet<Guid> { Ben });
        var undo = merge with { Version = 2, IsMerge = false };
        for (var round = 0; round < 2_000; round++)
        {
            var (root, going) = (Somebody(), Somebody());
            var (one, away) = (After(root, rules.Join(going, root, merge)), After(going, MergeTags.HandOver(going, merge)));
            foreach (var branch in one.Held.GroupBy(tag => Taxonomy.ReadyMade.Tag(tag)!.Parent!))
                Assert.That(Taxonomy.ReadyMade.Find(branch.Key)!.Choice == Choice.Multiple || branch.Count() == 1, Is.True, branch.Key);
            Assert.That(away.Held, Is.Empty);
            Assert.That(Told(After(away, rules.Reopen(one, away, undo))), Is.EqualTo(Told(going)));
            Assert.That(Told(After(one, rules.GiveBack(one, undo))), Is.EqualTo(Told(root)));
        }

        CustomerTags Somebody()
        {
            var state = CustomerTags.None;
            for (var i = random.Next(8); i > 0; i--)
            {
                var giver = (Giver)random.Next(2, 5);
                var given = new Assignment(tags[random.Next(tags.Count)], giver, $"{giver}", 0, "", TestHost.Start.AddMinutes(random.Next(10_000)));
                state = AssignTag.Give(state, Taxonomy.ReadyMade, given).Events.Aggregate(state, CustomerTags.Evolve);
            }

            return state;
        }

        static CustomerTags After(CustomerTags state, Decision decision) => decision.Events.Aggregate(state, CustomerTags.Evolve);

        static IEnumerable<string> Told(CustomerTags state) =>
            state.Assignments.Select(given => $"{given.Tag} {given.Giver} {given.Since:O} {given.Origin}").Order(StringComparer.Ordinal);
    }

    private static async Task TellAsync(TestHost host, IReadOnlyList<(Guid Customer, Google.Protobuf.IMessage Fact)> facts)
    {
        foreach (var (customer, fact) in facts)
            await host.PublishAsync(Profile, "profile", customer, fact, CancellationToken.None);
        await host.DrainAsync(CancellationToken.None);
    }
}
