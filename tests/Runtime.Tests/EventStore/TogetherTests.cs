using NUnit.Framework;
using Patron.Runtime.EventStore;
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
