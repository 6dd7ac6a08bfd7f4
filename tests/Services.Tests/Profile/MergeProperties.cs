using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Services.Tests.Profile;

/// <summary>What holds of every history of touchpoints' events, merges and unmerges; thousands of random ones, each named by its seed.</summary>
[TestFixture]
internal sealed class MergeProperties
{
    private const int Histories = 1_000;
    private const int Steps = 40;
    private const int Customers = 5;
    private static readonly DateTimeOffset Morning = new(2024, 1, 10, 9, 0, 0, TimeSpan.Zero);

    [Test]
    public void A_merge_that_is_undone_at_once_leaves_no_trace_but_that_the_two_are_kept_apart()
    {
        for (var seed = 0; seed < Histories; seed++)
        {
            var story = new StoryTeller(seed);
            story.Go(Steps);
            var (one, other) = story.TwoRoots();
            if (one == other)
                continue;
            story.World.Expire(story.Now);
            var before = story.World.Customers.Select(story.World.Told).ToList();
            var link = new Guid(seed, 9, 9, 0, 0, 0, 0, 0, 0, 0, 9);
            Assert.That(story.World.Merge(one, other, link), Is.Null, $"seed {seed}");
            var (_, customer, holder) = story.World.Links.Single(l => l.Link == link);
            Assert.That(story.World.Undo(link, customer, holder, story.Now), Is.Null, $"seed {seed}");

            Assert.That(story.World.Customers.Select(story.World.Told), Is.EqualTo(before), $"seed {seed}");
            Assert.That(story.World.StateOf(customer).LinksOrNone.KeptApart, Does.Contain(holder), $"seed {seed}");
            Assert.That(story.World.StateOf(holder).LinksOrNone.KeptApart, Does.Contain(customer), $"seed {seed}");
        }
    }

    [Test]
    public void What_each_does_while_merged_is_theirs_again_as_if_they_had_never_been_merged()
    {
        for (var seed = 0; seed < Histories; seed++)
        {
            var (merged, apart) = (new StoryTeller(seed, plain: true), new StoryTeller(seed, plain: true));
            var link = new Guid(seed, 9, 9, 0, 0, 0, 0, 0, 0, 0, 9);
            foreach (var story in new[] { merged, apart })
                story.Tell(10, customers: 2);
            merged.World.Merge(merged.First, merged.Second, link);
            foreach (var story in new[] { merged, apart })
                story.Tell(Steps, customers: 2);
            var (_, customer, holder) = merged.World.Links.Single();
            merged.World.Undo(link, customer, holder, Morning.AddDays(1));

            foreach (var who in new[] { customer, holder })
            {
                Assert.That(merged.World.StateOf(who).Identifiers, Is.EquivalentTo(apart.World.StateOf(who).Identifiers), $"seed {seed}");
                Assert.That(Consents(merged, who), Is.EqualTo(Consents(apart, who)), $"seed {seed}");
                Assert.That(merged.World.Known(who), Is.EqualTo(apart.World.Known(who)), $"seed {seed}");
            }
        }
    }

    [Test]
    public void Who_stays_merged_is_not_changed_by_whom_another_merge_had_brought()
    {
        var told = 0;
        for (var seed = 0; seed < Histories; seed++)
        {
            var (both, one) = (new StoryTeller(seed, plain: true), new StoryTeller(seed, plain: true));
            var (link, other) = (new Guid(seed, 9, 9, 0, 0, 0, 0, 0, 0, 0, 9), new Guid(seed, 8, 8, 0, 0, 0, 0, 0, 0, 0, 8));
            foreach (var story in new[] { both, one })
                story.Tell(10, customers: 3);
            both.World.Merge(both.First, both.Second, link);
            foreach (var story in new[] { both, one })
            {
                story.Tell(10, customers: 3);
                story.World.Merge(story.First, story.Third, other);
                story.Tell(10, customers: 3);
            }
            // Who is known by something surer stays; here only the stories in which it is the first.
            if (!both.World.Links.Contains((link, both.Second, both.First)) || !both.World.Links.Contains((other, both.Third, both.First))
                || !one.World.Links.Contains((other, one.Third, one.First)))
                continue;
            Assert.That(both.World.Undo(link, both.Second, both.First, Morning.AddDays(1)), Is.Null, $"seed {seed}");
            told++;

            foreach (var who in new[] { both.First, both.Second })
            {
                Assert.That(Consents(both, who), Is.EqualTo(Consents(one, who)), $"seed {seed}");
                Assert.That(both.World.Known(who), Is.EqualTo(one.World.Known(who)), $"seed {seed}");
            }
        }
        Assert.That(told, Is.GreaterThan(Histories / 10));
    }

    [Test]
    public void Nobody_has_an_event_while_merged_every_identifier_has_one_customer_and_a_replay_gives_the_state()
    {
        for (var seed = 0; seed < Histories; seed++)
        {
            var story = new StoryTeller(seed);
            story.Go(Steps);
            foreach (var customer in story.World.Customers)
            {
                var events = story.World.EventsOf(customer);
                for (var i = 1; i < events.Count; i++)
                    Assert.That(events[i - 1] is not CustomerMergedAway || events[i] is CustomerSplitOff, Is.True, $"seed {seed}: after the last event");
                Assert.That(
                    IdentityWorld.Whole(CustomerProfile.Kind.Fold(events)), Is.EqualTo(IdentityWorld.Whole(story.World.StateOf(customer))), $"seed {seed}");
            }

            var roots = story.World.Customers.Where(c => story.World.RootOf(c) == c).ToList();
            var held = roots.SelectMany(r => story.World.StateOf(r).Identifiers.Select(i => i.Hash)).ToList();
            var linked = story.World.Customers.SelectMany(story.World.EventsOf).OfType<IdentifierLinked>().Select(i => i.Hash).Distinct();
            Assert.That(held, Is.Unique.And.EquivalentTo(linked), $"seed {seed}: no identifier is lost or has two customers");
            Assert.That(
                roots.SelectMany(r => story.World.StateOf(r).LinksOrNone.Nodes().Append(r)), Is.Unique.And.EquivalentTo(story.World.Customers), $"seed {seed}");
        }
    }

    private static IEnumerable<string> Consents(StoryTeller story, Guid customer) => story.World.StateOf(customer).Consents
        .Select(c => $"{c.Purpose} {c.Status} {c.Wording} {c.ChangedAt:O}").Order(StringComparer.Ordinal);

    /// <summary>Random steps over a few customers; the same seed tells the same story.</summary>
    private sealed class StoryTeller
    {
        private static readonly string[] Sources = ["/crm", "/pos/hk", "/web", "/patron/preferences"];
        private static readonly OptInTerms OptIn = new(TimeSpan.FromMinutes(15), TimeSpan.Zero, 20);

        private readonly Random random;
        private readonly bool plain;
        private readonly List<Guid> customers = [];
        private int step;

        /// <param name="plain">Nobody has to confirm, and no grant ends by itself: what is asked and when it ends depends on what others decided.</param>
        public StoryTeller(int seed, bool plain = false)
        {
            (random, this.plain) = (new Random(seed), plain);
            for (var i = 0; i < Customers; i++)
                customers.Add(World.Register(Morning));
        }

        public IdentityWorld World { get; } = new();

        public DateTimeOffset Now => Morning.AddMinutes(step);

        public Guid First => customers[0];

        public Guid Second => customers[1];

        public Guid Third => customers[2];

        public void Go(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                World.Expire(Now);
                switch (random.Next(7))
                {
                    case 0:
                        var (one, other) = TwoRoots();
                        World.Merge(one, other, new Guid(++step, 2, 2, 0, 0, 0, 0, 0, 0, 0, 2));
                        break;
                    case 1 when World.Links.ToList() is { Count: > 0 } links:
                        var (link, customer, holder) = links[random.Next(links.Count)];
                        World.Undo(link, customer, holder, Morning.AddMinutes(++step));
                        break;
                    case 2:
                        // Whoever looked the customer up before a merge or unmerge sends the event to the wrong one.
                        Send(customers[random.Next(Customers)], customers[random.Next(Customers)]);
                        break;
                    case 3:
                        World.Confirm(customers[random.Next(Customers)], Morning.AddMinutes(++step));
                        break;
                    default:
                        Tell(1, Customers);
                        break;
                }
            }
        }

        public void Tell(int events, int customers)
        {
            for (var i = 0; i < events; i++)
            {
                var node = this.customers[random.Next(customers)];
                Send(node, World.RootOf(node));
            }
        }

        public (Guid One, Guid Other) TwoRoots() =>
            (World.RootOf(customers[random.Next(Customers)]), World.RootOf(customers[random.Next(Customers)]));

        private void Send(Guid node, Guid root)
        {
            var now = Morning.AddMinutes(++step);
            var own = World.EventsOf(node).OfType<IdentifierLinked>().First();
            var number = customers.IndexOf(node) + 1;
            var told = random.Next(4) == 0
                ? IdentityWorld.Identifier(IdentifierKind.Phone, $"{node:N}-{random.Next(3)}")
                : new Identifier(own.Kind, $"c{number}@example.com", new IdentifierHash(own.Kind, own.Hash));
            // Some is told late.
            var at = now.AddMinutes(-random.Next(2) * random.Next(20));
            ToldAttribute[] all = [new(SealedFields.GivenName, $"{number}-{step}"), new("city", random.Next(2) == 0 ? "Kowloon" : "Central")];
            var attributes = all.Where(_ => random.Next(3) == 0).ToList();
            var consent = new ToldConsent(
                "email", $"p{random.Next(2)}", random.Next(2) == 0, $"w{step}", at, new ToldEvidence(ConsentMethod.Form),
                !plain && random.Next(2) == 0 ? OptIn : null, !plain && random.Next(2) == 0 ? TimeSpan.FromMinutes(10) : null);
            var teller = new Teller(Sources[random.Next(Sources.Length)], at, now);
            World.Tell(node, root, told, now, new Telling(teller, attributes, random.Next(2) == 0 ? [consent] : []), purchase: random.Next(4) == 0);
        }
    }
}
