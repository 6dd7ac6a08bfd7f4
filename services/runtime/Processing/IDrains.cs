namespace Patron.Runtime.Processing;

/// <summary>Work that goes on outside of transactions, such as a channel's dispatcher: business time waits until it is idle.</summary>
public interface IDrains
{
    /// <summary>True when nothing is waiting or under way. Cheap: asked thousands of times a second.</summary>
    bool IsIdle { get; }
}
