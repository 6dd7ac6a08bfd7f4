using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Charts.Tests.Images;

[TestFixture]
internal sealed class MakeSecretsTests
{
    private static readonly string Script = Repository.Path("infra/scripts/make-secrets");

    [Test]
    public async Task Keys_are_long_random_and_known_by_their_hashes()
    {
        var secrets = await Deployments.SecretsAsync();
        Assert.That(Convert.FromBase64String(secrets["patron-profile"]["master-key"]), Has.Length.EqualTo(32));
        Assert.That(Convert.FromBase64String(secrets["patron-loyalty"]["coupon-key"]), Has.Length.EqualTo(32));
        Assert.That(Convert.FromBase64String(secrets["patron-email"]["recipient-key"]), Has.Length.EqualTo(32));
        Assert.That(secrets["patron-callers"]["gateway"], Is.EqualTo(ApiKey.HashOf(secrets["patron-gateway"]["api-key"])));
        Assert.That(secrets["patron-callers"]["metrics"], Is.EqualTo(ApiKey.HashOf(secrets["patron-metrics"]["api-key"])));
        Assert.That(secrets["patron-gateway"]["api-key"], Does.Match($"^{ApiKey.Prefix}[A-Za-z0-9_-]{{43}}$"));
        var keys = secrets.Values.SelectMany(s => s.Where(k => k.Key != "database" && k.Key != "link-key")).Select(k => k.Value).ToList();
        Assert.That(keys.Distinct().Count(), Is.EqualTo(keys.Count));
    }

    [Test]
    public async Task What_exists_is_never_overwritten()
    {
        var folder = Deployments.NewFolder("secrets-kept");
        var refused = await Programs.RunAsync(Script, [folder], folder, CancellationToken.None);
        Assert.That(refused.ExitCode, Is.EqualTo(1));
        Assert.That(refused.Errors, Does.Contain("never overwritten"));
        Assert.That(Directory.EnumerateFileSystemEntries(folder), Is.Empty);
    }

    [Test]
    public async Task Only_its_owner_can_read_them()
    {
        var folder = Path.Combine(Deployments.NewFolder("secrets-private"), "new");
        var made = await Programs.RunAsync(Script, [folder], Path.GetDirectoryName(folder)!, CancellationToken.None);
        Assert.That(made.ExitCode, Is.Zero, made.ToString());
        Assert.That(File.GetUnixFileMode(folder), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        Assert.That(File.GetUnixFileMode(Path.Combine(folder, "compose.env")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }
}
