using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NUnit.Framework;
using Patron.Profile;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>An erasure that something got in the way of, and one that a backup undid.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class InterruptedErasureTests
{
    private TestDatabase database = null!;
    private TestDatabase register = null!;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        register = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
    }

    [TearDown]
    public async Task DropAsync()
    {
        await database.DisposeAsync();
        await register.DisposeAsync();
    }

    [Test]
    public async Task An_erasure_that_was_interrupted_goes_on_after_the_restart(CancellationToken cancellation)
    {
        Guid anna, erasure;
        await using (var host = await StartAsync(cancellation))
        {
            anna = await host.TellAsync(Anna.Update(), cancellation);
            await using (var source = NpgsqlDataSource.Create(register.ConnectionString))
            await using (var drop = source.CreateCommand("drop schema erased_register cascade"))
                await drop.ExecuteNonQueryAsync(cancellation);
            erasure = (Guid)(await host.AskForErasureAsync(anna, cancellation))["id"]!;
            Assert.That(await host.StatusAsync($"/v1/customers/{anna}", cancellation), Is.EqualTo(HttpStatusCode.Gone), "closed at once, whatever follows");
            Assert.That(await KeysAsync(host, anna, cancellation), Is.EqualTo(1), "nothing is destroyed before the id is safe");
        }

        await using (var host = await StartAsync(cancellation))
        {
            var receipt = await host.CompletedAsync(erasure, cancellation);
            Assert.That(await KeysAsync(host, anna, cancellation), Is.Zero);
            Assert.That((int)receipt["services"]![0]!["removed"]!["identifiers"]!, Is.EqualTo(3));
        }
    }

    [TestCase("quarantine", "update profile.identifiers set customer = customer")]
    [TestCase("identifiers", "delete from profile.identifiers")]
    [TestCase("keys", "delete from profile.identifiers; update vault.customer_keys set wrapped = null, destroyed_at = now()")]
    public async Task From_whatever_step_it_begins_again(string step, string done, CancellationToken cancellation)
    {
        Guid anna;
        await using (var host = await StartAsync(cancellation))
        {
            anna = await host.TellAsync(Anna.Update(), cancellation);
            await using var block = host.Database.CreateCommand(
                "create function profile.no() returns trigger language plpgsql as $$ begin raise exception 'crashed' using errcode = '57P01'; end $$;"
                + "create trigger no before update on profile.erasures for each row execute function profile.no()");
            await block.ExecuteNonQueryAsync(cancellation);
            await host.AskForErasureAsync(anna, cancellation);
            await using var crash = host.Database.CreateCommand(done);
            await crash.ExecuteNonQueryAsync(cancellation);
        }

        await using (var host = await StartAsync(cancellation))
        {
            await using var unblock = host.Database.CreateCommand("drop trigger no on profile.erasures");
            await unblock.ExecuteNonQueryAsync(cancellation);
            var again = await host.EraseAsync(anna, cancellation);
            Assert.That((string?)again["state"], Is.EqualTo("complete"), step);
            Assert.That(await KeysAsync(host, anna, cancellation), Is.Zero);
        }
    }

    [Test]
    public async Task A_backup_from_before_the_erasure_is_erased_again_before_anybody_is_served(CancellationToken cancellation)
    {
        Guid anna, bert;
        JsonNode receipt;
        await using (var host = await StartAsync(cancellation))
        {
            anna = await host.TellAsync(Anna.Update(), cancellation);
            bert = await host.TellAsync(Events.Update("b", "BERT0001", email: "bert@cust.example"), cancellation);
            await host.Host.DrainAsync(cancellation);
        }

        await using var backup = await BackUpAsync(cancellation);
        await using (var host = await StartAsync(cancellation))
            receipt = await host.EraseAsync(anna, cancellation);

        // The database of every service comes back as it was; the register of what was erased is another one.
        (database, var lost) = (backup, database);
        try
        {
            await using var host = await StartAsync(cancellation);
            Assert.That(await KeysAsync(host, anna, cancellation), Is.Zero, "destroyed before the first request");
            var again = await host.CompletedAsync((Guid)receipt["id"]!, cancellation);
            Assert.That((Guid)again["customer"]!, Is.EqualTo(anna));
            Assert.That(await host.StatusAsync($"/v1/customers/{anna}", cancellation), Is.EqualTo(HttpStatusCode.Gone));
            Assert.That(await host.StatusAsync($"/v1/customers/{bert}", cancellation), Is.EqualTo(HttpStatusCode.OK));
            Assert.That(await host.CountAsync("select count(*) from email.contacts where customer = $1", anna, cancellation), Is.Zero);
            Assert.That(await host.TellAsync(Events.Purchase("p", Anna.Card, currency: "GBP"), cancellation), Is.Not.EqualTo(anna));
        }
        finally
        {
            database = lost;
        }
    }

    // A database that somebody is connected to cannot be copied, and pools of a host that has ended may still be.
    private async Task<TestDatabase> BackUpAsync(CancellationToken cancellation)
    {
        await using var other = NpgsqlDataSource.Create(register.ConnectionString);
        while (true)
        {
            await using (var end = other.CreateCommand("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"))
            {
                end.Parameters.Add(new NpgsqlParameter<string> { TypedValue = database.Name });
                await end.ExecuteNonQueryAsync(cancellation);
            }

            try
            {
                return await TestPostgres.CopyDatabaseAsync(database, cancellation);
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.ObjectInUse)
            {
                await Task.Delay(50, cancellation);
            }
        }
    }

    private Task<WholeHost> StartAsync(CancellationToken cancellation) =>
        WholeHost.StartAsync(database, cancellation, null, null, ("Privacy:RegisterDatabase", register.ConnectionString));

    private static Task<long> KeysAsync(WholeHost host, Guid customer, CancellationToken cancellation) =>
        host.CountAsync("select count(*) from vault.customer_keys where customer = $1 and wrapped is not null", customer, cancellation);
}
