using System.Reflection;
using System.Runtime.CompilerServices;
using Google.Protobuf.Reflection;

namespace Patron.Contracts.Tests;

/// <summary>What the contracts assembly publishes.</summary>
internal static class PublicContracts
{
    /// <summary>The files under contracts/proto, by name.</summary>
    public static IReadOnlyList<FileDescriptor> Files { get; } =
    [
        .. typeof(Topics).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static))
            .Where(property => property?.PropertyType == typeof(FileDescriptor))
            .Select(property => (FileDescriptor)property!.GetValue(null)!)
            .OrderBy(file => file.Name, StringComparer.Ordinal),
    ];

    /// <summary>Every message, nested ones too, without the entries of maps.</summary>
    public static IReadOnlyList<MessageDescriptor> Messages { get; } =
        [.. Files.SelectMany(file => file.MessageTypes).SelectMany(WithNested).OrderBy(type => type.FullName, StringComparer.Ordinal)];

    public static string Folder { get; } = Path.GetFullPath(Path.Combine(Here(), "../../contracts"));

    private static IEnumerable<MessageDescriptor> WithNested(MessageDescriptor type) =>
        type.ToProto().Options?.MapEntry == true ? [] : type.NestedTypes.SelectMany(WithNested).Prepend(type);

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
