namespace Patron.Loyalty;

/// <summary>A version of the programme and from when on it is in force.</summary>
internal sealed record ProgrammeVersion(Programme Programme, DateTimeOffset EffectiveFrom);

/// <summary>
/// All versions of the programme. Of those that have begun the one that began last is in force; of several that begin at the same moment the
/// highest, so that a plan is corrected by putting it again. Never changes.
/// </summary>
internal sealed class ProgrammeVersions
{
    private readonly ProgrammeVersion[] ascending;

    public ProgrammeVersions(IEnumerable<ProgrammeVersion> versions) =>
        ascending = [.. versions.OrderBy(version => version.EffectiveFrom).ThenBy(version => version.Programme.Version)];

    public IReadOnlyList<ProgrammeVersion> All => ascending;

    /// <summary>The highest version number.</summary>
    public int Latest => ascending.Max(version => version.Programme.Version);

    /// <summary>The only version there is, always in force.</summary>
    public static implicit operator ProgrammeVersions(Programme programme) => new([new(programme, DateTimeOffset.MinValue)]);

    /// <summary>The rules of a moment; before all versions those of the first.</summary>
    public Programme At(DateTimeOffset moment)
    {
        for (var i = ascending.Length - 1; i > 0; i--)
        {
            if (ascending[i].EffectiveFrom <= moment)
                return ascending[i].Programme;
        }

        return ascending[0].Programme;
    }

    /// <summary>From a moment on another programme instead of all versions that are or come into force then.</summary>
    public ProgrammeVersions Changed(Programme programme, DateTimeOffset from) =>
        new([.. ascending.Where(version => version.EffectiveFrom < from), new(programme, from)]);
}
