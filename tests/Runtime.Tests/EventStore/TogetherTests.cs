using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventStore;

/// <summary>Commands of several customers that are applied whole or not at all.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class TogetherTests
{
    [Test]
    public async Task A_refusal_leaves_nothing_of_its_unit_and_other_units_are_applied(CancellationToken cancellation)
    {
        await using var host = await Store.StartAsync(cancellation);
        var service = host.Service(Store.Name);
        var (one, other) = (Guid.CreateVersion7(TestHost.Start), Guid.CreateVersion7(TestHost.Start));
        var results = await service.ExecuteTogetherAsync(
            [[Shop.Sell(one, 1), Shop.Sell(other, 2_000)], [Shop.Sell(one, 3), Shop.Sell(other, 4)], []], cancellation);
        var states = await service.StatesAsync(Till.Kind, [one, other, Guid.Empty], cancellation);

        Assert.That(results[0].Select(r => r.Refusal), Is.All.EqualTo(new TooMuch(2_000)));
        Assert.That(results[1].Select(r => r.Accepted), Is.EqualTo(new[] { true, true }));
        Assert.That(states, Is.EquivalentTo(new Dictionary<Guid, Till> { [one] = new(3, 1), [other] = new(4, 1) }));
        Assert.That((await service.ReadStreamAsync(one, cancellation)).Select(e => e.Version), Is.EqualTo(new[] { 1 }), "no version is left out");
    }

    [Test]
    public async Task A_later_command_of_a_unit_sees_what_an_earlier_one_saw_and_moves_never_lose_or_double_anything(CancellationToken cancellation)
    {
        const int moves = 200;
        const int tills = 5;
        await using var host = await Store.StartAsync(cancellation);
        var service = host.Service(Store.Name);
        var customers = Enumerable.Range(0, tills).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
        await service.ExecuteAsync([.. customers.Select(c => Shop.Sell(c, 100))], cancellation);
        var random = new Random(1);
        var pairs = Enumerable.Range(0, moves).Select(_ => (From: random.Next(tills), Shift: random.Next(1, tills))).ToList();

        // Each moves all that it finds, so that a move which is decided on what another has changed meanwhile would show.
        await Task.WhenAll(pairs.Select(p => service.ExecuteTogetherAsync(
            [Move(customers[p.From], customers[(p.From + p.Shift) % tills])], cancellation)));
        var states = await service.StatesAsync(Till.Kind, customers, cancellation);
        Assert.That(states.Values.Sum(s => s.Total), Is.EqualTo(100 * tills));
    }

    [Test]
    public async Task Whatever_lanes_and_instances_remember_a_move_is_decided_on_what_is_committed(CancellationToken cancellation)
    {
        const int rounds = 150;
        const int tills = 8;
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var first = await Store.StartAsync(cancellation, database);
        await using var second = await Store.StartAsync(cancellation, database);
        ServiceRuntime[] services = [first.Service(Store.Name), second.Service(Store.Name)];
        var customers = Enumerable.Range(0, tills).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();

        // Every till is sold to by the lane of its own, and moved by that of another: each remembers what the other one changes.
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async caller =>
        {
            var random = new Random(caller);
            for (var i = 0; i < rounds; i++)
            {
                var (service, from) = (services[caller % 2], random.Next(tills));
                if (caller < 3)
                    await service.ExecuteAsync(Shop.Sell(customers[from], 1), cancellation);
                else
                    await service.ExecuteTogetherAsync([Move(customers[from], customers[(from + random.Next(1, tills)) % tills])], cancellation);
            }
        }));

        var total = 0;
        foreach (var customer in customers)
        {
            var events = await services[0].ReadStreamAsync(customer, cancellation);
            var state = await services[1].StateAsync(Till.Kind, customer, cancellation);
            Assert.That(events.Select(e => e.Version), Is.EqualTo(Enumerable.Range(1, events.Count)));
            Assert.That(state, Is.EqualTo(events.Count == 0 ? null : Till.Kind.Fold(events.Select(e => e.Event))));
            total += state?.Total ?? 0;
        }
        Assert.That(total, Is.EqualTo(3 * rounds), "a move that was decided on what another had changed would lose or double something");
    }

    private static IReadOnlyList<Command> Move(Guid from, Guid to)
    {
        var found = 0;
        return
        [
            Till.Kind.Command(from, from, till =>
            {
                found = till.Total;
                return new Sold(-found);
            }),
            Till.Kind.Command(to, to, _ => new Sold(found)),
        ];
    }
}
