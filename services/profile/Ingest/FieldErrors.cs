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
    private readonly HashSet<string> senders = [];

    public IReadOnlyList<FieldError> Found => found;

    public int Count => found.Count;

    /// <summary>
    /// The errors as they may be kept: a name that the sender chose may itself be personal (an e-mail address as a key), and is a star here.
    /// </summary>
    public IReadOnlyList<Reason> Reasons => [.. found.Select(e => new Reason(Kept(e.Path), e.Detail))];

    /// <param name="pointer">JSON pointer (RFC 6901) into the body, or a header's name.</param>
    /// <param name="detail">A sentence without the value, which may be personal.</param>
    public void Add(string pointer, string detail)
    {
        if (found.Count < Problem.ErrorsMax && named.Add(pointer))
            found.Add(new FieldError(pointer, detail));
    }

    /// <summary>Adds an error at a field whose name no contract knows.</summary>
    /// <param name="parent">JSON pointer to the object that has the field.</param>
    public void AddUnknown(string parent, string name, string detail)
    {
        var pointer = $"{parent}/{ProtobufJson.Escape(name)}";
        NamedBySender(pointer);
        Add(pointer, detail);
    }

    /// <summary>The last step of this pointer is a name that the sender chose.</summary>
    public void NamedBySender(string pointer) => senders.Add(pointer);

    /// <summary>Takes over the errors of a message that was translated before it was checked.</summary>
    /// <param name="translate">From a pointer into the translation to one into the message.</param>
    public void AddTranslated(FieldErrors others, Func<string, string> translate)
    {
        senders.UnionWith(others.senders.Select(translate));
        foreach (var error in others.found)
            Add(translate(error.Path), error.Detail);
    }

    private string Kept(string pointer)
    {
        if (senders.Count == 0)
            return pointer;
        var steps = pointer.Split('/');
        var place = steps[0];
        for (var i = 1; i < steps.Length; i++)
        {
            place = $"{place}/{steps[i]}";
            if (senders.Contains(place))
                steps[i] = "*";
        }
        return string.Join('/', steps);
    }
}
