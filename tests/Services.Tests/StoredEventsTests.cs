using System.Reflection;
using System.Runtime.CompilerServices;
using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Testing;

namespace Patron.Services.Tests;

/// <summary>
/// The private events of all services as they lie in their stores: one golden file an event name, never deleted. An event that changes
/// incompatibly gets a new name, and an upcaster from the old one.
/// </summary>
[TestFixture]
internal sealed class StoredEventsTests
{
    private static readonly GoldenFolder Golden = new(Folder());

    /// <summary>The assemblies that declare events, with what reads and writes them.</summary>
    private static readonly Dictionary<Assembly, EventTypes> Services = Directory
        .EnumerateFiles(AppContext.BaseDirectory, "Patron.*.dll").Where(file => !file.EndsWith(".Tests.dll", StringComparison.Ordinal))
        .Select(Assembly.LoadFrom).Where(assembly => EventsOf(assembly).Any())
        .ToDictionary(assembly => assembly, RegisteredBy);

    private static IEnumerable<TestCaseData<Type>> Events =>
        Services.Keys.SelectMany(EventsOf).Select(type => new TestCaseData<Type>(type).SetArgDisplayNames(NameOf(type) ?? type.FullName!));

    private static IEnumerable<string> FrozenNames =>
        Golden.Names.Where(file => file.EndsWith(".json", StringComparison.Ordinal)).Select(file => Path.GetFileNameWithoutExtension(file));

    [TestCaseSource(nameof(Events))]
    public void An_event_has_the_frozen_name_and_JSON(Type type)
    {
        var example = (DomainEvent)StoredEventExamples.Of(type);
        var types = Services[type.Assembly];
        Golden.Verify($"{types.NameOf(example)}.json", types.Write(example) + "\n");
    }

    [TestCaseSource(nameof(Events))]
    public void The_frozen_JSON_is_read_as_the_event(Type type)
    {
        var name = NameOf(type)!;
        var read = Services[type.Assembly].Read(name, Golden.Read($"{name}.json"));
        Assert.That(StoredEventExamples.Tell(read), Is.EqualTo(StoredEventExamples.Tell(StoredEventExamples.Of(type))));
    }

    [TestCaseSource(nameof(Events))]
    public void An_event_name_says_the_service_and_ends_with_a_version(Type type) =>
        Assert.That(NameOf(type), Does.Match($@"^{ServiceOf(type.Assembly)}\.[a-z]+(-[a-z]+)*\.v[1-9]\d*$"));

    [TestCaseSource(nameof(FrozenNames))]
    public void An_event_that_was_stored_once_is_readable_for_ever(string name)
    {
        var types = Services.Single(it => name.StartsWith($"{ServiceOf(it.Key)}.", StringComparison.Ordinal)).Value;
        Assert.That(() => types.Read(name, Golden.Read($"{name}.json")), Throws.Nothing);
    }

    [Test]
    public void Enums_in_events_keep_their_values()
    {
        var enums = from type in Services.Keys.SelectMany(EventsOf).SelectMany(StoredEventExamples.EnumsIn).Distinct()
                    from value in Enum.GetValues(type).Cast<Enum>()
                    select $"{ServiceOf(type.Assembly)} {type.Name} {value:D} {value}\n";
        Golden.Verify("enums.txt", string.Concat(enums.Order(StringComparer.Ordinal)));
    }

    [Test]
    public void The_events_of_every_service_are_looked_at() =>
        Assert.That(
            Services.Keys.Select(ServiceOf),
            Is.SupersetOf(["profile", "tagging", "loyalty", "segmentation", "journey", "email", "sms", "wechat"]));

    [Test]
    public void What_an_example_tells_shows_a_change_deep_inside()
    {
        var one = new PointsExpired(default, 5, [new(1, 2), new(2, 3)], 0, null);
        Assert.That(
            StoredEventExamples.Tell(one with { Lots = [new(1, 2), new(2, 4)] }),
            Is.EqualTo(StoredEventExamples.Tell(one).Replace("Points = 3", "Points = 4", StringComparison.Ordinal))
                .And.Not.EqualTo(StoredEventExamples.Tell(one)));
    }

    private static IEnumerable<Type> EventsOf(Assembly assembly) =>
        assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(DomainEvent)) && !type.IsAbstract).OrderBy(type => type.FullName, StringComparer.Ordinal);

    private static string? NameOf(Type type) => type.GetCustomAttribute<EventNameAttribute>()?.Name;

    private static string ServiceOf(Assembly assembly) => assembly.GetName().Name!.Split('.')[^1].ToLowerInvariant();

    private static EventTypes RegisteredBy(Assembly assembly)
    {
        const BindingFlags members = BindingFlags.Public | BindingFlags.Static;
        return assembly.GetTypes()
            .SelectMany(type => type.GetProperties(members).Where(it => it.PropertyType == typeof(EventTypes)).Select(it => it.GetValue(null))
                .Concat(type.GetFields(members).Where(it => it.FieldType == typeof(EventTypes)).Select(it => it.GetValue(null))))
            .Cast<EventTypes>().Single();
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "golden");
}
