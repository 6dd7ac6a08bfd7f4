using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Patron.Contracts.Tests;

/// <summary>The contracts as data: what protoc calls a descriptor set, with every JSON name written out.</summary>
internal static class DescriptorSets
{
    public static FileDescriptorSet Of(IEnumerable<FileDescriptor> files)
    {
        var set = new FileDescriptorSet();
        set.File.AddRange(files.Select(file => FileDescriptorProto.Parser.ParseFrom(file.SerializedData)));
        foreach (var message in set.File.SelectMany(file => file.MessageType))
            WriteJsonNames(message);
        return set;
    }

    /// <summary>The name in the protobuf JSON mapping: the one written in the file, otherwise the field's in lower camel case.</summary>
    public static string JsonName(FieldDescriptorProto field)
    {
        if (field.HasJsonName)
            return field.JsonName;
        var words = field.Name.Split('_');
        return string.Concat(words.Skip(1).Where(word => word != "").Select(word => char.ToUpperInvariant(word[0]) + word[1..]).Prepend(words[0]));
    }

    public static string Text(FileDescriptorSet set) => new JsonFormatter(JsonFormatter.Settings.Default.WithIndentation()).Format(set) + "\n";

    private static void WriteJsonNames(DescriptorProto message)
    {
        foreach (var field in message.Field)
            field.JsonName = JsonName(field);
        foreach (var nested in message.NestedType)
            WriteJsonNames(nested);
    }
}
