using Microsoft.AspNetCore.Builder;
using Npgsql;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>How a reader takes the fact of an erasure among other records of the customer.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class ErasedRecordsTests
{
    private static readonly Topic Profile = new(Topics.Profile);
    private static readonly Guid Anna = new("0197f7a0-0000-7000-8000-00000000a11a");

    private TestDatabase database = null!;
    private TestHost host = null!;

    [SetUp]
    public async Task StartAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        host = await StartHostAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Parked_records_do_not_hold_an_erasure_up_and_go_with_it(CancellationToken cancellation)
    {
        await TellAsync(Purchase("not an id"), cancellation);
        await TellAsync(Purchase(), cancellation);
        await host.DrainAsync(cancellation);
        Assert.That(await CountAsync("parked", cancellation), Is.EqualTo(2), "the second waits behind the first");
        await TellAsync(new CustomerErased(), cancellation);
        await host.DrainAsync(cancellation);

        Assert.That(await CountAsync("parked", cancellation), Is.Zero);
        Assert.That(await CountAsync("erased", cancellation), Is.EqualTo(1));
        Assert.That(await CountAsync("streams", cancellation), Is.Zero, "what was parked is not applied any more");
    }

    [Test]
    public async Task In_one_batch_what_comes_before_is_applied_and_what_comes_after_is_dropped(CancellationToken cancellation)
    {
        await TellAsync(Purchase(), cancellation);
        await TellAsync(new CustomerErased(), cancellation);
        await TellAsync(Purchase(), cancellation);
        await host.DrainAsync(cancellation);
        var events = await host.Service("loyalty").ReadStreamAsync(Anna, cancellation);
        Assert.That(events.Select(e => e.Event.GetType()), Is.EqualTo((Type[])[typeof(MemberEnrolled), typeof(PointsEarned), typeof(PointsExpired)]));
    }

    [Test]
    public async Task After_a_restart_later_facts_are_dropped_all_the_same(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await facts.WriteAsync(host, Topics.Profile, [(Anna, Purchase()), (Anna, new CustomerErased())]);
        await host.DrainAsync(cancellation);
        var before = (await host.Service("loyalty").ReadStreamAsync(Anna, cancellation)).Count;
        await host.DisposeAsync();
        host = await StartHostAsync();
        await facts.WriteAsync(host, Topics.Profile, [(Anna, Purchase()), (Anna, new CustomerErased())]);
        await host.DrainAsync(cancellation);
        Assert.That(await host.Service("loyalty").ReadStreamAsync(Anna, cancellation), Has.Count.EqualTo(before));
    }

    private static PurchaseRecorded Purchase(string? id = null) => new()
    {
        PurchaseId = id ?? Guid.CreateVersion7(TestHost.Start).ToString("D"),
        Channel = Channel.Pos,
        Currency = "GBP",
        OccurredAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TestHost.Start),
        Lines = { new Line { Product = "85123A", Kind = LineKind.Sale, Quantity = 1, AmountMinor = 2550 } },
    };

    private Task TellAsync(Google.Protobuf.IMessage fact, CancellationToken cancellation) => host.PublishAsync(Profile, "profile", Anna, fact, cancellation);

    private Task<TestHost> StartHostAsync() =>
        TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), CancellationToken.None, database);

    private async Task<long> CountAsync(string table, CancellationToken cancellation)
    {
        await using var command = host.Service("loyalty").Database.CreateCommand($"select count(*) from {table} where customer = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Anna });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
