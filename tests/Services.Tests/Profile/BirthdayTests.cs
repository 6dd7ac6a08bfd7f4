using NUnit.Framework;
using Patron.Profile;
using Patron.Runtime.EventStore;
using Patron.Testing;
using static Patron.Services.Tests.Profile.Identity;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>Birthdays become facts at the brand's midnight; the birth date itself leaves no trace in clear.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class BirthdayTests
{
    private static readonly DateTimeOffset Soon = TestHost.Start.AddDays(10);

    [Test]
    [CancelAfter(60_000)]
    public async Task A_birthday_is_told_every_year_by_the_date_that_holds_then(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation, null, ("Profile:Zone", "Asia/Hong_Kong"));
        var anna = new ToldCustomer(host, "B-ANNA");
        await anna.AttributesAsync(5, "/web", cancellation, ("birth_date", $"1990-{Soon.AddDays(100):MM-dd}"));
        await anna.AttributesAsync(6, "/web", cancellation, ("birth_date", $"1990-{Soon:MM-dd}"));
        await host.AdvanceToAsync(Soon.AddDays(-2), cancellation);
        Assert.That(await BirthdaysAsync(host, anna.Customer, cancellation), Is.Empty);

        await host.AdvanceToAsync(Soon.AddDays(200), cancellation);
        var told = await BirthdaysAsync(host, anna.Customer, cancellation);
        Assert.That(told.Select(b => b.Year), Is.EqualTo(new[] { Soon.Year }), "not by the date that was put right");
        var midnight = new DateTimeOffset(Soon.Date, TimeSpan.FromHours(8));
        Assert.That(told.Single().At, Is.EqualTo(midnight), "Hong Kong's midnight");

        await host.AdvanceToAsync(Soon.AddDays(400), cancellation);
        Assert.That((await BirthdaysAsync(host, anna.Customer, cancellation)).Select(b => b.Year), Is.EqualTo(new[] { Soon.Year, Soon.Year + 1 }));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task While_two_are_one_the_birthday_comes_once_and_afterwards_to_whose_it_is(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        var (stays, goes) = (new ToldCustomer(host, "B-STAYS"), new ToldCustomer(host, "B-GOES"));
        await stays.AttributesAsync(5, "/web", cancellation, ("city", "Taipei"));
        await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);
        await goes.AttributesAsync(5, "/web", cancellation, ("birth_date", $"1990-{Soon:MM-dd}"));
        var link = (Guid)(await MergeAsync(host, stays.Customer, goes.Customer, cancellation, despiteConflicts: true))["link"]!;
        await host.AdvanceToAsync(Soon.AddDays(1), cancellation);
        Assert.That((await BirthdaysAsync(host, stays.Customer, cancellation)).Count, Is.EqualTo(1));
        Assert.That(await BirthdaysAsync(host, goes.Customer, cancellation), Is.Empty);

        using (var undone = await PostAsync(host, $"/v1/customers/merges/{link}/undo", Said([]), cancellation))
            undone.EnsureSuccessStatusCode();
        await host.AdvanceToAsync(Soon.AddDays(367), cancellation);
        Assert.That((await BirthdaysAsync(host, stays.Customer, cancellation)).Count, Is.EqualTo(1));
        Assert.That((await BirthdaysAsync(host, goes.Customer, cancellation)).Select(b => b.Year), Is.EqualTo(new[] { Soon.Year + 1 }));
    }

    [TestCase(2023, 2, 28)]
    [TestCase(2024, 2, 29)]
    public void Born_on_a_leap_day_is_kept_on_the_last_of_February(int year, int month, int day)
    {
        var birthdays = new Birthdays(TimeZoneInfo.Utc);
        var set = birthdays.TimersOf(Recorded(new DateOnly(2000, 2, 29), new(year, 1, 5, 12, 0, 0, TimeSpan.Zero))).First();
        Assert.That(set.Due, Is.EqualTo(new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero)));

        var known = CustomerProfile.Kind.Fold([]) with { Details = new(Attributes: [new("birth_date", "sealed")]) };
        var reached = (BirthdayReached)birthdays.Decide(known, set.Due!.Value, leapDay: true).Events![0];
        Assert.That(reached.Next.Day, Is.EqualTo(DateTime.IsLeapYear(year + 1) ? 29 : 28));
    }

    [Test]
    public void The_birth_date_is_not_written_with_the_event()
    {
        var changed = (DetailsChanged)Recorded(new DateOnly(1990, 5, 23), TestHost.Start).Event;
        Assert.That(CustomerProfile.Events.Write(changed), Does.Not.Contain("05-23").And.Not.Contain("1990"));
    }

    private static RecordedEvent Recorded(DateOnly born, DateTimeOffset at)
    {
        var customer = Guid.CreateVersion7(at);
        var changed = new DetailsChanged(new(Attributes: [new("birth_date", "sealed")]), ["birth_date"], "/web") { BirthDate = born };
        return new(0, 1, customer, customer, 1, at, changed, EventMetadata.None);
    }

    private static async Task<IReadOnlyList<(int Year, DateTimeOffset At)>> BirthdaysAsync(TestHost host, Guid customer, CancellationToken cancellation)
    {
        var name = Facts.BirthdayReached.Descriptor.FullName;
        return
        [
            .. (await FactsAsync(host, customer, cancellation)).Where(f => f.Envelope.Type == name)
                .Select(f => (Facts.BirthdayReached.Parser.ParseFrom(f.Record.Value!.Value.Span).Year, f.Envelope.Time)),
        ];
    }
}
