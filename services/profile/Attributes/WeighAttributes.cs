using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>Who tells, and when. Business time.</summary>
internal readonly record struct Teller(string Source, DateTimeOffset ToldAt, DateTimeOffset RecordedAt, bool Inferred = false);

/// <summary>A value in clear, cleansed; it lives only while an event is being handled.</summary>
internal readonly record struct ToldAttribute(string Key, string Value);

/// <summary>What became of what was told.</summary>
/// <param name="Details">Everything that is known now.</param>
/// <param name="Changed">The keys with a new value.</param>
/// <param name="Confirmed">The keys whose value was known and is now known to be newer.</param>
internal sealed record Weighed(
    SealedDetails Details, IReadOnlyList<string> Changed, IReadOnlyList<string> Confirmed, IReadOnlyList<AttributeNote> Notes)
{
    /// <summary>In clear, where it is among the changed.</summary>
    public DateOnly? BirthDate { get; init; }
}

/// <summary>
/// Weighs each attribute by itself, so that the same things told in any order lead to the same values: the source that goes before, then the
/// later time at which it was told, then, for a tie, the source's name and the value, whichever is greater.
/// </summary>
internal static class WeighAttributes
{
    /// <summary>What people say of themselves on their own page goes before every source.</summary>
    public const string OwnSource = "/patron/preferences";

    public static Weighed Weigh(
        SealedDetails known, IEnumerable<ToldAttribute> told, Teller teller, IReadOnlyDictionary<string, IReadOnlyList<string>> priorities,
        CustomerKey key, IReadOnlyList<AttributeNote>? notes = null)
    {
        var (now, changed, confirmed, noted) = (known, new List<string>(), new List<string>(), new List<AttributeNote>(notes ?? []));
        foreach (var (name, value) in told)
        {
            var before = now.Find(name) is { } text ? key.Unseal(text, AttributesByKey.FieldOf(name)) : null;
            var outcome = before is null ? Outcome.Wins : Compare(teller, value, now.OriginOf(name), before, priorities.GetValueOrDefault(name) ?? []);
            if (before == value)
            {
                if (!Wins(outcome))
                    continue;
                confirmed.Add(name);
                now = now.From(name, teller);
                continue;
            }

            if (NoteOf(outcome) is { } note)
                noted.Add(new AttributeNote(name, note));
            if (!Wins(outcome))
                continue;
            changed.Add(name);
            now = now.With(name, key.Seal(value, AttributesByKey.FieldOf(name))).From(name, teller);
        }

        return new Weighed(now, changed, confirmed, noted)
        {
            BirthDate = changed.Contains(BuiltIn.BirthDate) ? Birthdays.In(now, key) : null,
        };
    }

    /// <summary>The event that keeps the outcome, or null when nothing is worth one.</summary>
    /// <param name="holdsOthers">Others are merged into the customer: what was confirmed may be their value, so that the event keeps it too.</param>
    public static ProfileEvent? EventOf(Weighed weighed, Teller teller, bool holdsOthers = false) => weighed switch
    {
        { Changed.Count: > 0 } or { Confirmed.Count: > 0 } when holdsOthers || weighed.Changed.Count > 0 => new DetailsChanged(
            weighed.Details, weighed.Changed, teller.Source, teller.ToldAt, weighed.Notes.Count > 0 ? weighed.Notes : null)
        {
            Confirmed = holdsOthers ? weighed.Confirmed : null,
            BirthDate = weighed.BirthDate,
        },
        { Confirmed.Count: > 0 } or { Notes.Count: > 0 } => new DetailsWeighed(
            teller.Source, teller.ToldAt, teller.RecordedAt, weighed.Confirmed, weighed.Notes),
        _ => null,
    };

    /// <summary>
    /// Of two customers' attributes, or of what was told at different times, those that count, as if all had been told to one customer.
    /// </summary>
    /// <param name="othersKey">The key under which the others are sealed.</param>
    /// <returns>Everything that is known then, and the keys that are the others'.</returns>
    public static (SealedDetails Details, IReadOnlyList<string> Taken) Join(
        SealedDetails known, CustomerKey key, SealedDetails others, CustomerKey othersKey, IReadOnlyDictionary<string, IReadOnlyList<string>> priorities)
    {
        var (now, taken) = (known, new List<string>());
        foreach (var name in others.Keys())
        {
            var field = AttributesByKey.FieldOf(name);
            var (value, teller) = (othersKey.Unseal(others.Find(name)!, field), others.OriginOf(name));
            var before = now.Find(name) is { } text ? key.Unseal(text, field) : null;
            if (before is not null && !(teller is { } told && Wins(Compare(told, value, now.OriginOf(name), before, priorities.GetValueOrDefault(name) ?? []))))
                continue;
            taken.Add(name);
            now = before == value ? now : now.With(name, ReferenceEquals(key, othersKey) ? others.Find(name)! : key.Seal(value, field));
            now = teller is { } origin ? now.From(name, origin) : now;
        }

        return (now, taken);
    }

    private static bool Wins(Outcome outcome) => outcome is Outcome.Wins or Outcome.WinsTie;

    private static Outcome Compare(Teller told, string value, Teller? origin, string knownValue, IReadOnlyList<string> priority)
    {
        // What was told before origins were kept is older than everything.
        if (origin is not { } known)
            return Outcome.Wins;
        if (told.Inferred != known.Inferred)
            return told.Inferred ? Outcome.LosesRank : Outcome.Wins;
        var (rank, knownRank) = (RankOf(told.Source, priority), RankOf(known.Source, priority));
        if (rank != knownRank)
            return rank < knownRank ? Outcome.Wins : Outcome.LosesRank;
        if (told.ToldAt != known.ToldAt)
            return told.ToldAt > known.ToldAt ? Outcome.Wins : Outcome.LosesTime;
        var order = string.CompareOrdinal(told.Source, known.Source);
        return (order != 0 ? order : string.CompareOrdinal(value, knownValue)) > 0 ? Outcome.WinsTie : Outcome.LosesTie;
    }

    // An entry covers the source itself and those below it: /pos covers /pos/hk.
    private static int RankOf(string source, IReadOnlyList<string> priority)
    {
        if (source == OwnSource)
            return -1;
        for (var i = 0; i < priority.Count; i++)
        {
            if (source == priority[i] || (source.StartsWith(priority[i], StringComparison.Ordinal) && source[priority[i].Length] == '/'))
                return i;
        }
        return priority.Count;
    }

    private static AttributeOutcome? NoteOf(Outcome outcome) => outcome switch
    {
        Outcome.LosesRank => AttributeOutcome.LowerPriority,
        Outcome.LosesTime => AttributeOutcome.Older,
        Outcome.LosesTie => AttributeOutcome.TieLost,
        Outcome.WinsTie => AttributeOutcome.TieWon,
        _ => null,
    };

    private enum Outcome
    {
        Wins,
        WinsTie,
        LosesRank,
        LosesTime,
        LosesTie,
    }
}
