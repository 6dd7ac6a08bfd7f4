using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What one channel asks for a product at the moment of the report.</summary>
/// <param name="Promotion">Its name and bounds, where the price is a promotion's; null for the usual price.</param>
internal sealed record ChannelPrice(string Channel, long AmountMinor, PromotionOf? Promotion);

internal sealed record PromotionOf(string Name, DateTimeOffset? From, DateTimeOffset? Until);

/// <param name="DifferenceMinor">Between the dearest and the cheapest channel, in minor units of the report's currency.</param>
/// <param name="Since">Since when the channels have differed without a break; null: as long as their prices are known.</param>
internal sealed record PriceDifference(string Code, long DifferenceMinor, DateTimeOffset? Since, IReadOnlyList<ChannelPrice> Prices);

/// <param name="Next">Ask again with <c>after</c> set to it; null when there are no more.</param>
internal sealed record PriceDifferencePage(DateTimeOffset At, string Currency, IReadOnlyList<PriceDifference> Differences, string? Next);

/// <summary>The report of products that cost more in one channel than in another, promotions included.</summary>
internal static class PriceDifferences
{
    private const int PageMax = 500;

    public static void Map(WebApplication app) =>
        app.MapGet("/v1/catalogue/price-differences", ReportAsync).RequireApiKey("read");

    /// <summary>The difference of one product at a moment, in one currency; null when its channels agree, or there is only one.</summary>
    /// <param name="code">The product.</param>
    /// <param name="prices">All its prices in the currency.</param>
    /// <param name="moment">The moment of the report.</param>
    public static PriceDifference? Of(string code, IReadOnlyList<ProductPrice> prices, DateTimeOffset moment)
    {
        var now = PricesInForce.At(prices, moment);
        if (!Differ(now))
            return null;
        // Prices change only at their bounds: back from one to the next for as long as they differ.
        var bounds = prices.SelectMany(p => (DateTimeOffset?[])[p.From, p.Until]).OfType<DateTimeOffset>().Where(b => b <= moment).Distinct().OrderDescending();
        DateTimeOffset? since = null;
        foreach (var bound in bounds)
        {
            if (!Differ(PricesInForce.At(prices, bound.AddTicks(-1))))
            {
                since = bound;
                break;
            }
        }
        return new PriceDifference(
            code, now.Max(p => p.AmountMinor) - now.Min(p => p.AmountMinor), since,
            [.. now.Select(p => new ChannelPrice(p.Channel, p.AmountMinor, p.Promotion is null ? null : new PromotionOf(p.Promotion, p.From, p.Until)))]);
    }

    private static bool Differ(IReadOnlyList<ProductPrice> prices) => prices.Select(p => p.AmountMinor).Distinct().Skip(1).Any();

    private static async Task<IResult> ReportAsync(
        DateTimeOffset? at, string? currency, string? after, int? limit, [FromKeyedServices(Module.Name)] ServiceRuntime profile, BusinessClock clock,
        CancellationToken cancellation)
    {
        if (currency is null || !Iso4217.Contains(currency))
            return Problem.Invalid(new FieldError("currency", "Name a currency of ISO 4217, such as HKD."));
        if (limit is < 1 or > PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {PageMax}."));
        var (moment, countMax) = (at ?? clock.GetUtcNow(), limit ?? PageMax);
        var found = new List<PriceDifference>();
        var last = after ?? "";
        // Some candidates agree after all, since a promotion hides the usual price: pages are filled until there are no candidates.
        while (true)
        {
            var candidates = await CandidatesAsync(profile.Database, currency, moment, last, countMax, cancellation);
            found.AddRange(candidates.Select(c => Of(c.Code, c.Prices, moment)).OfType<PriceDifference>());
            last = candidates.Count > 0 ? candidates[^1].Code : last;
            if (candidates.Count < countMax || found.Count >= countMax)
            {
                var page = found.Take(countMax).ToList();
                var hasMore = candidates.Count == countMax || found.Count > countMax;
                var next = hasMore ? (found.Count > countMax ? page[^1].Code : last) : null;
                return TypedResults.Json(new PriceDifferencePage(moment, currency, page, next), ProfileJson.Default.PriceDifferencePage);
            }
        }
    }

    private static async Task<List<(string Code, List<ProductPrice> Prices)>> CandidatesAsync(
        NpgsqlDataSource database, string currency, DateTimeOffset moment, string after, int countMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with candidates as (
              select code from product_prices
              where currency = $1 and code > $2 and (valid_from is null or valid_from <= $3) and (valid_until is null or valid_until > $3)
              group by code having min(amount_minor) <> max(amount_minor) and min(channel) <> max(channel)
              order by code limit $4)
            select p.code, p.channel, p.amount_minor, p.valid_from, p.valid_until, p.promotion
            from product_prices p join candidates c on c.code = p.code
            where p.currency = $1 order by p.code
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = currency });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = moment.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        var products = new List<(string Code, List<ProductPrice> Prices)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (products.Count == 0 || products[^1].Code != row.GetString(0))
                products.Add((row.GetString(0), []));
            products[^1].Prices.Add(new ProductPrice(
                row.GetString(1), currency, row.GetInt64(2), TimeOf(row, 3), TimeOf(row, 4), row.IsDBNull(5) ? null : row.GetString(5)));
        }
        return products;
    }

    private static DateTimeOffset? TimeOf(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : new DateTimeOffset(row.GetDateTime(column), TimeSpan.Zero);
}
