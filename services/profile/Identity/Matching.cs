namespace Patron.Profile;

/// <summary>What a batch of events says about who is who.</summary>
/// <param name="Who">For each event whom it is about; null for an anonymous one.</param>
/// <param name="New">Identifiers that belong to nobody yet, and whose they would become.</param>
internal sealed record Matches(IReadOnlyList<Recognised?> Who, IReadOnlyDictionary<IdentifierHash, Guid> New);

internal static class Matching
{
    /// <summary>
    /// Matches events to customers as if they came one after the other. Where identifiers of one event belong to different customers the
    /// surest decides (card, shop's number, phone, e-mail) and the others are foreign.
    /// </summary>
    /// <param name="known">Whose the identifiers are that belong to somebody.</param>
    /// <param name="newCustomer">Makes the id of a customer nobody has met.</param>
    public static Matches Match(IReadOnlyList<Told> events, IReadOnlyDictionary<IdentifierHash, Guid> known, Func<Guid> newCustomer)
    {
        var added = new Dictionary<IdentifierHash, Guid>();
        var who = new Recognised?[events.Count];
        for (var i = 0; i < events.Count; i++)
        {
            if (!events[i].IsAnonymous)
                who[i] = Recognise(events[i].Identifiers);
        }
        return new Matches(who, added);

        Recognised Recognise(IReadOnlyList<Identifier> identifiers)
        {
            // Identifiers come with the surest first.
            var customer = identifiers.Select(i => OwnerOf(i.Hash)).FirstOrDefault(o => o is not null) ?? newCustomer();
            List<ForeignIdentifier>? foreign = null;
            foreach (var identifier in identifiers)
            {
                var owner = OwnerOf(identifier.Hash);
                if (owner is null)
                    added.Add(identifier.Hash, customer);
                else if (owner != customer)
                    (foreign ??= []).Add(new ForeignIdentifier(identifier, owner.Value));
            }
            return foreign is null
                ? new Recognised(customer, identifiers, [])
                : new Recognised(customer, [.. identifiers.Where(i => foreign.TrueForAll(f => f.Identifier != i))], foreign);
        }

        Guid? OwnerOf(IdentifierHash hash) => known.TryGetValue(hash, out var owner) || added.TryGetValue(hash, out owner) ? owner : null;
    }
}
