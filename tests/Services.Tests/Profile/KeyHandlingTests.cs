using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

[TestFixture]
internal sealed class KeyHandlingTests
{
    private static readonly byte[] Old = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] New = [.. Enumerable.Repeat((byte)2, 32)];
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Test]
    public void A_former_master_key_still_opens_what_it_wrapped() =>
        Assert.That(new MasterKeys(New, Old).Unwrap(new MasterKeys(Old).Wrap(Secret, "anna"), "anna"), Is.EqualTo(Secret));

    [Test]
    public void A_master_key_that_is_not_configured_is_named_as_the_reason() =>
        Assert.That(() => new MasterKeys(New).Unwrap(new MasterKeys(Old).Wrap(Secret, "anna"), "anna"),
            Throws.InstanceOf<CryptographicException>().With.Message.Contains("not configured"));

    [Test]
    public void A_wrapped_key_opens_for_nobody_else() =>
        Assert.That(() => new MasterKeys(Old).Unwrap(new MasterKeys(Old).Wrap(Secret, "anna"), "bert"), Throws.InstanceOf<CryptographicException>());

    [Test]
    public void A_sealed_value_opens_in_no_other_field()
    {
        var key = new CustomerKey(Guid.Empty, Secret);
        var box = key.Seal("美玲", SealedFields.GivenName);
        Assert.That(key.Unseal(box, SealedFields.GivenName), Is.EqualTo("美玲"));
        Assert.That(() => key.Unseal(box, SealedFields.FamilyName), Throws.InstanceOf<CryptographicException>());
    }

    [Test]
    public void A_cache_never_holds_more_than_its_bound_and_keeps_what_is_used()
    {
        var cache = new BoundedCache<int, int>(100, TimeSpan.FromHours(1), Clock());
        for (var i = 0; i < 1_000; i++)
        {
            cache.Set(i, i);
            Assert.That(cache.TryGet(0, out _), Is.True);
        }
        Assert.That(Enumerable.Range(0, 1_000).Count(i => cache.TryGet(i, out _)), Is.InRange(50, 100));
    }

    [Test]
    public void A_cache_forgets_after_its_lifetime_however_often_an_entry_is_used()
    {
        var clock = Clock();
        var cache = new BoundedCache<int, int>(100, TimeSpan.FromMinutes(10), clock);
        cache.Set(1, 1);
        clock.AdvanceTo(TestHost.Start.AddMinutes(9));
        var before = cache.TryGet(1, out _);
        clock.AdvanceTo(TestHost.Start.AddMinutes(10));
        Assert.That((before, cache.TryGet(1, out _)), Is.EqualTo((true, false)));
    }

    [TestCase(true)]
    [TestCase(false)]
    [CancelAfter(60_000)]
    public async Task In_the_same_process_keys_come_from_the_table_whichever_service_is_added_first(bool profileFirst, CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(
            builder =>
            {
                if (!profileFirst)
                    builder.AddCustomerKeys();
                builder.AddProfile();
                if (profileFirst)
                    builder.AddCustomerKeys();
            },
            app => app.MapProfile(), cancellation, settings: new Dictionary<string, string> { ["Vault:MasterKey"] = ProfileHost.MasterKey });
        Assert.That(host.Services.GetServices<ICustomerKeys>().Single(), Is.InstanceOf<CustomerVault>());
    }

    private static BusinessClock Clock() => new(TimeProvider.System, BusinessTimeState.SimulatedFrom(TestHost.Start));
}
