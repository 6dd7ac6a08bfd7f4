using Google.Protobuf.Reflection;
using NUnit.Framework;
using Kind = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Type;
using Label = Google.Protobuf.Reflection.FieldDescriptorProto.Types.Label;

namespace Patron.Contracts.Tests;

/// <summary>Every rule against a pair of descriptor sets that differ in exactly that.</summary>
[TestFixture]
internal sealed class BreakingChangesTests
{
    [Test]
    public void The_same_contracts_break_nothing_and_add_nothing()
    {
        var changes = Compare(_ => { });
        Assert.That(changes.Breaks, Is.Empty);
        Assert.That(changes.Additions, Is.Empty);
    }

    [TestCaseSource(nameof(Breaks))]
    public void A_break_is_told_with_its_element_and_what_to_do(Action<FileDescriptorProto> change, string beginning)
    {
        var breaks = Compare(change).Breaks;
        Assert.That(breaks, Has.Count.EqualTo(1));
        Assert.That(breaks[0], Does.StartWith(beginning));
        Assert.That(breaks[0][beginning.Length..], Does.Match(@"\. (.*\. )?(Put (it|the \w+) back|Reserve)"), "what to do");
    }

    [TestCaseSource(nameof(Additions))]
    public void An_addition_breaks_nothing(Action<FileDescriptorProto> change, string addition)
    {
        var changes = Compare(change);
        Assert.That(changes.Breaks, Is.Empty);
        Assert.That(changes.Additions, Is.EqualTo([addition]));
    }

    [Test]
    public void A_removed_file_is_a_break()
    {
        var changes = BreakingChanges.Between(new FileDescriptorSet { File = { Shop() } }, new FileDescriptorSet());
        Assert.That(changes.Breaks, Is.EqualTo(["File shop/v1/shop.proto was removed or renamed. Put it back under this name, since importers name it."]));
    }

    [Test]
    public void A_new_file_is_an_addition()
    {
        var changes = BreakingChanges.Between(new FileDescriptorSet(), new FileDescriptorSet { File = { Shop() } });
        Assert.That(changes.Breaks, Is.Empty);
        Assert.That(changes.Additions, Is.EqualTo(["file shop/v1/shop.proto"]));
    }

    [TestCase("amount", "amount")]
    [TestCase("amount_minor", "amountMinor")]
    [TestCase("street_2_line", "street2Line")]
    public void Without_a_written_JSON_name_it_is_the_lower_camel_case(string field, string expected) =>
        Assert.That(DescriptorSets.JsonName(new FieldDescriptorProto { Name = field }), Is.EqualTo(expected));

    private static IEnumerable<TestCaseData<Action<FileDescriptorProto>, string>> Breaks =>
    [
        Case("a file is renamed", file => file.Name = "shop/v1/store.proto", "File shop/v1/shop.proto was removed or renamed"),
        Case("the package changes", file => file.Package = "shop.v2", "File shop/v1/shop.proto changed its package from 'shop.v1' to 'shop.v2'"),
        Case("the syntax changes", file => file.Syntax = "proto2", "File shop/v1/shop.proto changed its syntax from 'proto3' to 'proto2'"),
        Case("a message is removed", file => file.MessageType.RemoveAt(1), "Message shop.v1.Receipt was removed or renamed"),
        Case("a message is renamed", file => file.MessageType[1].Name = "Slip", "Message shop.v1.Receipt was removed or renamed"),
        Case("a nested message is removed", file => Sale(file).NestedType.Clear(), "Message shop.v1.Sale.Part was removed or renamed"),
        Case("a nested message's field is removed", file => Sale(file).NestedType[0].Field.Clear(), "Field shop.v1.Sale.Part.text (number 1) was removed"),
        Case("a field is removed", file => Sale(file).Field.RemoveAt(0), "Field shop.v1.Sale.amount_minor (number 1) was removed"),
        Case("a field is removed and reserved", RemoveAndReserve, "Field shop.v1.Sale.amount_minor (number 1) was removed"),
        Case("a field is renamed", file => Amount(file).Name = "minor", "Field shop.v1.Sale.amount_minor (number 1) was renamed to 'minor'"),
        Case("a field's number changes", file => Amount(file).Number = 9, "Field shop.v1.Sale.amount_minor (number 1) changed its number to 9"),
        Case("a field's type changes", file => Amount(file).Type = Kind.Sint64,
            "Field shop.v1.Sale.amount_minor (number 1) changed its type from int64 to sint64"),
        Case("a field's message type changes", file => Sale(file).Field[1].TypeName = ".shop.v1.Receipt",
            "Field shop.v1.Sale.part (number 2) changed its type from .shop.v1.Sale.Part to .shop.v1.Receipt"),
        Case("a field's label changes", file => Amount(file).Label = Label.Repeated,
            "Field shop.v1.Sale.amount_minor (number 1) changed its label from optional to repeated"),
        Case("a field's JSON name changes", file => Amount(file).JsonName = "minor",
            "Field shop.v1.Sale.amount_minor (number 1) changed its JSON name from 'amountMinor' to 'minor'"),
        Case("a field becomes optional", file => Amount(file).Proto3Optional = true,
            "Field shop.v1.Sale.amount_minor (number 1) changed from a field outside of any oneof to an optional field"),
        Case("a field moves into a oneof", file => Amount(file).OneofIndex = 0,
            "Field shop.v1.Sale.amount_minor (number 1) changed from a field outside of any oneof to a case of the oneof 'payment'"),
        Case("a field moves out of a oneof", file => Sale(file).Field[2].ClearOneofIndex(),
            "Field shop.v1.Sale.cash (number 3) changed from a case of the oneof 'payment' to a field outside of any oneof"),
        Case("a reserved number is free again", file => Sale(file).ReservedRange.Clear(), "Message shop.v1.Sale no longer reserves the field numbers 20 to 21"),
        Case("a reserved range shrinks", file => Sale(file).ReservedRange[0].End = 21, "Message shop.v1.Sale no longer reserves the field numbers 20 to 21"),
        Case("a reserved name is free again", file => Sale(file).ReservedName.Clear(), "Message shop.v1.Sale no longer reserves the field name 'discount'"),
        Case("an enum is removed", file => file.EnumType.Clear(), "Enum shop.v1.Channel was removed or renamed"),
        Case("an enum value is removed", file => Channel(file).Value.RemoveAt(1), "Enum value shop.v1.Channel.CHANNEL_POS (number 1) was removed"),
        Case("an enum value is renamed", file => Channel(file).Value[1].Name = "CHANNEL_TILL",
            "Enum value shop.v1.Channel.CHANNEL_POS (number 1) was renamed to CHANNEL_TILL, or its number is used again"),
        Case("an enum value's number changes", file => Channel(file).Value[1].Number = 5,
            "Enum value shop.v1.Channel.CHANNEL_POS (number 1) changed its number to 5"),
        Case("an enum's reserved number is free again", file => Channel(file).ReservedRange.Clear(),
            "Enum shop.v1.Channel no longer reserves the numbers 8 to 8"),
        Case("an enum's reserved name is free again", file => Channel(file).ReservedName.Clear(),
            "Enum shop.v1.Channel no longer reserves the name 'CHANNEL_FAX'"),
        Case("a service is removed", file => file.Service.Clear(), "Service shop.v1.Till was removed or renamed"),
        Case("a method is removed", file => file.Service[0].Method.Clear(), "Method shop.v1.Till.Sell was removed or renamed"),
        Case("a method is renamed", file => Sell(file).Name = "Vend", "Method shop.v1.Till.Sell was removed or renamed"),
        Case("a request changes", file => Sell(file).InputType = ".shop.v1.Receipt",
            "Method shop.v1.Till.Sell changed its request from .shop.v1.Sale to .shop.v1.Receipt"),
        Case("a response changes", file => Sell(file).OutputType = ".shop.v1.Sale",
            "Method shop.v1.Till.Sell changed its response from .shop.v1.Receipt to .shop.v1.Sale"),
        Case("the client streams", file => Sell(file).ClientStreaming = true, "Method shop.v1.Till.Sell changed whether the client streams to True"),
        Case("the server no longer streams", file => Sell(file).ServerStreaming = false,
            "Method shop.v1.Till.Sell changed whether the server streams to False"),
    ];

    private static IEnumerable<TestCaseData<Action<FileDescriptorProto>, string>> Additions =>
    [
        Case("a message", file => file.MessageType.Add(new DescriptorProto { Name = "Refund" }), "message shop.v1.Refund"),
        Case("a nested message", file => Sale(file).NestedType.Add(new DescriptorProto { Name = "Tax" }), "message shop.v1.Sale.Tax"),
        Case("a field", file => Sale(file).Field.Add(Field("store", 4, Kind.String)), "field shop.v1.Sale.store"),
        Case("an enum", file => file.EnumType.Add(new EnumDescriptorProto { Name = "Size" }), "enum shop.v1.Size"),
        Case("an enum value", file => Channel(file).Value.Add(Value("CHANNEL_ESHOP", 2)), "enum value shop.v1.Channel.CHANNEL_ESHOP"),
        Case("a service", file => file.Service.Add(new ServiceDescriptorProto { Name = "Desk" }), "service shop.v1.Desk"),
        Case("a method", file => file.Service[0].Method.Add(new MethodDescriptorProto { Name = "Void" }), "method shop.v1.Till.Void"),
    ];

    private static TestCaseData<Action<FileDescriptorProto>, string> Case(string name, Action<FileDescriptorProto> change, string expected) =>
        new TestCaseData<Action<FileDescriptorProto>, string>(change, expected).SetArgDisplayNames(name);

    private static BreakingChanges Compare(Action<FileDescriptorProto> change)
    {
        var present = Shop();
        change(present);
        var changes = BreakingChanges.Between(new FileDescriptorSet { File = { Shop() } }, new FileDescriptorSet { File = { present } });
        return changes;
    }

    private static void RemoveAndReserve(FileDescriptorProto file)
    {
        Sale(file).Field.RemoveAt(0);
        Sale(file).ReservedRange.Add(new DescriptorProto.Types.ReservedRange { Start = 1, End = 2 });
        Sale(file).ReservedName.Add("amount_minor");
    }

    private static DescriptorProto Sale(FileDescriptorProto file) => file.MessageType[0];

    private static FieldDescriptorProto Amount(FileDescriptorProto file) => Sale(file).Field[0];

    private static EnumDescriptorProto Channel(FileDescriptorProto file) => file.EnumType[0];

    private static MethodDescriptorProto Sell(FileDescriptorProto file) => file.Service[0].Method[0];

    private static FileDescriptorProto Shop() => new()
    {
        Name = "shop/v1/shop.proto",
        Package = "shop.v1",
        Syntax = "proto3",
        MessageType =
        {
            new DescriptorProto
            {
                Name = "Sale",
                Field =
                {
                    Field("amount_minor", 1, Kind.Int64),
                    new FieldDescriptorProto { Name = "part", Number = 2, Type = Kind.Message, TypeName = ".shop.v1.Sale.Part", Label = Label.Optional },
                    new FieldDescriptorProto { Name = "cash", Number = 3, Type = Kind.Bool, Label = Label.Optional, OneofIndex = 0 },
                },
                OneofDecl = { new OneofDescriptorProto { Name = "payment" } },
                NestedType = { new DescriptorProto { Name = "Part", Field = { Field("text", 1, Kind.String) } } },
                ReservedRange = { new DescriptorProto.Types.ReservedRange { Start = 20, End = 22 } },
                ReservedName = { "discount" },
            },
            new DescriptorProto { Name = "Receipt" },
        },
        EnumType =
        {
            new EnumDescriptorProto
            {
                Name = "Channel",
                Value = { Value("CHANNEL_UNSPECIFIED", 0), Value("CHANNEL_POS", 1) },
                ReservedRange = { new EnumDescriptorProto.Types.EnumReservedRange { Start = 8, End = 8 } },
                ReservedName = { "CHANNEL_FAX" },
            },
        },
        Service =
        {
            new ServiceDescriptorProto
            {
                Name = "Till",
                Method = { new MethodDescriptorProto { Name = "Sell", InputType = ".shop.v1.Sale", OutputType = ".shop.v1.Receipt", ServerStreaming = true } },
            },
        },
    };

    private static FieldDescriptorProto Field(string name, int number, Kind type) =>
        new() { Name = name, Number = number, Type = type, Label = Label.Optional };

    private static EnumValueDescriptorProto Value(string name, int number) => new() { Name = name, Number = number };
}
