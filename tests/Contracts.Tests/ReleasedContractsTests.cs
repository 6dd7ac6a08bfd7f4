using Google.Protobuf;
using Google.Protobuf.Reflection;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Contracts.Tests;

/// <summary>
/// Compares the contracts with what contracts/released says was released: <c>patron.binpb</c> is compared, <c>patron.json</c> shows the same to people.
/// </summary>
[TestFixture]
internal sealed class ReleasedContractsTests
{
    private static readonly string Released = Path.Combine(PublicContracts.Folder, "released");
    private static readonly string Binary = Path.Combine(Released, "patron.binpb");
    private static readonly string Readable = Path.Combine(Released, "patron.json");

    [OneTimeSetUp]
    public void Record()
    {
        if (!GoldenFolder.Recording)
            return;
        var present = DescriptorSets.Of(PublicContracts.Files);
        // What was released is never recorded away.
        if (File.Exists(Binary) && BreakingChanges.Between(Read(), present).Breaks is { Count: > 0 })
            return;
        Directory.CreateDirectory(Released);
        File.WriteAllBytes(Binary, present.ToByteArray());
        File.WriteAllText(Readable, DescriptorSets.Text(present));
    }

    [Test]
    public void The_contracts_keep_everything_that_was_released()
    {
        var changes = BreakingChanges.Between(Read(), DescriptorSets.Of(PublicContracts.Files));
        if (changes.Additions.Count > 0)
            TestContext.Progress.WriteLine(
                $"Not released yet: {string.Join(", ", changes.Additions)}. Record it with {GoldenFolder.Variable}=1 and commit contracts/released.");
        Assert.That(changes.Breaks, Is.Empty, string.Join('\n', changes.Breaks));
    }

    [Test]
    public void Every_public_message_was_recorded_by_its_full_name()
    {
        var recorded = Read().File.SelectMany(file => file.MessageType.Select(type => $"{file.Package}.{type.Name}")).ToList();
        Assert.That(recorded, Is.SubsetOf(PublicContracts.Messages.Select(type => type.FullName)));
        Assert.That(recorded, Has.Count.GreaterThan(20).And.Contain("patron.profile.v1.PurchaseRecorded"));
    }

    [Test]
    public void The_readable_text_shows_the_released_descriptors() => Assert.That(File.ReadAllText(Readable), Is.EqualTo(DescriptorSets.Text(Read())));

    [Test]
    public void JSON_names_are_those_of_the_protobuf_library()
    {
        var written = DescriptorSets.Of(PublicContracts.Files).File
            .SelectMany(file => file.MessageType.SelectMany(type => JsonNames($"{file.Package}.{type.Name}", type)));
        var known = PublicContracts.Messages.SelectMany(type => type.Fields.InDeclarationOrder().Select(field => $"{type.FullName}.{field.JsonName}"));
        Assert.That(written, Is.EquivalentTo(known));
    }

    private static IEnumerable<string> JsonNames(string name, DescriptorProto type) => type.Field.Select(field => $"{name}.{field.JsonName}")
        .Concat(type.NestedType.Where(nested => nested.Options?.MapEntry != true).SelectMany(nested => JsonNames($"{name}.{nested.Name}", nested)));

    private static FileDescriptorSet Read() => FileDescriptorSet.Parser.ParseFrom(File.ReadAllBytes(Binary));
}
