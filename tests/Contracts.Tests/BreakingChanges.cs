using Google.Protobuf.Reflection;
using Field = Google.Protobuf.Reflection.FieldDescriptorProto;

namespace Patron.Contracts.Tests;

/// <summary>
/// What of the released contracts the present ones no longer keep, and what they add. Facts are retained without end and partners upgrade when
/// they like, so whatever was released once is read and written for ever; a removal is a break even where its number is reserved.
/// </summary>
internal sealed class BreakingChanges
{
    private readonly List<string> breaks = [];
    private readonly List<string> additions = [];

    /// <summary>Sentences that name the element and what to do instead.</summary>
    public IReadOnlyList<string> Breaks => breaks;

    /// <summary>Names of the elements that the released contracts do not have.</summary>
    public IReadOnlyList<string> Additions => additions;

    public static BreakingChanges Between(FileDescriptorSet released, FileDescriptorSet present)
    {
        var changes = new BreakingChanges();
        changes.Pair(
            released.File, present.File, file => file.Name, "File", file => file, "Put it back under this name, since importers name it.", changes.Compare);
        return changes;
    }

    private void Compare(string name, FileDescriptorProto released, FileDescriptorProto present)
    {
        if (released.Package != present.Package)
        {
            breaks.Add($"File {name} changed its package from '{released.Package}' to '{present.Package}', which renames all that is in it. "
                + "Put the package back; a new version is a new file beside this one.");
            return;
        }

        if (released.Syntax != present.Syntax)
            breaks.Add($"File {name} changed its syntax from '{released.Syntax}' to '{present.Syntax}', which changes what an absent field means. "
                + "Put it back.");
        var package = released.Package + ".";
        Compare(package, released.MessageType, present.MessageType);
        Compare(package, released.EnumType, present.EnumType);
        Pair(
            released.Service, present.Service, service => service.Name, "Service", service => package + service,
            "Put it back; a new version is a new service beside it.", Compare);
    }

    private void Compare(string scope, IEnumerable<DescriptorProto> released, IEnumerable<DescriptorProto> present) =>
        Pair(
            released, present, message => message.Name, "Message", message => scope + message,
            "Put it back; a new version is a new message beside it.", Compare);

    private void Compare(string scope, IEnumerable<EnumDescriptorProto> released, IEnumerable<EnumDescriptorProto> present) =>
        Pair(
            released, present, type => type.Name, "Enum", type => scope + type, "Put it back; a new version is a new enum beside it.", Compare);

    private void Compare(string message, DescriptorProto released, DescriptorProto present)
    {
        var name = message + ".";
        Compare(name, released.NestedType, present.NestedType);
        Compare(name, released.EnumType, present.EnumType);
        foreach (var field in released.Field)
            Compare(message, released, field, present);
        foreach (var range in released.ReservedRange.Where(it => !present.ReservedRange.Any(now => now.Start <= it.Start && now.End >= it.End)))
            breaks.Add($"Message {message} no longer reserves the field numbers {range.Start} to {range.End - 1}. Reserve them: old records hold them.");
        foreach (var reserved in released.ReservedName.Except(present.ReservedName))
            breaks.Add($"Message {message} no longer reserves the field name '{reserved}'. Reserve it: old JSON holds it.");
        additions.AddRange(
            from field in present.Field
            where released.Field.All(it => it.Number != field.Number && it.Name != field.Name)
            select $"field {name}{field.Name}");
    }

    private void Compare(string message, DescriptorProto releasedMessage, Field released, DescriptorProto presentMessage)
    {
        var element = $"Field {message}.{released.Name} (number {released.Number})";
        if (presentMessage.Field.FirstOrDefault(it => it.Number == released.Number) is not { } present)
        {
            breaks.Add(presentMessage.Field.FirstOrDefault(it => it.Name == released.Name) is { } moved
                ? $"{element} changed its number to {moved.Number}. Put the number back; add a new field with a name of its own."
                : $"{element} was removed. Put it back and mark it deprecated; in a new version of the message, reserve the number and the name.");
            return;
        }

        if (present.Name != released.Name)
        {
            breaks.Add($"{element} was renamed to '{present.Name}', or its number was given to another field. Put it back; "
                + "add a new field with a number that was never used.");
            return;
        }

        const string instead = "Put it back; add a new field with a new name and number.";
        if (TypeOf(present) != TypeOf(released))
            breaks.Add($"{element} changed its type from {TypeOf(released)} to {TypeOf(present)}. {instead}");
        if (present.Label != released.Label)
            breaks.Add($"{element} changed its label from {Name(released.Label)} to {Name(present.Label)}. {instead}");
        if (DescriptorSets.JsonName(present) != DescriptorSets.JsonName(released))
            breaks.Add($"{element} changed its JSON name from '{DescriptorSets.JsonName(released)}' to '{DescriptorSets.JsonName(present)}'. {instead}");
        var (was, now) = (PresenceOf(releasedMessage, released), PresenceOf(presentMessage, present));
        if (was != now)
            breaks.Add($"{element} changed from {was} to {now}. {instead}");
    }

    private void Compare(string type, EnumDescriptorProto released, EnumDescriptorProto present)
    {
        foreach (var value in released.Value)
        {
            var element = $"Enum value {type}.{value.Name} (number {value.Number})";
            if (present.Value.FirstOrDefault(it => it.Name == value.Name) is { } same)
            {
                if (same.Number != value.Number)
                    breaks.Add($"{element} changed its number to {same.Number}. Put the number back; add a new value.");
            }
            else if (present.Value.FirstOrDefault(it => it.Number == value.Number) is { } other)
            {
                breaks.Add($"{element} was renamed to {other.Name}, or its number is used again. Put it back; add a new value with a new number.");
            }
            else
            {
                breaks.Add($"{element} was removed. Put it back and mark it deprecated; in a new version of the enum, reserve the number and the name.");
            }
        }

        foreach (var range in released.ReservedRange.Where(it => !present.ReservedRange.Any(now => now.Start <= it.Start && now.End >= it.End)))
            breaks.Add($"Enum {type} no longer reserves the numbers {range.Start} to {range.End}. Reserve them: old records hold them.");
        foreach (var reserved in released.ReservedName.Except(present.ReservedName))
            breaks.Add($"Enum {type} no longer reserves the name '{reserved}'. Reserve it: old JSON holds it.");
        additions.AddRange(
            from value in present.Value
            where released.Value.All(it => it.Number != value.Number && it.Name != value.Name)
            select $"enum value {type}.{value.Name}");
    }

    private void Compare(string service, ServiceDescriptorProto released, ServiceDescriptorProto present) =>
        Pair(
            released.Method, present.Method, method => method.Name, "Method", method => $"{service}.{method}",
            "Put it back; a new version is a new method beside it.", Compare);

    private void Compare(string method, MethodDescriptorProto released, MethodDescriptorProto present)
    {
        const string instead = "Put it back; add a new method.";
        if (released.InputType != present.InputType)
            breaks.Add($"Method {method} changed its request from {released.InputType} to {present.InputType}. {instead}");
        if (released.OutputType != present.OutputType)
            breaks.Add($"Method {method} changed its response from {released.OutputType} to {present.OutputType}. {instead}");
        if (released.ClientStreaming != present.ClientStreaming)
            breaks.Add($"Method {method} changed whether the client streams to {present.ClientStreaming}. {instead}");
        if (released.ServerStreaming != present.ServerStreaming)
            breaks.Add($"Method {method} changed whether the server streams to {present.ServerStreaming}. {instead}");
    }

    private void Pair<T>(
        IEnumerable<T> released, IEnumerable<T> present, Func<T, string> key, string kind, Func<string, string> nameOf, string instead,
        Action<string, T, T> compare)
    {
        var now = present.ToDictionary(key);
        foreach (var was in released)
        {
            if (now.Remove(key(was), out var same))
                compare(nameOf(key(was)), was, same);
            else
                breaks.Add($"{kind} {nameOf(key(was))} was removed or renamed. {instead}");
        }

        additions.AddRange(now.Keys.Select(it => $"{char.ToLowerInvariant(kind[0])}{kind[1..]} {nameOf(it)}"));
    }

    private static string TypeOf(Field field) => field.HasTypeName ? field.TypeName : Name(field.Type);

    private static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string PresenceOf(DescriptorProto message, Field field) =>
        field.Proto3Optional ? "an optional field"
        : field.HasOneofIndex ? $"a case of the oneof '{message.OneofDecl[field.OneofIndex].Name}'"
        : "a field outside of any oneof";
}
