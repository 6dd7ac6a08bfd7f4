using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>
/// Codes for coupons of customers, one by one. An instance takes serials of a running batch in blocks, so that a code costs no write of its
/// own; what is left of a block at its end is lost, of 16 million serials a batch.
/// </summary>
internal sealed class RunningCodes([FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, MakeBatch making) : IDisposable
{
    private const int Block = 256;
    private readonly SemaphoreSlim taking = new(1);
    private readonly Dictionary<(string Campaign, int Version), (int Batch, int Next, int End)> blocks = [];

    public async Task<(CodeNumber Number, Refusal? Refusal)> NextAsync(string campaign, int version, CancellationToken cancellation)
    {
        await taking.WaitAsync(cancellation);
        try
        {
            var (batch, next, end) = blocks.GetValueOrDefault((campaign, version));
            if (next == end)
            {
                (batch, next, var refusal) = await TakeAsync(campaign, version, cancellation);
                if (refusal is not null)
                    return (default, refusal);
                end = next + Block;
            }

            blocks[(campaign, version)] = (batch, next + 1, end);
            return (new(batch, next), null);
        }
        finally
        {
            taking.Release();
        }
    }

    public void Dispose() => taking.Dispose();

    private async Task<(int Batch, int First, Refusal? Refusal)> TakeAsync(string campaign, int version, CancellationToken cancellation)
    {
        var known = await book.ReadAsync(cancellation);
        foreach (var batch in known.Batches.Values.Where(it => it.Made.Running && !it.Voided && it.Made.Campaign == campaign && it.Made.Version == version))
        {
            var number = batch.Made.Number;
            var taken = await runtime.ExecuteAsync(
                BookPage.Command($"batch/{number}", page => page.SerialsTaken + Block > batch.Made.Count
                    ? Decision.Nothing
                    : new SerialsTaken(number, page.SerialsTaken, Block)),
                cancellation);
            if (taken.Events is [{ Event: SerialsTaken serials }])
                return (number, serials.First, null);
        }

        var (made, refusal) = await making.MakeAsync(
            campaign, version, new(CodeSpace.SerialsMax, null, null), running: true, key: null, hash: "", by: "running", cancellation);
        return refusal is null ? await TakeAsync(campaign, made!.Version, cancellation) : (0, 0, refusal);
    }
}
