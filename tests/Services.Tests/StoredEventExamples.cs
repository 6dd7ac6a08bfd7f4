using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Patron.Services.Tests;

/// <summary>Fills records by reflection, the same on every run, and tells their whole content, lists included.</summary>
internal static class StoredEventExamples
{
    private static readonly DateTimeOffset Time = new(2011, 12, 9, 12, 50, 0, 123, 456, TimeSpan.Zero);

    public static object Of(Type type) => new Filler().Make(type, type.Name);

    /// <summary>Type, property names and values, down to the last element.</summary>
    public static string Tell(object? value) => value switch
    {
        null => "nothing",
        string text => $"\"{text}\"",
        DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
        Enum or Guid => $"{value}",
        IConvertible number => number.ToString(CultureInfo.InvariantCulture),
        IEnumerable elements => $"[{string.Join(", ", elements.Cast<object?>().Select(Tell))}]",
        _ => $"{value.GetType().Name} {{ {string.Join(", ", value.GetType().GetProperties().Select(it => $"{it.Name} = {Tell(it.GetValue(value))}"))} }}",
    };

    /// <summary>The enums among the properties of a record and of what it holds.</summary>
    public static IEnumerable<Type> EnumsIn(Type type) =>
        type.IsEnum ? [type]
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(EnumsIn)
        : IsOurs(type) ? type.GetProperties().SelectMany(it => EnumsIn(it.PropertyType))
        : [];

    private static bool IsOurs(Type type) => type.Namespace!.StartsWith("Patron.", StringComparison.Ordinal);

    private sealed class Filler
    {
        private int made;

        public object Make(Type type, string name)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (type.IsGenericType)
                return type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) ? Entries(type, name) : Elements(type, name);
            if (type.IsEnum)
                return Enum.GetValues(type).Cast<object>().Last();
            made++;
            return Type.GetTypeCode(type) switch
            {
                TypeCode.String => $"{name}-{made} 高級會員 Zoë 𠮷",
                TypeCode.Boolean => true,
                TypeCode.Int32 => 1000 + made,
                TypeCode.Int64 => -9_007_199_254_740_993L - made,
                _ when type == typeof(Guid) => new Guid(made, 0x1234, 0x7abc, 0x80, 0, 0, 0, 0, 0, 0, 0xff),
                _ when type == typeof(DateTimeOffset) => Time.AddSeconds(made),
                TypeCode.Object when IsOurs(type) => Record(type),
                _ => throw new NotSupportedException($"{name} is of a kind without an example: {type.Name}."),
            };
        }

        private object Record(Type type)
        {
            var constructor = type.GetConstructors().MaxBy(it => it.GetParameters().Length)!;
            var parameters = constructor.GetParameters();
            var record = constructor.Invoke([.. parameters.Select(it => Make(it.ParameterType, it.Name!))]);
            foreach (var property in type.GetProperties().Where(it => it.CanWrite && parameters.All(known => known.Name != it.Name)))
                property.SetValue(record, Make(property.PropertyType, property.Name));
            return record;
        }

        private Array Elements(Type type, string name)
        {
            var element = type.GetGenericArguments().Single();
            var elements = Array.CreateInstance(element, 2);
            for (var i = 0; i < elements.Length; i++)
                elements.SetValue(Make(element, name), i);
            return elements;
        }

        private IDictionary Entries(Type type, string name)
        {
            var entries = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GetGenericArguments()))!;
            for (var i = 0; i < 2; i++)
                entries.Add(Make(type.GetGenericArguments()[0], $"{name}-key"), Make(type.GetGenericArguments()[1], name));
            return entries;
        }
    }
}
