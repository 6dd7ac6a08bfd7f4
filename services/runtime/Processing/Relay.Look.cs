namespace Patron.Runtime.Processing;

/// <summary>How far the relay is, for those who compare it with other instances.</summary>
internal sealed partial class Relay
{
    /// <summary>Sets, by partition, the last position that this process committed or knows of, and for owned ones the last published.</summary>
    public void LookAt(long[] committed, long[] published)
    {
        lock (guard)
        {
            foreach (var (partition, head) in headsSeen)
                committed[partition] = head;
            foreach (var (partition, checkpoint) in checkpoints)
            {
                committed[partition] = Math.Max(committed[partition], checkpoint.Head);
                published[partition] = checkpoint.Position;
            }
        }
    }
}
