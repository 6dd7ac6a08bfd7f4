using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Runtime.Grpc;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

internal sealed class PartnerApiTests
{
    private static readonly GrpcMethod<GetBalanceRequest, GetBalanceResponse> GetBalance = new(PartnerReflection.Descriptor.Services[0], "GetBalance");

    [Test]
    [CancelAfter(60_000)]
    public async Task A_partner_asks_for_a_balance_over_grpc(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation);
        var anna = Guid.CreateVersion7(TestHost.Start);
        var fact = new PurchaseRecorded
        {
            PurchaseId = LedgerStories.Receipt(1).ToString(),
            Currency = "GBP",
            OccurredAt = TestHost.Start.ToTimestamp(),
            Lines = { new Line { Product = "SOFA", Kind = LineKind.Sale, Quantity = 1, AmountMinor = 60_000 } },
        };
        await host.PublishAsync(new Topic(Topics.Profile), "profile", anna, fact, cancellation);
        await host.DrainAsync(cancellation);

        using var partner = host.Grpc();
        Assert.That(await AskAsync(partner, anna.ToString("D"), cancellation), Is.EqualTo(new GetBalanceResponse { Available = 600, Tier = "silver" }));
        Assert.That(await StatusAsync(partner, Guid.Empty.ToString("D"), cancellation), Is.EqualTo(GrpcStatus.NotFound));
        Assert.That(await StatusAsync(partner, "anna", cancellation), Is.EqualTo(GrpcStatus.InvalidArgument));

        var (former, link) = (Guid.CreateVersion7(TestHost.Start), Guid.CreateVersion7(TestHost.Start).ToString("D"));
        await host.PublishAsync(
            new Topic(Topics.Profile), "profile", former, new MergedAway { Into = anna.ToString("D"), LinkId = link, Version = 1 }, cancellation);
        await host.DrainAsync(cancellation);
        Assert.That((await AskAsync(partner, former.ToString("D"), cancellation)).Available, Is.EqualTo(600), "by the id of before the merge");

        using var stranger = host.Grpc(withKey: false);
        Assert.That(await StatusAsync(stranger, anna.ToString("D"), cancellation), Is.EqualTo(GrpcStatus.Unauthenticated));
    }

    private static Task<GetBalanceResponse> AskAsync(GrpcClient client, string customer, CancellationToken cancellation) =>
        client.UnaryAsync(GetBalance, new GetBalanceRequest { CustomerId = customer }, GrpcCallOptions.Within(TimeSpan.FromSeconds(20)), cancellation);

    private static async Task<GrpcStatus> StatusAsync(GrpcClient client, string customer, CancellationToken cancellation) =>
        (await Assert.ThrowsAsync<GrpcException>(() => AskAsync(client, customer, cancellation)))!.Status;
}
