using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

internal sealed record NumberTaken(int Number) : Refusal
{
    public override string Code => "number-taken";

    public override string Detail => $"Somebody made batch {Number} at the same moment. Send the request again.";
}

/// <summary>One campaign, batch, public code or reward, as the next decision about it needs it.</summary>
/// <param name="Version">Of its definition; 0 while there is none.</param>
/// <param name="Content">Hash of what was defined last.</param>
/// <param name="Ended">Stopped or voided.</param>
/// <param name="SerialsTaken">Of a running batch.</param>
internal sealed record BookPage(int Version, string Content, bool Ended, int SerialsTaken)
{
    /// <summary>Stands where others have a customer: it chooses the one partition of all pages.</summary>
    public static readonly Guid Book = new("6c6f7961-6c74-8079-8000-000000000001");

    public static StreamKind<BookPage> Kind { get; } = new("coupon-book", new(0, "", false, 0), Evolve, CouponJson.Default.BookPage);

    public static Guid IdOf(string name) => Ids.Of("book", name);

    /// <param name="name">Unique over all kinds of pages, such as <c>campaign/spring</c>.</param>
    public static Command Command(string name, Func<BookPage, Decision> decide) => Kind.Command(IdOf(name), Book, decide);

    public static string HashOf(BookEvent defined) => Ids.Fingerprint(JsonSerializer.Serialize(defined, defined.GetType(), CouponJson.Default));

    public static BookPage Evolve(BookPage page, DomainEvent happened) => happened switch
    {
        CampaignDefined defined => page.Defined(defined with { Version = 0, By = "" }),
        PublicCodeDefined defined => page.Defined(defined with { Version = 0, By = "" }) with { Ended = false },
        RewardDefined defined => page.Defined(defined with { Version = 0, By = "" }) with { Ended = false },
        OfferDefined defined => page.Defined(defined with { Version = 0, By = "" }) with { Ended = false },
        ReferralRulesDefined defined => page.Defined(defined with { Version = 0, By = "" }),
        BatchMade or CodeSpaceOpened => page with { Version = 1 },
        CampaignStopped or BatchVoided or PublicCodeEnded or RewardEnded or OfferEnded => page with { Ended = true },
        CampaignResumed => page with { Ended = false },
        SerialsTaken taken => page with { SerialsTaken = taken.First + taken.Count },
        _ => throw new UnreachableException($"The book does not know {happened.GetType().Name}."),
    };

    private BookPage Defined(BookEvent content) => this with { Version = Version + 1, Content = HashOf(content) };
}

/// <summary>The pages' events in the order of their positions, for every instance to follow.</summary>
internal sealed class BookRows(EventTypes types) : IInlineView
{
    public static Migration Migration { get; } = Migration.Embedded("coupon-book.sql");

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var written = events.Where(recorded => recorded.Event is BookEvent and not SerialsTaken).ToList();
        if (written.Count == 0)
            return;
        Statements.Add(
            transaction,
            "insert into coupon_book (position, type, data) select * from unnest($1::bigint[], $2::text[], $3::text[])",
            Statements.Bigints(written.Select(recorded => recorded.Position)),
            Statements.Texts(written.Select(recorded => types.NameOf(recorded.Event))),
            Statements.Texts(written.Select(recorded => types.Write(recorded.Event))));
    }

    /// <summary>What was written after a position, in order.</summary>
    public static async Task<IReadOnlyList<(long Position, BookEvent Event)>> AfterAsync(
        NpgsqlDataSource database, EventTypes types, long position, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select position, type, data from coupon_book where position > $1 order by position");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position, NpgsqlDbType = NpgsqlDbType.Bigint });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<(long, BookEvent)>();
        while (await row.ReadAsync(cancellation))
            found.Add((row.GetInt64(0), (BookEvent)types.Read(row.GetString(1), row.GetString(2))));
        return found;
    }
}
