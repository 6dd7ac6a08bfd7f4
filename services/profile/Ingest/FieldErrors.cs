using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>
/// The wrong fields of a call or record, each with the first reason that was found, in the order of the body; what comes after the first
/// hundred is not kept.
/// </summary>
internal sealed class FieldErrors
{
    private readonly List<FieldError> found = [];
    private readonly HashSet<string> named = [];

    public IReadOnlyList<FieldError> Found => found;

    public int Count => found.Count;

    /// <param name="pointer">JSON pointer (RFC 6901) into the body, or a header's name.</param>
    /// <param name="detail">A sentence without the value, which may be personal.</param>
    public void Add(string pointer, string detail)
    {
        if (found.Count < Problem.ErrorsMax && named.Add(pointer))
            found.Add(new FieldError(pointer, detail));
    }
}
