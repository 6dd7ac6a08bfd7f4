using System.Text.RegularExpressions;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Why something is done with a person's data. Both are kept for ever, so neither may say who the person is.</summary>
/// <param name="Reason">One of <see cref="Reasons"/>.</param>
/// <param name="Reference">The request's number elsewhere: 1 to 64 letters, digits, and <c>. _ / -</c>.</param>
internal sealed partial record PrivacyRequest(string? Reason, string? Reference)
{
    /// <summary>GDPR 15 and 20, 17(1)(b), 21; PIPL 45 and 47: asked, consent withdrawn, objected, purpose met, unlawful, demanded by a law.</summary>
    public static IReadOnlyList<string> Reasons { get; } = ["request", "consent-withdrawn", "objection", "purpose-met", "unlawful", "law"];

    public IReadOnlyList<FieldError> Faults()
    {
        var faults = new List<FieldError>();
        if (!Reasons.Contains(Reason))
            faults.Add(new FieldError("/reason", $"The reason must be one of {string.Join(", ", Reasons)}."));
        if (Reference is null || !Number().IsMatch(Reference) || PersonalLook.IsIn(Reference))
            faults.Add(new FieldError("/reference", "Give the request's own number, 1 to 64 letters, digits and . _ / - ; nothing that says who asked."));
        return faults;
    }

    [GeneratedRegex(@"^[A-Za-z0-9._/-]{1,64}\z")]
    private static partial Regex Number();
}
