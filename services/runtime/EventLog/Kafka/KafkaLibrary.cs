using System.Reflection;
using System.Runtime.InteropServices;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>Lets Confluent.Kafka find the system's librdkafka, since its own native package is not part of the build.</summary>
internal static class KafkaLibrary
{
    private const string SystemName = "librdkafka.so.1";

    private static readonly Lazy<bool> Resolved = new(Resolve);

    /// <exception cref="EventLogException">The library is not installed.</exception>
    public static void Ensure()
    {
        if (!Resolved.Value)
            throw new EventLogException($"The library {SystemName} is missing, which the Kafka adapter needs: apt-get install librdkafka1");
    }

    private static bool Resolve()
    {
        if (!NativeLibrary.TryLoad(SystemName, out var library))
            return false;
        NativeLibrary.SetDllImportResolver(typeof(Confluent.Kafka.Library).Assembly, Find);
        return true;

        nint Find(string name, Assembly assembly, DllImportSearchPath? path) => name == "librdkafka" ? library : 0;
    }
}
