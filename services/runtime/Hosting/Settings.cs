using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Patron.Runtime.Hosting;

/// <summary>A section of the configuration. Its properties have usable defaults wherever one exists.</summary>
public interface ISettings
{
    /// <summary>Answers one fault for each setting that cannot work; none when all is well.</summary>
    IEnumerable<SettingFault> Check();
}

/// <summary>A setting that cannot work.</summary>
/// <param name="Name">The setting's name below its section, such as <c>Port</c> or <c>Keys:k1</c>.</param>
/// <param name="Rule">What would be right, as the end of a sentence: <c>it must be from 0 to 65535</c>.</param>
public sealed record SettingFault(string Name, string Rule);

/// <summary>The host does not start, and says why: one sentence for each thing to put right.</summary>
public sealed class StartRefusedException(IReadOnlyList<string> sentences) : Exception(string.Join(Environment.NewLine, sentences))
{
    public IReadOnlyList<string> Sentences { get; } = sentences;
}

/// <summary>Binds and checks configuration when the host is built, and tells all faults at once.</summary>
public static class SettingsBinding
{
    /// <summary>
    /// Binds the section, registers the result as a singleton and answers it. Faults do not throw here: the property keeps its default, and
    /// the host refuses to start with all faults of all sections. A second call answers the same object.
    /// </summary>
    public static T AddSettings<T>(this IHostApplicationBuilder builder, string section) where T : class, ISettings, new()
    {
        if (builder.Services.FirstOrDefault(s => s.ServiceType == typeof(T))?.ImplementationInstance is T known)
            return known;
        var settings = new T();
        var found = builder.Configuration.GetSection(section);
        var wrong = Bind(settings, found).Concat(settings.Check()).DistinctBy(f => f.Name).ToList();
        builder.Services.SettingFaults().Sentences.AddRange(wrong.Select(f => Sentence(builder.Configuration, $"{section}:{f.Name}", f.Rule)));
        builder.Services.AddSingleton(settings);
        return settings;
    }

    internal static SettingFaults SettingFaults(this IServiceCollection services)
    {
        if (services.FirstOrDefault(s => s.ServiceType == typeof(SettingFaults))?.ImplementationInstance is SettingFaults known)
            return known;
        var created = new SettingFaults();
        services.AddSingleton(created);
        return created;
    }

    // Property by property, because the framework's binder stops at the first value that it cannot convert.
    private static List<SettingFault> Bind<T>(T settings, IConfigurationSection section)
    {
        var faults = new List<SettingFault>();
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).ToList();
        foreach (var child in section.GetChildren())
        {
            if (properties.Find(p => p.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase)) is not { } property)
            {
                faults.Add(new SettingFault(child.Key, $"there is no such setting; {section.Key} knows {string.Join(", ", properties.Select(p => p.Name))}"));
                continue;
            }
            try
            {
                if (child.Get(property.PropertyType) is { } value)
                    property.SetValue(settings, value);
            }
            catch (InvalidOperationException)
            {
                faults.Add(new SettingFault(property.Name, $"it must be {Kind(property.PropertyType)}"));
            }
        }
        return faults;
    }

    private static string Sentence(IConfiguration configuration, string key, string rule)
    {
        if (configuration[key] is not { } value)
            return $"{key} is not set right: {rule}. Set it as {SettingSource.Ways(key)}.";
        var source = SettingSource.Of(configuration, key);
        return $"{key} is '{Secrets.Mask(key, value)}' ({source}), but {rule}. Correct it there, or override it as {SettingSource.Ways(key)}.";
    }

    private static string Kind(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type == typeof(bool) ? "true or false"
            : type == typeof(TimeSpan) ? "a time span such as 00:00:30"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type.IsPrimitive || type == typeof(decimal) ? "a number"
            : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
            : $"a group of settings that make {type.Name.Split('`')[0]}";
    }
}

/// <summary>The sentences about all sections that were bound so far.</summary>
internal sealed class SettingFaults
{
    public List<string> Sentences { get; } = [];
}
