namespace Patron.Runtime.Processing;

/// <summary>Which partitions are relayed here, and how far: acquired, saved now and then, released.</summary>
internal sealed partial class Relay
{
    public async Task AcquireAsync(IReadOnlyDictionary<int, long> owned, Guid incarnation, CancellationToken cancellation)
    {
        foreach (var (row, head) in await table.ClaimAsync(owned, incarnation, cancellation))
        {
            lock (guard)
            {
                // A commit between the query's snapshot and this line is in what this process has seen.
                var known = Math.Max(head, headsSeen.GetValueOrDefault(row.Partition));
                checkpoints[row.Partition] = new RelayCheckpoint(row.Epoch, row.Position, row.Previous, known);
            }
        }

        pulse.Set();
    }

    /// <summary>Stops relaying these partitions; what is under way is finished first.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        await publishing.WaitAsync(cancellation);
        try
        {
            await SaveAsync(cancellation);
            lock (guard)
            {
                foreach (var partition in partitions)
                    checkpoints.Remove(partition);
            }
        }
        finally
        {
            publishing.Release();
        }
    }

    /// <summary>Another instance may run a command on a partition that this one relays; its commit pulses nobody here.</summary>
    private async Task LookAtHeadsAsync(CancellationToken cancellation)
    {
        foreach (var (partition, head) in await table.HeadsAsync(cancellation))
        {
            lock (guard)
            {
                if (checkpoints.TryGetValue(partition, out var checkpoint))
                    checkpoint.Head = Math.Max(checkpoint.Head, head);
            }
        }
    }

    /// <summary>
    /// Publishes again all behind the fact at this position, or behind the start for 0. False when the partition is relayed elsewhere.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No published fact has this position.</exception>
    public async Task<bool> ResendAsync(int partition, long after, CancellationToken cancellation)
    {
        await publishing.WaitAsync(cancellation);
        try
        {
            var read = after > 0 ? await events.AfterAsync([(partition, after - 1)], 1, cancellation) : [];
            if (after != 0 && !read.Any(e => e.Position == after && definition.Publications.Any(p => !p.Topic.Compacted && p.Map(e) is not null)))
                throw new ArgumentOutOfRangeException(nameof(after), after, "No published fact has this position.");
            lock (guard)
            {
                if (!checkpoints.TryGetValue(partition, out var checkpoint))
                    return false;
                if (after < checkpoint.Position)
                    checkpoint.Rewind(after);
            }

            await SaveAsync(cancellation);
        }
        finally
        {
            publishing.Release();
        }

        pulse.Set();
        return true;
    }

    private bool HasUnsaved()
    {
        lock (guard)
            return checkpoints.Values.Any(c => c.Saved < c.Position);
    }

    /// <summary>Saves how far everything is published; a partition that another instance relays now is dropped.</summary>
    public async Task SaveAsync(CancellationToken cancellation)
    {
        savedAt = TimeProvider.System.GetTimestamp();
        List<RelayTable.Row> moved;
        lock (guard)
        {
            moved = [.. checkpoints.Where(c => c.Value.Saved < c.Value.Position)
                .Select(c => new RelayTable.Row(c.Key, c.Value.Position, c.Value.Previous, c.Value.Epoch))];
        }

        if (moved.Count == 0)
            return;
        FaultPoint.Reach(FaultPoint.RelayBeforeSave);
        var ours = await table.SaveAsync(moved, cancellation);
        FaultPoint.Reach(FaultPoint.RelayAfterSave);
        lock (guard)
        {
            foreach (var (partition, position, _, _) in moved)
            {
                if (!ours.Contains(partition))
                    checkpoints.Remove(partition);
                else if (checkpoints.TryGetValue(partition, out var checkpoint))
                    checkpoint.Saved = position;
            }
        }
    }
}
