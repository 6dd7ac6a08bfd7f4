using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using NUnit.Framework;
using Patron.Channels.WeChat;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Services.Tests.Privacy;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Channels;

/// <summary>What followers of the official account do, from the platform's call to the customer's tags.</summary>
[CancelAfter(120_000)]
internal sealed class FollowerTests
{
    private const string Token = "brandtoken";
    private const string AppId = "wx1234567890abcdef";
    private const string Follower = "oFollower-0123456789abcdefgh";

    // 43 letters and digits, as the platform gives it.
    private static readonly string AesKey = Convert.ToBase64String(SHA256.HashData("aes"u8)).TrimEnd('=').Replace('+', 'A').Replace('/', 'B');

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_followers_acts_become_tags_with_their_provenance(bool encrypted)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        await using var host = await StartAsync(database, encrypted);
        (await host.Host.NodeAsync(
            "social/wechat/source/shanghai-store",
            """{ "kind": "tag", "parent": "social/wechat/source", "names": { "en": "Shanghai store", "zh-Hans": "上海门店" } }"""))
            .MustBe(HttpStatusCode.OK);
        (await host.Host.NodeAsync(
            "social/wechat/menu/new-in", """{ "kind": "tag", "parent": "social/wechat/menu", "names": { "en": "New arrivals" }, "expiresAfterDays": 30 }"""))
            .MustBe(HttpStatusCode.OK);

        for (var call = 0; call < 2; call++)
            await CallAsync(host, Event("subscribe", "qrscene_Shanghai_Store"), encrypted);
        await CallAsync(host, Event("CLICK", "NEW_IN"), encrypted);
        await CallAsync(host, Event("VIEW", "https://brand.example/looks/Spring%20Coats.html?reader=anna"), encrypted);
        await CallAsync(host, Event("LOCATION", ""), encrypted);
        await CallAsync(host, Event("subscribe", "", "oSomebody-else"), encrypted);
        await host.Host.DrainAsync(CancellationToken.None);

        var did = (await host.Host.ReadTopicAsync(new Topic(Topics.Profile), CancellationToken.None))
            .Where(fact => fact.Envelope.Type == BehaviourRecorded.Descriptor.FullName)
            .Select(fact => (fact.Record.Key, Fact: BehaviourRecorded.Parser.ParseFrom(fact.Record.Value!.Value.Span))).ToList();
        var customer = Guid.Parse(did.Single(of => of.Fact.Properties.ContainsKey("scene")).Key!);
        Assert.That(
            did.Where(of => of.Key == $"{customer}").Select(of => (of.Fact.Type, string.Join(',', of.Fact.Properties))),
            Is.EquivalentTo(new[]
            {
                ("WeChat Followed", "[scene, Shanghai_Store]"), ("WeChat Menu Clicked", "[menu_key, NEW_IN]"),
                ("WeChat Article Viewed", "[article, spring-coats]"),
            }),
            "once each, and no address with the reader's name");
        Assert.That(await host.Host.TagIdsAsync(customer), Is.EqualTo(new[]
        {
            "social/wechat/articles/reader", "social/wechat/hours/morning", "social/wechat/menu/new-in", "social/wechat/menu/user",
            "social/wechat/recency/30-days", "social/wechat/recency/7-days", "social/wechat/recency/90-days", "social/wechat/source/shanghai-store",
        }));
        Assert.That(await host.Host.TagIdsAsync(Guid.Parse(did.Single(of => of.Key != $"{customer}").Key!)), Does.Contain("social/wechat/source/other"));
        var source = await host.Host.AssignmentAsync(customer, "social/wechat/source/shanghai-store");
        Assert.That(
            (source.GetProperty("giver").GetString(), source.GetProperty("by").GetString(), source.GetProperty("reason").GetString()),
            Is.EqualTo(("Channel", "wechat", "followed the account")));
        Assert.That(source.GetProperty("cause").GetProperty("topic").GetString(), Is.EqualTo(Topics.Profile));

        await host.Host.AdvanceToAsync(TestHost.Start.AddDays(10), CancellationToken.None);
        Assert.That(await host.Host.TagIdsAsync(customer), Has.No.Member("social/wechat/recency/7-days").And.Member("social/wechat/recency/30-days"));
        await CallAsync(host, Event("unsubscribe", ""), encrypted);
        await host.Host.DrainAsync(CancellationToken.None);
        Assert.That(await host.Host.TagIdsAsync(customer), Is.Empty, "What is known of a follower goes with them");

        string Event(string name, string key, string follower = Follower) => $"""
            <xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{follower}]]></FromUserName>
            <CreateTime>{host.Host.Clock.GetUtcNow().ToUnixTimeSeconds()}</CreateTime><MsgType><![CDATA[event]]></MsgType>
            <Event><![CDATA[{name}]]></Event><EventKey><![CDATA[{key}]]></EventKey></xml>
            """;
    }

    [Test]
    public async Task Only_what_the_platform_signed_lately_for_this_account_is_taken(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await StartAsync(database, encrypted: true);
        using var nobody = new HttpClient { BaseAddress = host.Http.BaseAddress };
        var now = TimeProvider.System.GetUtcNow();
        var question = new Uri($"/v1/wechat/callback?{Query(now, "signature")}&echostr=4711", UriKind.Relative);
        Assert.That(await nobody.GetStringAsync(question, cancellation), Is.EqualTo("4711"));

        var right = Encrypt("<xml></xml>", AppId);
        Assert.That(await PostAsync(nobody, Query(now, "msg_signature", right), right), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await PostAsync(nobody, Query(now.AddHours(-1), "msg_signature", right), right), Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await PostAsync(nobody, Query(now, "msg_signature", "other"), right), Is.EqualTo(HttpStatusCode.Forbidden));
        var foreign = Encrypt("<xml></xml>", "wx-another");
        Assert.That(await PostAsync(nobody, Query(now, "msg_signature", foreign), foreign), Is.EqualTo(HttpStatusCode.BadRequest));
        const string bomb = "<!DOCTYPE x [<!ENTITY a \"b\">]><xml>&a;</xml>";
        Assert.That(FollowerEvent.Elements(bomb), Is.Null);
    }

    [Test]
    public void The_signature_is_that_of_the_platforms_documentation()
    {
        // SHA-1 of the sorted texts, computed apart from this code.
        Assert.That(CallSignature.Of("token", "1714037059", "486452656"), Is.EqualTo(Convert.ToHexStringLower(Sha1("1714037059486452656token"))));
        Assert.That(CallSignature.Decrypt(Encrypt("<xml>高級</xml>", AppId), AesKey, AppId), Is.EqualTo("<xml>高級</xml>"));
    }

    private static Task<WholeHost> StartAsync(TestDatabase database, bool encrypted) => WholeHost.StartAsync(
        database, CancellationToken.None, null, null,
        [("WeChat:Token", Token), ("WeChat:AppId", AppId), .. encrypted ? [("WeChat:EncodingAesKey", AesKey)] : Array.Empty<(string, string)>()]);

    private static async Task CallAsync(WholeHost host, string xml, bool encrypted)
    {
        using var platform = new HttpClient { BaseAddress = host.Http.BaseAddress };
        var now = TimeProvider.System.GetUtcNow();
        var body = encrypted ? Encrypt(xml, AppId) : "";
        var query = encrypted ? Query(now, "msg_signature", body) : Query(now, "signature");
        using var content = new StringContent(encrypted ? Wrapped(body) : xml, Encoding.UTF8, "text/xml");
        using var answer = await platform.PostAsync(new Uri($"/v1/wechat/callback?{query}", UriKind.Relative), content);
        Assert.That((answer.StatusCode, await answer.Content.ReadAsStringAsync()), Is.EqualTo((HttpStatusCode.OK, "success")));
    }

    private static async Task<HttpStatusCode> PostAsync(HttpClient platform, string query, string encrypted)
    {
        using var content = new StringContent(Wrapped(encrypted), Encoding.UTF8, "text/xml");
        using var answer = await platform.PostAsync(new Uri($"/v1/wechat/callback?{query}", UriKind.Relative), content);
        return answer.StatusCode;
    }

    private static string Wrapped(string encrypted) => $"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>";

    private static string Query(DateTimeOffset at, string name, params string[] texts)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string[] signed = [Token, timestamp, "nonce", .. texts];
        Array.Sort(signed, StringComparer.Ordinal);
        return $"{name}={Convert.ToHexStringLower(Sha1(string.Concat(signed)))}&timestamp={timestamp}&nonce=nonce&encrypt_type=aes";
    }

    private static string Encrypt(string xml, string appId)
    {
        var text = Encoding.UTF8.GetBytes(xml);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
        byte[] plain = [.. "0123456789abcdef"u8, .. length, .. text, .. Encoding.UTF8.GetBytes(appId)];
        var padding = 32 - (plain.Length % 32);
        using var aes = Aes.Create();
        aes.Key = Convert.FromBase64String(AesKey + "=");
        return Convert.ToBase64String(aes.EncryptCbc([.. plain, .. Enumerable.Repeat((byte)padding, padding)], aes.Key.AsSpan(0, 16), PaddingMode.None));
    }

    [global::System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The platform's protocol says SHA-1.")]
    private static byte[] Sha1(string text) => SHA1.HashData(Encoding.UTF8.GetBytes(text));
}
