using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Profile alone in a real host.</summary>
internal static class ProfileHost
{
    public const string MasterKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    public static Task<TestHost> StartAsync(CancellationToken cancellation, TestDatabase? database = null, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string> { ["Vault:MasterKey"] = MasterKey };
        foreach (var (name, value) in settings)
            all[name] = value;
        return TestHost.StartAsync(builder => builder.AddProfile(), app => app.MapProfile(), cancellation, database, all);
    }
}
