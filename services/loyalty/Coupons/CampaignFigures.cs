using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>What became of a campaign's coupons so far.</summary>
/// <param name="Made">Codes that can be exported.</param>
/// <param name="DiscountMinor">What tills took off, by currency, in minor units.</param>
internal sealed record CampaignCounts(
    long Made, long Issued, long Viewed, long Reserved, long Redeemed, long Over, long Expired, long Voided, IReadOnlyDictionary<string, long> DiscountMinor);

internal sealed class CampaignFigures : IInlineView
{
    public static void Map(RouteGroupBuilder loyalty) => loyalty.MapGet("/campaigns/{id}/figures", ShowAsync).RequireApiKey("read");

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        // What a code's own stream and a wallet say of one use is one use.
        var happened = events.Where(recorded => recorded.Event is CouponEvent and not CodeBound)
            .DistinctBy(recorded => (((CouponEvent)recorded.Event).Coupon, recorded.Event.GetType(), Hash(recorded.Event))).ToList();
        if (happened.Count == 0)
            return;
        var slot = (short)events.Min(recorded => recorded.Partition);
        var counts = happened.GroupBy(recorded => CampaignOf(recorded.Event)).OrderBy(campaign => campaign.Key, StringComparer.Ordinal).ToList();
        Statements.Add(
            transaction,
            """
            insert into coupon_figures as f (campaign, slot, issued, viewed, reserved, redeemed, over, expired, voided)
            select campaign, $2, issued, viewed, reserved, redeemed, over, expired, voided
            from unnest($1::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
              as c (campaign, issued, viewed, reserved, redeemed, over, expired, voided)
            on conflict (campaign, slot) do update set issued = f.issued + excluded.issued, viewed = f.viewed + excluded.viewed,
              reserved = f.reserved + excluded.reserved, redeemed = f.redeemed + excluded.redeemed, over = f.over + excluded.over,
              expired = f.expired + excluded.expired, voided = f.voided + excluded.voided
            """,
            Statements.Texts(counts.Select(campaign => campaign.Key)),
            new NpgsqlParameter<short> { TypedValue = slot },
            Count<CouponIssued>(counts),
            Count<CouponViewed>(counts),
            Count<CouponReserved>(counts),
            Count<CouponRedeemed>(counts),
            Statements.Bigints(counts.Select(campaign => campaign.LongCount(it => it.Event is CouponRedeemed { Over: true }))),
            Count<CouponExpired>(counts),
            Count<CouponVoided>(counts));
        AddDiscounts(transaction, slot, happened);
    }

    private static void AddDiscounts(NpgsqlBatch transaction, short slot, List<RecordedEvent> happened)
    {
        var discounts = happened.Select(recorded => recorded.Event).OfType<CouponRedeemed>().Where(it => it.Use.DiscountMinor > 0)
            .GroupBy(it => (it.Campaign, Currency: it.Use.Currency!)).OrderBy(it => it.Key.Campaign, StringComparer.Ordinal)
            .ThenBy(it => it.Key.Currency, StringComparer.Ordinal).ToList();
        if (discounts.Count == 0)
            return;
        Statements.Add(
            transaction,
            """
            insert into coupon_discounts as d (campaign, currency, slot, minor)
            select campaign, currency, $3, minor from unnest($1::text[], $2::text[], $4::bigint[]) as c (campaign, currency, minor)
            on conflict (campaign, currency, slot) do update set minor = d.minor + excluded.minor
            """,
            Statements.Texts(discounts.Select(it => it.Key.Campaign)),
            Statements.Texts(discounts.Select(it => it.Key.Currency)),
            new NpgsqlParameter<short> { TypedValue = slot },
            Statements.Bigints(discounts.Select(it => it.Sum(redeemed => redeemed.Use.DiscountMinor))));
    }

    private static NpgsqlParameter Count<TEvent>(IEnumerable<IGrouping<string, RecordedEvent>> campaigns) =>
        Statements.Bigints(campaigns.Select(campaign => campaign.LongCount(recorded => recorded.Event is TEvent)));

    private static string Hash(DomainEvent happened) => happened switch
    {
        CouponRedeemed redeemed => redeemed.Hash,
        CouponReserved reserved => reserved.Hash,
        _ => "",
    };

    private static string CampaignOf(DomainEvent happened) => happened switch
    {
        CouponIssued issued => issued.Campaign,
        CouponViewed viewed => viewed.Campaign,
        CouponReserved reserved => reserved.Campaign,
        CouponReleased released => released.Campaign,
        CouponRedeemed redeemed => redeemed.Campaign,
        CouponExpired expired => expired.Campaign,
        CouponVoided voided => voided.Campaign,
        _ => "",
    };

    private static async Task<IResult> ShowAsync(
        string id, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, CancellationToken cancellation)
    {
        var made = (await book.ReadAsync(cancellation)).Batches.Values.Where(it => it.Made.Campaign == id && !it.Made.Running).Sum(it => (long)it.Made.Count);
        await using var batch = runtime.Database.CreateBatch();
        Statements.Add(
            batch,
            """
            select coalesce(sum(issued), 0)::bigint, coalesce(sum(viewed), 0)::bigint, coalesce(sum(reserved), 0)::bigint,
                   coalesce(sum(redeemed), 0)::bigint, coalesce(sum(over), 0)::bigint, coalesce(sum(expired), 0)::bigint, coalesce(sum(voided), 0)::bigint
            from coupon_figures where campaign = $1
            """,
            new NpgsqlParameter { Value = id, NpgsqlDbType = NpgsqlDbType.Text });
        Statements.Add(
            batch,
            "select currency, sum(minor)::bigint from coupon_discounts where campaign = $1 group by currency",
            new NpgsqlParameter { Value = id, NpgsqlDbType = NpgsqlDbType.Text });
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var counts = Enumerable.Range(0, 7).Select(row.GetInt64).ToArray();
        await row.NextResultAsync(cancellation);
        var discounts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        while (await row.ReadAsync(cancellation))
            discounts[row.GetString(0)] = row.GetInt64(1);
        return TypedResults.Json(
            new CampaignCounts(made, counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6], discounts),
            CouponJson.Default.CampaignCounts);
    }
}
