namespace Patron.Loyalty;

/// <summary>A receipt as returns name it: the number that is printed on it, within the source that printed it.</summary>
internal static class Receipts
{
    /// <summary>Null where there is no number.</summary>
    public static Guid? KeyOf(string source, string receipt) =>
        receipt.Length == 0 ? null : Idempotency.HashOf($"receipt/{source.Length}/{source}/{receipt}");
}
