using System.Numerics;

namespace Patron.Segmentation;

/// <summary>
/// Finds a customer's row: open addressing over row numbers alone, 5 to 11 bytes a customer, because the ids stand in a column already.
/// </summary>
internal sealed class RowIndex
{
    private const int SlotsMin = 64;

    // A row and one; 0 is empty. At most three quarters are in use, so a search always ends.
    private int[] slots = new int[SlotsMin];

    public long Bytes => 4L * slots.Length;

    /// <summary>The row, or -1.</summary>
    public int Find(Guid customer, ReadOnlySpan<Guid> customers)
    {
        for (var slot = SlotOf(customer); slots[slot] != 0; slot = (slot + 1) & (slots.Length - 1))
        {
            if (customers[slots[slot] - 1] == customer)
                return slots[slot] - 1;
        }

        return -1;
    }

    /// <summary>Adds the last of the rows, which is not in it yet.</summary>
    public void Add(int row, ReadOnlySpan<Guid> customers)
    {
        if (row + 1 > slots.Length / 4 * 3)
        {
            slots = new int[slots.Length * 2];
            for (var old = 0; old < row; old++)
                Put(old, customers[old]);
        }

        Put(row, customers[row]);
    }

    /// <summary>As if so many rows had been added one after another.</summary>
    public void Restore(int count, ReadOnlySpan<Guid> customers)
    {
        var size = SlotsMin;
        while (count > size / 4 * 3)
            size *= 2;
        slots = new int[size];
        for (var row = 0; row < count; row++)
            Put(row, customers[row]);
    }

    private void Put(int row, Guid customer)
    {
        var slot = SlotOf(customer);
        while (slots[slot] != 0)
            slot = (slot + 1) & (slots.Length - 1);
        slots[slot] = row + 1;
    }

    // Fibonacci hashing: the upper bits of the product depend on all bits of the id's hash.
    private int SlotOf(Guid customer) =>
        (int)(((uint)customer.GetHashCode() * 2_654_435_769u) >> (32 - BitOperations.Log2((uint)slots.Length)));
}
