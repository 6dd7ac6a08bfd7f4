using System.Net;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using NUnit.Framework;
using Npgsql;
using Patron.Profile;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>A shop assistant finds the customer in front of them.</summary>
[TestFixture]
[CancelAfter(60_000)]
[Parallelizable(ParallelScope.All)]
internal sealed class ClientelingTests
{
    private const string Path = "/v1/clienteling/lookup";

    [Test]
    public async Task A_customer_is_found_by_phone_card_and_code_and_shown_as_an_assistant_may_see_them(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        await world.WriteOwnAsync(anna, world.Purchase(2, minor: 990), cancellation);
        await world.Host.DrainAsync(cancellation);
        var code = await CodeAsync(world, anna, cancellation);

        foreach (var (way, value) in new[] { ("phone", "+852 9000-0001"), ("card", "card000001"), ("email", "person1@example.com"), ("qr", code) })
        {
            using var answer = await world.PostAsync(Path, new JsonObject { [way] = value }, "clienteling", cancellation);
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), way);
            var view = await answer.JsonAsync(cancellation);
            Assert.That(view["details"]!.ToJsonString(), Is.EqualTo(
                """{"givenName":"Given1","familyName":"F***","email":"p***@e***.com","phone":"\u002B85***01","language":"en"}"""), way);
            Assert.That((long?)view["purchases"]!["latest"]![0]!["totalMinor"], Is.EqualTo(990), way);
            Assert.That(view["consents"], Is.Null, way);
        }
    }

    [Test]
    public async Task Whoever_may_see_personal_details_sees_them_and_other_scopes_see_nothing(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        await world.RegisterAsync(1, cancellation);
        var wanted = new JsonObject { ["card"] = ViewWorld.Card(1) };

        using var personal = await world.PostAsync(Path, wanted.DeepClone().AsObject(), "clienteling-personal", cancellation);
        Assert.That((string?)(await personal.JsonAsync(cancellation))["details"]!["phone"], Is.EqualTo(ViewWorld.Phone(1)));
        using var reader = await world.PostAsync(Path, wanted.DeepClone().AsObject(), "read", cancellation);
        Assert.That(reader.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        using var assistant = await world.PostAsync("/v1/customers/lookup/view", wanted.DeepClone().AsObject(), "clienteling", cancellation);
        Assert.That(assistant.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        using var clear = await world.PostAsync("/v1/customers/lookup/view", wanted.DeepClone().AsObject(), "read-personal", cancellation);
        Assert.That((string?)(await clear.JsonAsync(cancellation))["details"]!["email"], Is.EqualTo(ViewWorld.Email(1)));
    }

    [Test]
    public async Task Every_lookup_is_kept_with_who_asked_and_whom_they_saw_and_never_what_was_typed(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        foreach (var number in new[] { 1, 88 })
        {
            using var answer = await world.PostAsync(Path, new JsonObject { ["phone"] = ViewWorld.Phone(number) }, "clienteling", cancellation);
            Assert.That(answer.StatusCode, Is.EqualTo(number == 1 ? HttpStatusCode.OK : HttpStatusCode.NotFound));
        }

        using var all = await world.Host.Http.GetAsync(new Uri("/v1/clienteling/lookups", UriKind.Relative), cancellation);
        using var hers = await world.Host.Http.GetAsync(new Uri($"/v1/clienteling/lookups?customer={anna:D}", UriKind.Relative), cancellation);
        var kept = (await all.JsonAsync(cancellation)).AsArray();
        Assert.That(kept.Select(k => ((string)k!["caller"]!, (string)k["way"]!, (string?)k["customer"])), Is.EqualTo(
            ((string, string, string?)[])[("clienteling", "phone", null), ("clienteling", "phone", anna.ToString("D"))]));
        Assert.That((await hers.JsonAsync(cancellation)).AsArray(), Has.Count.EqualTo(1));
        await using var dump = world.Host.Service("profile").Database.CreateCommand(
            "select count(*) from clienteling_lookups l where l::text like '%9000%'");
        Assert.That(await dump.ExecuteScalarAsync(cancellation), Is.EqualTo(0L));
    }

    [Test]
    public async Task Who_looks_up_too_many_or_tries_numbers_has_to_wait(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(
            cancellation, null, ("Clienteling:MissesPerMinuteMax", "2"), ("Clienteling:LookupsPerMinuteMax", "6"));
        await world.RegisterAsync(1, cancellation);
        Task<HttpStatusCode> LookUpAsync(int number, string key) => StatusAsync(world, new JsonObject { ["card"] = ViewWorld.Card(number) }, key, cancellation);

        Assert.That(await LookUpAsync(50, "clienteling"), Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(await LookUpAsync(1, "clienteling"), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await LookUpAsync(51, "clienteling"), Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(await LookUpAsync(1, "clienteling"), Is.EqualTo(HttpStatusCode.TooManyRequests), "two tries found nobody");
        for (var i = 0; i < 6; i++)
            Assert.That(await LookUpAsync(1, "clienteling-personal"), Is.EqualTo(HttpStatusCode.OK), "another key has limits of its own");
        Assert.That(await LookUpAsync(1, "clienteling-personal"), Is.EqualTo(HttpStatusCode.TooManyRequests));
    }

    [Test]
    public async Task A_code_is_shown_as_an_image_and_one_that_was_changed_is_refused(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        using var image = await world.SendAsync(HttpMethod.Get, $"/v1/clienteling/customers/{anna:D}/qr", null, "clienteling", cancellation);
        var code = await CodeAsync(world, anna, cancellation);

        Assert.That(image.Content.Headers.ContentType!.MediaType, Is.EqualTo("image/svg+xml"));
        Assert.That(image.Headers.CacheControl!.NoStore);
        Assert.That(XDocument.Parse(await image.Content.ReadAsStringAsync(cancellation)).Root!.Name.LocalName, Is.EqualTo("svg"));
        var changed = code[..^1] + (code[^1] == 'A' ? 'B' : 'A');
        Assert.That(await StatusAsync(world, new JsonObject { ["qr"] = changed }, "clienteling", cancellation), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await StatusAsync(world, new JsonObject { ["qr"] = "P1" }, "clienteling", cancellation), Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await StatusAsync(world, [], "clienteling", cancellation), Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public void A_code_is_valid_for_its_time_and_for_no_other_key()
    {
        var (anna, now) = (Guid.CreateVersion7(), new DateTimeOffset(2026, 5, 1, 12, 0, 30, TimeSpan.Zero));
        var codes = new CustomerCodes(new byte[32], TimeSpan.FromMinutes(5));
        var (text, validUntil) = codes.Make(anna, now);

        Assert.That(text, Does.Match("^P1[0-9A-F]{60}$"));
        Assert.That(validUntil, Is.InRange(now.AddMinutes(5), now.AddMinutes(6)));
        Assert.That(codes.Read($" {text}\n", now, out _), Is.EqualTo(anna));
        Assert.That(codes.Read(text, validUntil.AddSeconds(-1), out _), Is.EqualTo(anna));
        Assert.That((codes.Read(text, validUntil, out var late), late), Is.EqualTo(((Guid?)null, "expired")));
        var others = new CustomerCodes([1, .. new byte[31]], TimeSpan.FromMinutes(5));
        Assert.That((others.Read(text, now, out var foreign), foreign), Is.EqualTo(((Guid?)null, "invalid")));
        for (var i = 2; i < text.Length; i++)
            Assert.That(codes.Read(text[..i] + (text[i] == '0' ? '1' : '0') + text[(i + 1)..], now, out _), Is.Null, $"character {i}");
    }

    private static async Task<string> CodeAsync(ViewWorld world, Guid customer, CancellationToken cancellation)
    {
        using var answer = await world.SendAsync(
            HttpMethod.Get, $"/v1/clienteling/customers/{customer:D}/qr", null, "clienteling", cancellation, "text/plain");
        return await answer.Content.ReadAsStringAsync(cancellation);
    }

    private static async Task<HttpStatusCode> StatusAsync(ViewWorld world, JsonObject wanted, string key, CancellationToken cancellation)
    {
        using var answer = await world.PostAsync(Path, wanted, key, cancellation);
        return answer.StatusCode;
    }
}
