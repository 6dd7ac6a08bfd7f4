using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Profile;

/// <summary>What holds of every history of touchpoints' events, merges and unmerges; thousands of random ones, each named by its seed.</summary>
[TestFixture]
internal sealed class MergeProperties
{
    private const int Histories = 2_000;
    private const int Steps = 40;
    private const int Customers = 5;
    private static readonly DateTimeOffset Morning = new(2024, 1, 10, 9, 0, 0, TimeSpan.Zero);

    [Test]
    public void A_merge_that_is_undone_at_once_leaves_no_trace_but_that_the_two_are_kept_apart()
    {
        for (var seed = 0; seed < Histories; seed++)
        {
            var story = new Teller(seed);
            story.Go(Steps);
            var (one, other) = story.TwoRoots();
            if (one == other)
                continue;
            var before = story.World.Customers.ToDictionary(c => c, story.World.Told);
            var link = new Guid(seed, 9, 9, 0, 0, 0, 0, 0, 0, 0, 9);
            Assert.That(story.World.Merge(one, other, link), Is.Null, $"seed {seed}");
            var (_, customer, holder) = story.World.Links.Single(l => l.Link == link);
            Assert.That(story.World.Undo(link, customer, holder, Morning), Is.Null, $"seed {seed}");

            Assert.That(story.World.Customers.ToDictionary(c => c, story.World.Told), Is.EqualTo(before), $"seed {seed}");
            Assert.That(story.World.StateOf(customer).LinksOrNone.KeptApart, Does.Contain(holder), $"seed {seed}");
            Assert.That(story.World.StateOf(holder).LinksOrNone.KeptApart, Does.Contain(customer), $"seed {seed}");
        }
    }

    [Test]
    public void What_each_does_while_merged_is_theirs_again_as_if_they_had_never_been_merged()
    {
        for (var seed = 0; seed < Histories; seed++)
        {
            var (merged, apart) = (new Teller(seed), new Teller(seed));
            var link = new Guid(seed, 9, 9, 0, 0, 0, 0, 0, 0, 0, 9);
            foreach (var story in new[] { merged, apart })
                story.Tell(5);
            merged.World.Merge(merged.First, merged.Second, link);
            foreach (var story in new[] { merged, apart })
                story.Tell(Steps);
            var (_, customer, holder) = merged.World.Links.Single();
            merged.World.Undo(link, customer, holder, Morning);

            foreach (var who in new[] { customer, holder })
            {
                var (had, has) = (apart.World.StateOf(who), merged.World.StateOf(who));
                Assert.That(has.Identifiers, Is.EquivalentTo(had.Identifiers), $"seed {seed}");
                Assert.That(Consents(has), Is.EqualTo(Consents(had)), $"seed {seed}");
                Assert.That(Known(has), Is.EqualTo(Known(had)), $"seed {seed}");
            }
        }

        static IEnumerable<string> Known(CustomerProfile customer) => customer.Details.Keys().Order(StringComparer.Ordinal);

        static IEnumerable<(string, bool)> Consents(CustomerProfile customer) =>
            customer.Consents.Select(c => (c.Purpose, c.Granted)).Order();
    }

    [Test]
    public void Nobody_has_an_event_while_merged_every_identifier_has_one_customer_and_a_replay_gives_the_state()
    {
        for (var seed = 0; seed < Histories; seed++)
        {
            var story = new Teller(seed);
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

    /// <summary>Random steps over a few customers; the same seed tells the same story.</summary>
    private sealed class Teller
    {
        private readonly Random random;
        private readonly List<Guid> customers = [];
        private int step;

        public Teller(int seed)
        {
            random = new Random(seed);
            for (var i = 0; i < Customers; i++)
                customers.Add(World.Register(Morning));
        }

        public IdentityWorld World { get; } = new();

        public Guid First => customers[0];

        public Guid Second => customers[1];

        public void Go(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                switch (random.Next(6))
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
                    default:
                        Tell(1);
                        break;
                }
            }
        }

        public void Tell(int events)
        {
            for (var i = 0; i < events; i++)
            {
                var node = customers[random.Next(2)];
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
            var details = random.Next(3) == 0 ? new Details(GivenName: $"{number}-{step}") : new Details();
            var consent = random.Next(3) == 0 ? new ToldConsent("email", $"p{random.Next(2)}", random.Next(2) == 0, "w", now, new ToldEvidence(ConsentMethod.Form)) : null;
            World.Tell(node, root, told, now, details, consent, purchase: random.Next(3) == 0);
        }
    }
}
