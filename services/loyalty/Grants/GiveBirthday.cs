using System.Globalization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Members are given a programme's points at the beginning of their birthday, once a year.</summary>
internal static class GiveBirthday
{
    /// <summary>Why points were given, in reports and facts.</summary>
    public const string Reason = "birthday";

    /// <param name="year">Of the birthday.</param>
    /// <param name="at">When it began.</param>
    public static Command Command(Guid customer, int year, ProgrammeVersions versions, DateTimeOffset at)
    {
        var id = GrantPoints.IdFor(customer, string.Create(CultureInfo.InvariantCulture, $"{Reason}/{year}"));
        return Ledger.Kind.Command(
            customer, customer, (ledger, owner) => Decide(ledger, id, Sharing.Seen(customer, owner), versions.At(at), at)) with
        {
            IdempotencyKey = id.Value,
        };
    }

    public static Decision Decide(Ledger ledger, GrantId id, Guid? origin, Programme programme, DateTimeOffset at) =>
        ledger.Tier is { } tier && programme.BirthdayPointsOf(tier) is var points and > 0
            ? GrantPoints.Decide(ledger, new Grant(id, points, Reason, at), origin, programme, at)
            : Decision.Nothing;
}
