using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using NUnit.Framework;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Partner;

/// <summary>Many calls of a partner over one stream.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class PartnerSessionTests
{
    [Test]
    public async Task Callers_of_one_session_race_for_points_and_nobody_gets_what_is_not_there(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        using var partner = till.Host.Grpc();
        await using var session = new PartnerSession(partner, cancellation);

        // More than may be under way at once: the rest waits and is answered too.
        var responses = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => session.CallAsync(new() { ReservePoints = Hold(anna, $"hold-{i}", 10) })));
        var held = responses.Where(response => response.ReservePoints is not null).Select(response => response.ReservePoints.HoldId).ToList();
        Assert.That(held, Has.Count.EqualTo(10).And.Unique, "of 100 points, ten at a time");
        Assert.That(
            responses.Where(response => response.Refusal is not null).Select(response => (response.Refusal.Code, ReasonOf(response.Refusal))).Distinct(),
            Is.EqualTo(new[] { ((int)GrpcStatus.FailedPrecondition, "NOT_ENOUGH_POINTS") }));

        var confirmed = await Task.WhenAll(held.Select(hold =>
            session.CallAsync(new() { ConfirmHold = new() { CustomerId = $"{anna}", HoldId = hold } })));
        Assert.That(confirmed.Sum(response => response.ConfirmHold.Points), Is.EqualTo(100));
        await session.EndAsync();
    }

    [Test]
    public async Task A_call_fails_alone_and_a_retry_answers_as_the_first_time(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        using var partner = till.Host.Grpc();
        await using var session = new PartnerSession(partner, cancellation);
        var hold = Hold(anna, "desk", 60);
        var first = await session.CallAsync(new() { ReservePoints = hold });

        var nothing = await session.CallAsync(new());
        Assert.That((nothing.Refusal.Code, ReasonOf(nothing.Refusal)), Is.EqualTo(((int)GrpcStatus.InvalidArgument, "INVALID_ARGUMENT")));
        var both = await session.CallAsync(new() { ReservePoints = hold, Lookup = new() { CustomerId = $"{anna}" } });
        Assert.That(both.Refusal.Code, Is.EqualTo((int)GrpcStatus.InvalidArgument));
        var late = await session.CallAsync(new() { Timeout = Duration.FromTimeSpan(TimeSpan.Zero), Lookup = new() { CustomerId = $"{anna}" } });
        Assert.That(late.Refusal.Code, Is.EqualTo((int)GrpcStatus.DeadlineExceeded));
        var wrong = await session.CallAsync(new() { Timeout = new() { Seconds = -1 }, Lookup = new() { CustomerId = $"{anna}" } });
        Assert.That(wrong.Refusal.Code, Is.EqualTo((int)GrpcStatus.InvalidArgument));
        var other = await session.CallAsync(new() { ReservePoints = new(hold) { Points = 61 } });
        Assert.That((other.Refusal.Code, ReasonOf(other.Refusal)), Is.EqualTo(((int)GrpcStatus.AlreadyExists, "IDEMPOTENCY_KEY_REUSED")));

        var again = await session.CallAsync(new() { ReservePoints = hold });
        Assert.That(again.ReservePoints, Is.EqualTo(first.ReservePoints));
        await session.EndAsync();
    }

    [Test]
    public async Task A_session_without_a_key_is_refused(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        using var stranger = till.Host.Grpc(withKey: false);
        await using var session = new PartnerSession(stranger, cancellation);
        var refused = await Assert.ThrowsAsync<GrpcException>(() => session.CallAsync(new() { Lookup = new() { CustomerId = $"{Guid.Empty}" } }));
        Assert.That(refused!.Status, Is.EqualTo(GrpcStatus.Unauthenticated));
    }

    private static ReservePointsRequest Hold(Guid customer, string key, long points) =>
        new() { CustomerId = $"{customer}", IdempotencyKey = key, Points = points, Reason = "till" };

    private static string ReasonOf(SessionRefusal refusal) => Google.Rpc.Status.Parser.ParseFrom(refusal.StatusDetails).Details[0].Unpack<ErrorInfo>().Reason;
}
