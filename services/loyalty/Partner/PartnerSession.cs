using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;

namespace Patron.Loyalty;

/// <summary>A partner's calls over one stream. Each ends by itself, so that responses come in the order in which calls end.</summary>
internal sealed partial class PartnerSession(
    PartnerPoints points, FindMember members, PartnerCoupons coupons, PartnerQuotas quotas, TimeProvider clock, ILogger<PartnerSession> log)
{
    /// <summary>Calls whose response the partner has not taken yet.</summary>
    private const int UnderWayMax = 256;

    public async IAsyncEnumerable<SessionResponse> RunAsync(
        IAsyncEnumerable<SessionRequest> requests, GrpcCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var responses = Channel.CreateUnbounded<SessionResponse>(new UnboundedChannelOptions { SingleReader = true });
        using var room = new SemaphoreSlim(UnderWayMax);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = ReadAsync(requests, call, room, responses.Writer, stop.Token);
        try
        {
            await foreach (var response in responses.Reader.ReadAllAsync(cancellation))
            {
                yield return response;
                room.Release();
            }
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    /// <summary>Begins calls until the partner sends no more or the server stops, and ends when the last of them has ended.</summary>
    private async Task ReadAsync(
        IAsyncEnumerable<SessionRequest> requests, GrpcCall call, SemaphoreSlim room, ChannelWriter<SessionResponse> responses, CancellationToken cancellation)
    {
        var underWay = new List<Task>();
        Exception? why = null;
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation, call.Draining);
        try
        {
            await foreach (var request in requests.WithCancellation(reading.Token))
            {
                await room.WaitAsync(reading.Token);
                if (underWay.Count == UnderWayMax)
                    underWay.RemoveAll(done => done.IsCompleted);
                underWay.Add(AnswerAsync(request, call, responses, cancellation));
            }
        }
        catch (OperationCanceledException) when (call.Draining.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            why = new GrpcException(GrpcStatus.Unavailable, "The server is stopping; open another session and repeat what has no response yet.");
        }
#pragma warning disable CA1031 // Whatever ends the stream of requests is told to whoever reads the responses.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            why = fault;
        }

        await Task.WhenAll(underWay);
        responses.Complete(why);
    }

    private async Task AnswerAsync(SessionRequest request, GrpcCall call, ChannelWriter<SessionResponse> responses, CancellationToken session)
    {
        var response = new SessionResponse();
        try
        {
            using var timeout = request.Timeout is { } wanted ? new CancellationTokenSource(TimeOf(wanted), clock) : null;
            using var either = timeout is null ? null : CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, session);
            await RunAsync(request, response, call, either?.Token ?? session);
        }
        catch (GrpcException refusal)
        {
            response.Refusal = PartnerErrors.Told(refusal);
        }
        catch (OperationCanceledException)
        {
            response.Refusal = new() { Code = (int)GrpcStatus.DeadlineExceeded, Message = "The call's time is over; it may have taken effect." };
        }
#pragma warning disable CA1031 // A fault concerns its own call, never the others of the session.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogFailed(log, request.CallId, fault);
            response.Refusal = new() { Code = (int)GrpcStatus.Unknown, Message = "The handler failed." };
        }

        response.CallId = request.CallId;
        responses.TryWrite(response);
    }

    private async Task RunAsync(SessionRequest request, SessionResponse response, GrpcCall call, CancellationToken cancellation)
    {
        PartnerService.TakeQuota(quotas, PartnerService.PartnerOf(call));
        if (Calls(request) != 1)
            throw PartnerErrors.Invalid("call", "A request has exactly one call that this server knows.");
        switch (request)
        {
            case { Lookup: { } wanted }:
                response.Lookup = await members.LookupAsync(wanted, call, cancellation);
                break;
            case { Earn: { } wanted }:
                response.Earn = await points.EarnAsync(wanted, call, cancellation);
                break;
            case { RedeemPoints: { } wanted }:
                response.RedeemPoints = await points.RedeemAsync(wanted, call, cancellation);
                break;
            case { ReservePoints: { } wanted }:
                response.ReservePoints = await points.ReserveAsync(wanted, call, cancellation);
                break;
            case { ConfirmHold: { } wanted }:
                response.ConfirmHold = await points.ConfirmAsync(wanted, call, cancellation);
                break;
            case { CancelHold: { } wanted }:
                response.CancelHold = await points.CancelAsync(wanted, call, cancellation);
                break;
            case { CheckCoupon: { } wanted }:
                response.CheckCoupon = await coupons.CheckAsync(wanted, call, cancellation);
                break;
            case { RedeemCoupon: { } wanted }:
                response.RedeemCoupon = await coupons.RedeemAsync(wanted, call, cancellation);
                break;
            case { ReserveCoupon: { } wanted }:
                response.ReserveCoupon = await coupons.ReserveAsync(wanted, call, cancellation);
                break;
            case { ConfirmCoupon: { } wanted }:
                response.ConfirmCoupon = await coupons.ConfirmAsync(wanted, call, cancellation);
                break;
            case { CancelCoupon: { } wanted }:
                response.CancelCoupon = await coupons.CancelAsync(wanted, call, cancellation);
                break;
        }
    }

    private static int Calls(SessionRequest request) => SessionRequest.Descriptor.Fields.InFieldNumberOrder()
        .Count(field => field.FieldType == FieldType.Message && field.FieldNumber > SessionRequest.TimeoutFieldNumber && field.Accessor.HasValue(request));

    private static TimeSpan TimeOf(Duration timeout) => timeout is { Seconds: >= 0 and <= 86_400, Nanos: >= 0 }
        ? timeout.ToTimeSpan()
        : throw PartnerErrors.Invalid("timeout", "This must be 0 to 86,400 seconds.");

    [LoggerMessage(Level = LogLevel.Error, Message = "The call {Call} of a session failed.")]
    private static partial void LogFailed(ILogger log, long call, Exception fault);
}
