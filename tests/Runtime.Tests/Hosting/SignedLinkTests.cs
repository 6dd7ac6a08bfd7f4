using Microsoft.AspNetCore.WebUtilities;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class SignedLinkTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Proved = ["m", "c"];
    private static readonly Dictionary<string, string> Parameters = new() { ["m"] = "42", ["c"] = "späti & co=?" };

    [Test]
    public void A_link_is_valid_as_signed_until_it_expires()
    {
        var links = Links("k1", "k1");
        var link = links.Sign("unsubscribe", "/mail/ä b", Parameters, Now.AddMinutes(1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Check(links, link), Is.EqualTo(LinkVerdict.Valid));
            Assert.That(Check(links, link + "&utm_source=mail"), Is.EqualTo(LinkVerdict.Valid));
            Assert.That(Check(links, link, now: Now.AddSeconds(59)), Is.EqualTo(LinkVerdict.Valid));
            Assert.That(Check(links, link, now: Now.AddSeconds(60)), Is.EqualTo(LinkVerdict.Expired));
            Assert.That(link, Does.Match("^[!-~]+$"));
        }
    }

    [Test]
    public void The_case_of_a_key_id_does_not_matter_since_environment_variables_have_capitals()
    {
        var key = Convert.ToBase64String(new byte[32]);
        var settings = new LinkKeySettings { Current = "k1", Keys = new Dictionary<string, string> { ["K1"] = key } };
        Assert.That(settings.Check(), Is.Empty);
        var link = new SignedLinks(settings).Sign("unsubscribe", "/mail/ä b", Parameters, Now.AddMinutes(1));
        Assert.That(Check(new SignedLinks(settings), link), Is.EqualTo(LinkVerdict.Valid));
    }

    [Test]
    public void Any_other_character_anywhere_makes_a_link_invalid()
    {
        var links = Links("k1", "k1", "k2");
        var link = links.Sign("unsubscribe", "/mail/ä b", Parameters, Now.AddMinutes(1));
        for (var i = link.IndexOf('?', StringComparison.Ordinal) + 1; i < link.Length; i++)
        {
            foreach (var other in "Ax1-")
            {
                var changed = link[..i] + other + link[(i + 1)..];
                if (changed != link)
                    Assert.That(Check(links, changed), Is.EqualTo(LinkVerdict.Invalid), changed);
            }
        }
    }

    [Test]
    public void A_link_serves_one_purpose_one_path_and_all_of_its_parameters()
    {
        var links = Links("k1", "k1");
        var link = links.Sign("unsubscribe", "/mail/ä b", Parameters, Now.AddMinutes(1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Check(links, link, purpose: "sign-in"), Is.EqualTo(LinkVerdict.Invalid));
            Assert.That(Check(links, link, path: "/mail/ä"), Is.EqualTo(LinkVerdict.Invalid));
            Assert.That(Check(links, link, proved: ["m"]), Is.EqualTo(LinkVerdict.Invalid));
            Assert.That(Check(links, link, proved: ["m", "c", "x2"]), Is.EqualTo(LinkVerdict.Invalid));
            Assert.That(Check(links, link + "&m=42"), Is.EqualTo(LinkVerdict.Invalid));
            Assert.That(Check(links, link + "&M=43"), Is.EqualTo(LinkVerdict.Invalid));
        }
    }

    [Test]
    public void Values_cannot_move_between_parameters()
    {
        var links = Links("k1", "k1");
        var link = links.Sign("unsubscribe", "/mail/ä b", new Dictionary<string, string> { ["m"] = "4", ["c"] = "2c" }, Now.AddMinutes(1));
        var moved = link.Replace("m=4", "m=42", StringComparison.Ordinal).Replace("c=2c", "c=c", StringComparison.Ordinal);
        Assert.That(Check(links, moved), Is.EqualTo(LinkVerdict.Invalid));
    }

    [Test]
    public void Old_links_live_through_a_key_rotation_until_their_key_is_removed()
    {
        var link = Links("k1", "k1").Sign("unsubscribe", "/mail/ä b", Parameters, Now.AddMinutes(1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Check(Links("k2", "k1", "k2"), link), Is.EqualTo(LinkVerdict.Valid));
            Assert.That(Check(Links("k2", "k2"), link), Is.EqualTo(LinkVerdict.Invalid));
            Assert.That(Links("k2", "k1", "k2").Sign("p", "/", Parameters, Now), Does.Contain("k=k2"));
        }
    }

    [Test]
    public void The_signature_is_the_one_that_other_programs_would_compute()
    {
        // Computed apart, with the hmac module of Python over the parts "p", "/a", "k1", "1000", "m", "1", each after its length in four bytes.
        var link = Links("k1", "k1").Sign("p", "/a", new Dictionary<string, string> { ["m"] = "1" }, DateTimeOffset.FromUnixTimeSeconds(1000));
        Assert.That(link, Is.EqualTo("/a?m=1&k=k1&x=1000&s=YYkyYfVmJHx1AnZ91K_qsz1k4TWEFnjG7rbnm2OoXnU"));
    }

    [Test]
    public void Nothing_is_signed_without_a_key_or_over_a_reserved_name()
    {
        Assert.That(() => new SignedLinks(new LinkKeySettings()).Sign("p", "/", Parameters, Now), Throws.InvalidOperationException);
        Assert.That(() => Links("k1", "k1").Sign("p", "/", new Dictionary<string, string> { ["s"] = "" }, Now), Throws.ArgumentException);
    }

    private static SignedLinks Links(string current, params string[] keys) => new(new LinkKeySettings
    {
        Current = current,
        Keys = keys.ToDictionary(k => k, k => Convert.ToBase64String([.. Enumerable.Repeat(k, 32).SelectMany(c => c.Select(x => (byte)x))])),
    });

    private static LinkVerdict Check(SignedLinks links, string link, string purpose = "unsubscribe", string path = "/mail/ä b",
        string[]? proved = null, DateTimeOffset? now = null) =>
        links.Verify(purpose, path, QueryHelpers.ParseQuery(link[link.IndexOf('?', StringComparison.Ordinal)..]), proved ?? Proved, now ?? Now);
}
