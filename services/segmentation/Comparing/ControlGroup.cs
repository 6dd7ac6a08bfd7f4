using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>
/// The customer is among the share of customers that a control group keeps apart; see <see cref="ControlGroup"/>. Of customers who are one
/// person the id of the one who stands for all decides.
/// </summary>
/// <param name="Name">Of the control group; another name picks others.</param>
/// <param name="Percent">0.01 to 99.99, with at most two decimals. A larger share of the same name keeps those of a smaller one.</param>
internal sealed record InControlGroup(string Name, decimal Percent) : Clause
{
    public const int NameMax = 60;
    public const decimal PercentMin = 0.01m;
    public const decimal PercentMax = 99.99m;
    public const int Decimals = 2;

    public bool Has(Guid customer) => new ControlGroup(Name).Has(customer, Percent);

    /// <summary>Reads a clause.</summary>
    public static InControlGroup Read(DocumentObject from)
    {
        if (!from.Has("percent"))
            from.Fault("percent", "This field is missing: write the share in per cent, such as 10.5.");
        return new(
            from.NeededText("name", name => name.Length is > 0 and <= NameMax, $"This must be 1 to {NameMax} characters, such as spring-2027."),
            from.Fraction("percent", PercentMin, PercentMax, Decimals) ?? PercentMin);
    }
}

/// <summary>
/// Splits customers by chance and for ever: a hash of name and id gives each customer a place from 0 to 9,999, and those below the share are in the
/// group. Nothing is stored. The hash is SHA-256 of the name as a key, and the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014) with the constants of Stafford's variant 13, over key and id.
/// </summary>
internal readonly struct ControlGroup
{
    public const int Places = 10_000;
    private readonly ulong first;
    private readonly ulong second;

    public ControlGroup(string name)
    {
        Span<byte> key = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), key);
        (first, second) = (BinaryPrimitives.ReadUInt64BigEndian(key), BinaryPrimitives.ReadUInt64BigEndian(key[8..]));
    }

    public int PlaceOf(Guid customer)
    {
        Span<byte> id = stackalloc byte[16];
        customer.TryWriteBytes(id, bigEndian: true, out _);
        var hash = Mix(first ^ BinaryPrimitives.ReadUInt64BigEndian(id));
        hash = Mix(hash + second ^ BinaryPrimitives.ReadUInt64BigEndian(id[8..]));
        return (int)Math.BigMul(hash, Places, out _);
    }

    public bool Has(Guid customer, decimal percent) => PlaceOf(customer) < percent * (Places / 100);

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}

/// <summary>Which side of a split a customer is on.</summary>
/// <param name="Customer">Who stands for the customer that was asked for.</param>
/// <param name="Place">0 to 9,999; below 100 times the share it is the control group.</param>
internal sealed record ControlAnswer(string Name, decimal Percent, Guid Customer, int Place, bool InControlGroup);

internal sealed class ControlPlan(InControlGroup clause) : RulePlan
{
    private readonly ControlGroup group = new(clause.Name);

    public override int Cost => 10;

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        bits.Clear();
        var from = word * PartitionColumns.RowsPerWord;
        for (var row = from; row < Math.Min(columns.Count, from + (bits.Length * PartitionColumns.RowsPerWord)); row++)
            bits[(row - from) / PartitionColumns.RowsPerWord] |= At(columns, row) ? 1UL << (row % PartitionColumns.RowsPerWord) : 0;
    }

    public override bool At(PartitionColumns columns, int row) => group.Has(columns.CustomerAt(row), clause.Percent);
}

internal static class ControlGroupEndpoints
{
    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/control-groups/{name}/customers/{id:guid}", AnswerAsync);

    /// <summary>The share that a caller wrote, or what is wrong with it.</summary>
    public static FieldError? Wrong(string name, decimal? percent) =>
        name.Length is 0 or > InControlGroup.NameMax ? new("name", $"This must be 1 to {InControlGroup.NameMax} characters.")
        : percent is >= InControlGroup.PercentMin and <= InControlGroup.PercentMax
            && decimal.Round(percent.Value, InControlGroup.Decimals) == percent ? null
        : new("percent", "Write a share from 0.01 to 99.99 per cent with at most two decimals.");

    private static async Task<IResult> AnswerAsync(
        string name, Guid id, decimal? percent, [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        if (Wrong(name, percent) is { } wrong)
            return Problem.Invalid(wrong);
        var customer = await service.RootAsync(id, cancellation);
        var group = new ControlGroup(name);
        return TypedResults.Json(
            new ControlAnswer(name, percent!.Value, customer, group.PlaceOf(customer), group.Has(customer, percent.Value)),
            ControlJson.Default.ControlAnswer);
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ControlAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;
