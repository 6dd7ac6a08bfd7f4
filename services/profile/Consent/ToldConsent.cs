using System.Security.Cryptography;
using System.Text;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>How a grant is to be confirmed.</summary>
/// <param name="ValidFor">How long the link works.</param>
/// <param name="AskedAgainAfter">The shortest time between two requests.</param>
/// <param name="PerWeekMax">The most requests within seven days.</param>
internal sealed record OptInTerms(TimeSpan ValidFor, TimeSpan AskedAgainAfter, int PerWeekMax);

/// <summary>A decision as a touchpoint or the person's own page told it, found right.</summary>
/// <param name="DecidedAt">When the person decided; <see cref="ToldConsent.Undated"/> when an import does not say it.</param>
/// <param name="OptIn">Null when the grant counts at once.</param>
/// <param name="ValidFor">How long a grant lasts; null for ever.</param>
internal sealed record ToldConsent(
    string Channel, string Purpose, bool Granted, string Wording, DateTimeOffset DecidedAt, ToldEvidence Evidence, OptInTerms? OptIn = null,
    TimeSpan? ValidFor = null)
{
    /// <summary>Before every decision that has a time.</summary>
    public static readonly DateTimeOffset Undated = DateTimeOffset.UnixEpoch;
}

/// <summary>Evidence in clear; it lives only while an event or a call is being handled.</summary>
internal sealed record ToldEvidence(
    ConsentMethod Method, string Form = "", int WordingVersion = 0, string WordingLanguage = "", string TakenBy = "", string Address = "", string Agent = "")
{
    public const string TakenByField = "evidence.taken_by";
    public const string AddressField = "evidence.address";
    public const string AgentField = "evidence.agent";

    public ConsentEvidence Seal(CustomerKey key, Guid? optIn = null) => new(
        Method, Form, WordingVersion, WordingLanguage, SealOrNull(key, TakenBy, TakenByField), SealOrNull(key, Address, AddressField),
        Agent.Length == 0 ? null : key.Seal(HashOf(key, Agent), AgentField), optIn);

    /// <summary>The same evidence under another customer's key. A browser's hash is moved as it is: the name itself was never kept.</summary>
    public static ConsentEvidence? Reseal(ConsentEvidence? evidence, CustomerKey from, CustomerKey to)
    {
        return evidence is null ? null : evidence with
        {
            TakenBy = Moved(evidence.TakenBy, TakenByField),
            Address = Moved(evidence.Address, AddressField),
            Agent = Moved(evidence.Agent, AgentField),
        };

        string? Moved(string? text, string field) => text is null ? null : to.Seal(from.Unseal(text, field), field);
    }

    private static string? SealOrNull(CustomerKey key, string text, string field) => text.Length == 0 ? null : key.Seal(text, field);

    // Under the customer's own key, so that it tells nothing once that is destroyed.
    private static string HashOf(CustomerKey key, string text) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key.Export(), Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}
