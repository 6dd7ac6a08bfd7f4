namespace Patron.Local;

/// <summary>
/// The account that PostgreSQL runs as: our own, or <c>postgres</c> when we are root, since PostgreSQL rightly refuses to run as root.
/// </summary>
internal sealed class ServerAccount
{
    private const string Name = "postgres";

    private readonly string[] _prefix;

    private ServerAccount(bool switched) =>
        _prefix = switched ? ["setpriv", $"--reuid={Name}", $"--regid={Name}", "--init-groups", "--"] : [];

    /// <summary>The account for this process.</summary>
    public static ServerAccount Current { get; } = new(switched: Environment.IsPrivilegedProcess);

    public bool IsSwitched => _prefix.Length > 0;

    /// <summary>The command line that runs <paramref name="command"/> as this account.</summary>
    public string[] As(params string[] command) => [.. _prefix, .. command];

    /// <exception cref="PrivatePostgresException">We are root and there is no such account, or it may not be taken.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        var (code, output) = await Commands.TryAsync(As("true"), null, cancellation);
        if (code != 0)
        {
            throw new PrivatePostgresException(
                $"PostgreSQL does not run as root, and the account '{Name}' cannot be used instead ({output.Trim()}). "
                + $"Debian's package makes it: apt-get install postgresql-{PostgresBinaries.MajorMin}. Or run this as another user.");
        }
    }

    /// <summary>Hands a file or folder of ours to the account, for nobody else to read.</summary>
    public async Task GiveAsync(string path, CancellationToken cancellation)
    {
        if (IsSwitched)
            await Commands.RunAsync(["chown", "--no-dereference", $"{Name}:{Name}", path], null, cancellation);
    }

    /// <summary>
    /// Makes the folder (mode 0700, owned by the account) unless it is there, and answers whether the account can use it.
    /// A folder that belongs to somebody else is not taken over.
    /// </summary>
    public async Task<bool> MakeFolderAsync(string folder, CancellationToken cancellation)
    {
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (Path.GetDirectoryName(folder) is { } parent)
            Directory.CreateDirectory(parent);
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, ownerOnly);
            await GiveAsync(folder, cancellation);
            if (await CanUseAsync(folder, cancellation))
                return true;
            Directory.Delete(folder);
            return false;
        }

        return await CanUseAsync(folder, cancellation);
    }

    private async Task<bool> CanUseAsync(string folder, CancellationToken cancellation)
    {
        // -O: owned by the account; -L: a link could lead anywhere.
        var (code, _) = await Commands.TryAsync(
            As("sh", "-c", "[ ! -L \"$1\" ] && [ -O \"$1\" ] && [ -w \"$1\" ] && [ -x \"$1\" ]", "sh", folder), null, cancellation);
        return code == 0;
    }
}
