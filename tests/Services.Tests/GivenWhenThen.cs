using System.Text.Json;
using NUnit.Framework;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests;

/// <summary>
/// Decisions as sentences: <c>Given(kind, events).When(decide).Then(events)</c> or <c>.Refused(refusal)</c>. Events compare by their whole
/// content, lists included.
/// </summary>
internal static class GivenWhenThen
{
    public static Given<TState> Given<TState>(StreamKind<TState> kind, params IReadOnlyList<DomainEvent> history)
        where TState : class => new(kind, history);
}

internal sealed record Given<TState>(StreamKind<TState> Kind, IReadOnlyList<DomainEvent> History)
    where TState : class
{
    public TState State => Kind.Fold(History);

    public When When(Func<TState, Decision> decide) => new(decide(State));

    public When When(Func<TState, IReadOnlyList<DomainEvent>, Decision> decide) => new(decide(State, History));

    /// <summary>Goes on from what was decided, for stories of several steps.</summary>
    public Given<TState> After(Func<TState, IReadOnlyList<DomainEvent>, Decision> decide)
    {
        var decision = decide(State, History);
        Assert.That(decision.Refusal, Is.Null, "an earlier step was refused");
        return this with { History = [.. History, .. decision.Events] };
    }
}

internal sealed record When(Decision Decision)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    public void Then(params IReadOnlyList<DomainEvent> expected)
    {
        Assert.That(Decision.Refusal, Is.Null, "the command was refused");
        Assert.That(Told(Decision.Events), Is.EqualTo(Told(expected)));
    }

    public void Nothing() => Then();

    public void Refused(Refusal expected)
    {
        Assert.That(Decision.Refusal, Is.EqualTo(expected));
        Assert.That(Decision.Events, Is.Empty, "a refusal changes nothing");
    }

    /// <summary>The only event of a type, for looking at a part of it.</summary>
    public TEvent The<TEvent>()
        where TEvent : DomainEvent
    {
        Assert.That(Decision.Refusal, Is.Null, "the command was refused");
        var found = Decision.Events.OfType<TEvent>().ToList();
        Assert.That(found, Has.Count.EqualTo(1), Told(Decision.Events));
        return found[0];
    }

    private static string Told(IEnumerable<DomainEvent> events) =>
        string.Join('\n', events.Select(happened => $"{happened.GetType().Name} {JsonSerializer.Serialize(happened, happened.GetType(), Readable)}"));
}
