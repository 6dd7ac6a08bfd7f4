using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>Every account over all customers.</summary>
/// <param name="Sum">0, or the books are wrong.</param>
internal sealed record TrialBalance(IReadOnlyList<AccountSum> Accounts, long Sum);

internal readonly record struct AccountSum(string Account, long Points);

/// <summary>What the programme owes its members, in points.</summary>
/// <param name="Outstanding">All that members have: available, pending and held.</param>
/// <param name="Clawback">What members owe, as a number above zero.</param>
/// <param name="PartnerBalance">Above zero what partners are to be paid for, below zero what they are to pay for.</param>
internal sealed record Liability(long Outstanding, long Available, long Pending, long Held, long Clawback, long PartnerBalance);

/// <summary>How many of the points that were given expired.</summary>
/// <param name="Share">Expired of those that came to an end, expired or redeemed, 0 to 1; null while none has.</param>
/// <param name="Months">By the month, yyyymm in UTC, in which they were given, redeemed or expired.</param>
internal sealed record Breakage(long Issued, long Redeemed, long Expired, double? Share, IReadOnlyList<BreakageMonth> Months);

internal readonly record struct BreakageMonth(int Month, long Issued, long Redeemed, long Expired);

/// <summary>Points of lots that nobody holds, by their expiry.</summary>
internal sealed record Expiring(int Days, long Points, IReadOnlyList<ExpiringLot> Expiries);

internal readonly record struct ExpiringLot(DateTimeOffset ExpiresAt, long Points);

/// <summary>What an auditor and a controller ask, from <see cref="Books"/>: as of a moment ago.</summary>
internal static class LedgerReports
{
    private const int DaysMax = 3_660;
    private const int DaysUsual = 30;

    public static void Map(RouteGroupBuilder loyalty)
    {
        var reports = loyalty.MapGroup("/reports");
        reports.MapGet("/trial-balance", BalanceAsync).RequireApiKey("read");
        reports.MapGet("/liability", OweAsync).RequireApiKey("read");
        reports.MapGet("/breakage", BreakAsync).RequireApiKey("read");
        reports.MapGet("/expiring", ExpireAsync).RequireApiKey("read");
        reports.MapPost("/rebuild", async ([FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
            TypedResults.Accepted((string?)null, (await runtime.RebuildAsync(Books.Name, cancellation)).Number)).RequireApiKey("operate");
    }

    private static async Task<JsonHttpResult<TrialBalance>> BalanceAsync(
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        var sums = await SumsAsync(runtime.Database, cancellation);
        var accounts = Accounts.All.Select(account => new AccountSum(account, Of(sums, account))).ToList();
        return TypedResults.Json(new TrialBalance(accounts, accounts.Sum(account => account.Points)), ReportJson.Default.TrialBalance);
    }

    private static async Task<JsonHttpResult<Liability>> OweAsync(
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        var sums = await SumsAsync(runtime.Database, cancellation);
        var (available, pending, held) = (Of(sums, Accounts.Available), Of(sums, Accounts.Pending), Of(sums, Accounts.Held));
        var liability = new Liability(
            available + pending + held, available, pending, held, -Of(sums, Accounts.Clawback), Of(sums, Accounts.Partner));
        return TypedResults.Json(liability, ReportJson.Default.Liability);
    }

    private static async Task<JsonHttpResult<Breakage>> BreakAsync(
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        var sums = await SumsAsync(runtime.Database, cancellation);
        var months = sums.Where(sum => sum.Key.Account is Accounts.Issued or Accounts.Redeemed or Accounts.Expired)
            .GroupBy(sum => sum.Key.Month).OrderBy(month => month.Key)
            .Select(month => new BreakageMonth(
                month.Key, -Of(month, Accounts.Issued), Of(month, Accounts.Redeemed), Of(month, Accounts.Expired))).ToList();
        var (redeemed, expired) = (months.Sum(month => month.Redeemed), months.Sum(month => month.Expired));
        var breakage = new Breakage(
            months.Sum(month => month.Issued), redeemed, expired, redeemed + expired == 0 ? null : (double)expired / (redeemed + expired), months);
        return TypedResults.Json(breakage, ReportJson.Default.Breakage);
    }

    /// <param name="days">How far to look ahead of business time: 1 to 3,660, otherwise 30.</param>
    private static async Task<Results<JsonHttpResult<Expiring>, ProblemHttpResult>> ExpireAsync(
        int? days, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, CancellationToken cancellation)
    {
        if (days is < 1 or > DaysMax)
            return Problem.Invalid(new FieldError("days", $"Look 1 to {DaysMax} days ahead."));
        await using var command = runtime.Database.CreateCommand(
            "select expires_at, points from books_expiries where expires_at <= $1 and points <> 0 order by expires_at");
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = clock.GetUtcNow().AddDays(days ?? DaysUsual).UtcDateTime });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var lots = new List<ExpiringLot>();
        while (await row.ReadAsync(cancellation))
            lots.Add(new(new DateTimeOffset(row.GetDateTime(0), TimeSpan.Zero), row.GetInt64(1)));
        return TypedResults.Json(new Expiring(days ?? DaysUsual, lots.Sum(lot => lot.Points), lots), ReportJson.Default.Expiring);
    }

    private static async Task<List<KeyValuePair<(string Account, int Month), long>>> SumsAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select account, month, points from books_accounts order by account, month");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var sums = new List<KeyValuePair<(string, int), long>>();
        while (await row.ReadAsync(cancellation))
            sums.Add(new((row.GetString(0), row.GetInt32(1)), row.GetInt64(2)));
        return sums;
    }

    private static long Of(IEnumerable<KeyValuePair<(string Account, int Month), long>> sums, string account) =>
        sums.Where(sum => sum.Key.Account == account).Sum(sum => sum.Value);
}
