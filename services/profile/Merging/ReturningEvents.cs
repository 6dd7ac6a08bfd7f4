using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// What was told by a customer's own identifiers while they were merged, as events of their own again: weighed against what they know
/// themselves, and under their own key.
/// </summary>
internal sealed class ReturningEvents(CustomerProfile customer, Guid id, PartingTerms terms, CustomerKey key, CustomerKey holderKey)
{
    private CustomerProfile state = customer;

    public List<DomainEvent> Events { get; } = [];

    public void Add(DomainEvent happened)
    {
        Events.Add(happened);
        state = CustomerProfile.Evolve(state, happened);
    }

    /// <summary>
    /// Takes back an event of the holder. Purchases and behaviours stay where they were recorded, with their origin; who keeps something of them
    /// gives it back by that.
    /// </summary>
    public void Return(DomainEvent told)
    {
        var origin = told is ProfileEvent { Origin: { } by } && by != id ? by : (Guid?)null;
        switch (told)
        {
            case IdentifierLinked linked when !state.Identifiers.Any(i => i.Hash == linked.Hash):
                var field = Recognition.FieldOf(linked.Kind);
                Add(linked with { SealedValue = key.Seal(holderKey.Unseal(linked.SealedValue, field), field), Origin = origin, Told = null });
                break;
            case IdentifierConflictFound found when !state.Conflicts.Contains(found.Hash):
                Add(found with { Origin = origin, Told = null });
                break;
            case DetailsChanged changed:
                Weigh(changed.Source, new SealedDetails().Take(changed.Details, changed.Changed.Concat(changed.Confirmed ?? [])), [], origin);
                break;
            case ConsentChanged changed:
                Weigh(changed.Source, null, [ConsentSetAside.Of(changed)], origin);
                break;
            case TellingSetAside aside:
                Weigh(aside.Source, aside.Details, aside.Consents, origin);
                break;
            case OptInRequested asked:
                AskAgain(asked, origin);
                break;
        }
    }

    /// <summary>Timers of a merged customer change nothing: what ended meanwhile ends now.</summary>
    public void EndWhatIsOver()
    {
        foreach (var over in state.Consents.Where(c => c.EndsBy(terms.Now)).ToList())
            Add(new ConsentExpired(over.Channel, over.Purpose, terms.Now, state.ConsentVersion + 1));
    }

    private void Weigh(string source, SealedDetails? told, IReadOnlyList<ConsentSetAside> consents, Guid? origin)
    {
        var passed = told is null ? new SealedDetails() : Believe(source, told, origin);
        var notNews = new List<ConsentSetAside>();
        foreach (var consent in consents)
        {
            var resealed = consent with { Evidence = ToldEvidence.Reseal(consent.Evidence, holderKey, key) };
            if (!consent.IsNews(state.Consents.Find(consent.Channel, consent.Purpose)))
                notNews.Add(resealed);
            else
                Add(resealed.ToEvent(source, state.ConsentVersion + 1) with { Origin = origin });
        }

        if (state.HoldsOthers && SetAside.Of(source, passed, notNews) is { } aside)
            Add(aside with { Origin = origin });
    }

    /// <summary>Answers what did not count, under the customer's own key.</summary>
    private SealedDetails Believe(string source, SealedDetails told, Guid? origin)
    {
        var (details, taken) = WeighAttributes.Join(state.Details, key, told, holderKey, terms.Priorities);
        if (taken.Count > 0)
        {
            Add(new DetailsChanged(details, taken, source, told.OriginOf(taken[0])?.ToldAt)
            {
                Confirmed = state.HoldsOthers ? [] : null,
                Origin = origin,
                BirthDate = taken.Contains(BuiltIn.BirthDate) ? Birthdays.In(details, key) : null,
            });
        }

        return new SealedDetails().Take(told, told.Keys().Except(taken)).Reseal(holderKey, key);
    }

    // The link that was sent names the holder, who knows nothing of it any more.
    private void AskAgain(OptInRequested asked, Guid? origin)
    {
        var known = state.Consents.Find(asked.Channel, asked.Purpose);
        if (asked.ExpiresAt <= terms.Now || known is { Granted: true }
            || !DecideConsents.IsNews(granted: true, asked.DecidedAt, asked.Wording, asked.Evidence.WordingVersion, known))
            return;
        Add(asked with
        {
            Request = IngestReader.KeyOf($"{asked.Request:D}", $"{id:D}"),
            Version = state.ConsentVersion + 1,
            Evidence = ToldEvidence.Reseal(asked.Evidence, holderKey, key)!,
            Origin = origin,
            Told = null,
        });
    }
}
