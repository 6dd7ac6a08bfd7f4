using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A member's books as a stream: one entry for each account that points came from or went to.</summary>
internal sealed class TellStatement(ServiceRuntime runtime)
{
    private const int EventsPerRead = 500;
    private static readonly HashSet<string> OfMember = [Accounts.Available, Accounts.Pending, Accounts.Held, Accounts.Clawback];

    public async IAsyncEnumerable<StatementEntry> ReadAsync(
        StatementRequest request, GrpcCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var customer = PartnerService.IdOf(request.CustomerId, "customer_id");
        if (request.After < 0)
            throw PartnerErrors.Invalid("after", "This is the position of an entry, or 0.");
        var ledger = await runtime.RootAsync(customer, cancellation);
        if (await runtime.StateAsync(Ledger.Kind, ledger, cancellation) is not { Tier: not null })
            throw PartnerErrors.Of(new NoLedger());

        // The balance runs from the first entry on, also where only later ones are wanted.
        long balance = 0;
        var read = 0;
        while (!call.Draining.IsCancellationRequested)
        {
            var events = await runtime.ReadStreamAsync(ledger, read, EventsPerRead, cancellation);
            foreach (var entry in events.SelectMany(recorded => EntriesOf(recorded)))
            {
                balance += entry.Points;
                entry.Balance = balance;
                if (entry.Position > request.After)
                    yield return entry;
            }
            if (events.Count < EventsPerRead)
                yield break;
            read = events[^1].Version;
        }
        throw new GrpcException(GrpcStatus.Unavailable, "The server is stopping; go on after the last entry that was read.");
    }

    private static IEnumerable<StatementEntry> EntriesOf(RecordedEvent recorded)
    {
        var posting = Journal.Of(recorded.Event);
        return posting.Entries.Where(entry => !OfMember.Contains(entry.Account)).Select(entry => new StatementEntry
        {
            Position = recorded.Version,
            Points = -entry.Points,
            Account = entry.Account,
            Reason = posting.Reason,
            OccurredAt = (posting.At ?? recorded.Time).ToTimestamp(),
            BookedAt = recorded.Time.ToTimestamp(),
        });
    }
}
