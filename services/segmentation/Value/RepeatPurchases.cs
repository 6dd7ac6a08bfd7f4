namespace Patron.Segmentation.Value;

/// <summary>
/// What the purchase model needs of each customer, a customer's values at the same index of each array. A purchase is a day with at least
/// one receipt; the first is no repeat. Days are whole, the models' unit is a week.
/// </summary>
/// <param name="Repeats">x: days of purchase after the first one's, 0 or more.</param>
/// <param name="RecencyDays">7 t_x: days from the first to the last purchase; at least <paramref name="Repeats"/>, 0 exactly where that is.</param>
/// <param name="AgeDays">7 T: days from the first purchase to the end of what is known; at least <paramref name="RecencyDays"/>.</param>
internal sealed record RepeatPurchases(int[] Repeats, int[] RecencyDays, int[] AgeDays)
{
    public const double DaysPerWeek = 7;

    /// <summary>So that a customer's three values fit into one sortable key. 2,872 years.</summary>
    private const int BitsPerValue = 20;

    public int Count => Repeats.Length;

    /// <summary>The same customer three times over, and how often: customers with equal values have equal likelihoods.</summary>
    internal readonly record struct Group(int Repeats, int RecencyDays, int AgeDays, int Customers);

    /// <summary>
    /// The customers by equal values, by age, then recency, then repeats; and in <paramref name="groupOf"/> each customer's place there.
    /// </summary>
    /// <exception cref="ArgumentException">Values that no customer can have, such as a last purchase before the first.</exception>
    public Group[] Groups(out int[] groupOf)
    {
        if (RecencyDays.Length != Count || AgeDays.Length != Count)
            throw new ArgumentException("The arrays must be of one length.");
        var keys = new long[Count];
        var customers = new int[Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = KeyOf(Repeats[i], RecencyDays[i], AgeDays[i]);
            customers[i] = i;
        }

        Array.Sort(keys, customers);
        var groups = new List<Group>();
        groupOf = new int[Count];
        for (var from = 0; from < keys.Length;)
        {
            var to = from;
            for (; to < keys.Length && keys[to] == keys[from]; to++)
                groupOf[customers[to]] = groups.Count;
            var one = customers[from];
            groups.Add(new Group(Repeats[one], RecencyDays[one], AgeDays[one], to - from));
            from = to;
        }

        return [.. groups];
    }

    private static long KeyOf(int repeats, int recency, int age)
    {
        if (repeats < 0 || recency < repeats || (repeats == 0 && recency > 0) || age < recency || age >= 1 << BitsPerValue)
            throw new ArgumentException($"No customer has {repeats} repeats, the last {recency} days after the first purchase, in {age} days.");
        return ((long)age << (2 * BitsPerValue)) | ((long)recency << BitsPerValue) | (uint)repeats;
    }
}
