using System.Runtime.CompilerServices;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Contracts.Tests;

/// <summary>
/// Bytes and JSON of each public message, as they lie in logs and in partners' systems. Golden files: <c>name.hex</c> and <c>name.json</c>.
/// </summary>
[TestFixture]
internal sealed class GoldenEncodingTests
{
    private const int BytesALine = 32;

    private static readonly GoldenFolder Golden = new(Folder());
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithIndentation());
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    private static IEnumerable<TestCaseData<MessageDescriptor>> Messages =>
        PublicContracts.Messages.Select(type => new TestCaseData<MessageDescriptor>(type).SetArgDisplayNames(type.FullName));

    [TestCaseSource(nameof(Messages))]
    public void A_message_has_the_frozen_bytes(MessageDescriptor type) =>
        Golden.Verify($"{type.FullName}.hex", Hex(Examples.Of(type).ToByteArray()));

    [TestCaseSource(nameof(Messages))]
    public void A_message_has_the_frozen_JSON(MessageDescriptor type) =>
        Golden.Verify($"{type.FullName}.json", Formatter.Format(Examples.Of(type)) + "\n");

    [TestCaseSource(nameof(Messages))]
    public void The_frozen_bytes_are_read_as_the_message(MessageDescriptor type)
    {
        var bytes = Convert.FromHexString(Golden.Read($"{type.FullName}.hex").ReplaceLineEndings(""));
        Assert.That(type.Parser.ParseFrom(bytes), Is.EqualTo(Examples.Of(type)));
    }

    [TestCaseSource(nameof(Messages))]
    public void The_frozen_JSON_is_read_as_the_message(MessageDescriptor type) =>
        Assert.That(Parser.Parse(Golden.Read($"{type.FullName}.json"), type), Is.EqualTo(Examples.Of(type)));

    [TestCaseSource(nameof(Messages))]
    public void An_example_leaves_no_field_empty(MessageDescriptor type)
    {
        var empty = type.Parser.ParseFrom(ByteString.Empty);
        var example = Examples.Of(type);
        Assert.That(
            type.Fields.InDeclarationOrder().Where(field => Equals(field.Accessor.GetValue(example), field.Accessor.GetValue(empty))), Is.Empty);
    }

    [Test]
    public void Every_golden_file_belongs_to_a_message() =>
        Assert.That(Golden.Names, Is.SubsetOf(PublicContracts.Messages.SelectMany(type => new[] { $"{type.FullName}.hex", $"{type.FullName}.json" })));

    [Test]
    public void The_messages_of_every_proto_file_are_looked_at()
    {
        var proto = Path.Combine(PublicContracts.Folder, "proto");
        var files = Directory.EnumerateFiles(proto, "*.proto", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(proto, file));
        Assert.That(PublicContracts.Files.Select(file => file.Name), Is.EquivalentTo(files));
    }

    private static string Hex(byte[] bytes) =>
        string.Concat(bytes.Chunk(BytesALine).Select(line => Convert.ToHexStringLower(line) + "\n"));

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "golden");
}
