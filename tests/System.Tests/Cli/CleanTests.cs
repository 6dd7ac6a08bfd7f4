using NUnit.Framework;
using Patron.Local;
using Patron.Tool;

namespace Patron.System.Tests.Cli;

[TestFixture, CancelAfter(60_000), Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CleanTests
{
    private readonly Checkout _checkout = new(Path.Combine(Path.GetTempPath(), $"patron-clean-{Path.GetRandomFileName()}"));
    private readonly StringWriter _output = new();

    [SetUp]
    public void Make() => Directory.CreateDirectory(_checkout.Folder);

    [TearDown]
    public async Task Delete()
    {
        await PrivatePostgres.DeleteAsync(_checkout.PostgresFolder, CancellationToken.None);
        Directory.Delete(_checkout.Folder, recursive: true);
    }

    [Test]
    public async Task The_state_folder_and_its_server_are_deleted_and_again_does_no_harm(CancellationToken cancellation)
    {
        await (await StartAsync(cancellation)).DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(_checkout.StateFolder, "mail"), "kept by a run", cancellation);

        Assert.That(await Clean.RunAsync(_checkout, _output, cancellation), Is.Zero);
        Assert.That(Directory.Exists(_checkout.StateFolder), Is.False);
        Assert.That(await Clean.RunAsync(_checkout, _output, cancellation), Is.Zero);
        Assert.That(_output.ToString(), Does.Contain($"Deleted {_checkout.StateFolder}").And.Contain("nothing to delete"));
    }

    [Test]
    public async Task A_running_patron_is_left_alone(CancellationToken cancellation)
    {
        await using var postgres = await StartAsync(cancellation);

        Assert.That(await Clean.RunAsync(_checkout, _output, cancellation), Is.EqualTo(1));
        Assert.That(_output.ToString(), Does.Contain("is using"));
        Assert.That(File.Exists(postgres.LogFile));
        Assert.That((await PrivatePostgres.InspectAsync(_checkout.PostgresFolder, cancellation)).InUse);
    }

    private Task<PrivatePostgres> StartAsync(CancellationToken cancellation) => PrivatePostgres.StartAsync(
        new PrivatePostgresOptions { Folder = _checkout.PostgresFolder, Durable = false, SharedBuffersMiB = 16 }, cancellation);
}
