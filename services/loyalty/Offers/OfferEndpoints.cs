using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

internal sealed record OfferShown(Offer Offer, int Version, bool Ended);

/// <param name="Missing">What is missing within the days that end now: purchases, or minor units; 0 where it is reached.</param>
internal sealed record StepShown(int Purchases, long SpendMinor, string Campaign, bool Reached, long Missing);

/// <param name="Purchases">Within the days that end now.</param>
internal sealed record OfferForCustomer(
    string Offer, IReadOnlyDictionary<string, string> Names, DateTimeOffset Until, int WithinDays, int Purchases, long SpendMinor,
    IReadOnlyList<StepShown> Steps);

/// <summary>Offers in steps, and how far a customer has come.</summary>
internal static class OfferEndpoints
{
    private const int StepsMax = 10;

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPut("/offers/{id}", DefineAsync).RequireApiKey("write");
        loyalty.MapGet("/offers", ListAsync).RequireApiKey("read");
        loyalty.MapPost("/offers/{id}/end", EndAsync).RequireApiKey("write");
        loyalty.MapGet("/customers/{id:guid}/offers", ForCustomerAsync).RequireAnyApiKey("read", "partner");
    }

    /// <summary>Counts purchases that come in from now on. A changed offer keeps what customers have reached, step by step.</summary>
    private static async Task<IResult> DefineAsync(
        string id, Offer body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context, CancellationToken cancellation)
    {
        var offer = body with { Id = id, Steps = body.Steps ?? [] };
        if (Check(offer, await book.RefreshAsync(cancellation)) is { Count: > 0 } errors)
            return Problem.Invalid(errors);
        var (hash, by) = (BookPage.HashOf(new OfferDefined(offer, 0, "")), context.GetApiCaller().Name);
        await runtime.ExecuteAsync(
            BookPage.Command($"offer/{id}", page => page.Content == hash && !page.Ended ? Decision.Nothing : new OfferDefined(offer, page.Version + 1, by)),
            cancellation);
        return Shown(await book.RefreshAsync(cancellation), id);
    }

    private static async Task<IResult> ListAsync(CouponBook book, CancellationToken cancellation)
    {
        var content = await book.RefreshAsync(cancellation);
        return TypedResults.Json<IReadOnlyList<OfferShown>>(
            [.. content.Offers.Values.OrderBy(it => it.Offer.Id, StringComparer.Ordinal).Select(it => new OfferShown(it.Offer, it.Version, it.Ended))],
            CouponJson.Default.IReadOnlyListOfferShown);
    }

    private static async Task<IResult> EndAsync(
        string id, ReasonGiven body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context,
        CancellationToken cancellation)
    {
        if (!CampaignCheck.IsId(body.Reason))
            return Problem.Invalid(new FieldError("/reason", "Give a reason as a code such as budget-spent."));
        if (!(await book.RefreshAsync(cancellation)).Offers.ContainsKey(id))
            return Problem.NotFound("There is no offer with this name.");
        var by = context.GetApiCaller().Name;
        await runtime.ExecuteAsync(
            BookPage.Command($"offer/{id}", page => page.Ended ? Decision.Nothing : new OfferEnded(id, body.Reason!, by)), cancellation);
        return Shown(await book.RefreshAsync(cancellation), id);
    }

    private static async Task<IResult> ForCustomerAsync(Guid id, CouponBook book, CouponDesk desk, BusinessClock clock, CancellationToken cancellation)
    {
        var (content, now) = (await book.ReadAsync(cancellation), clock.GetUtcNow());
        var wallet = await desk.WalletAsync(id, cancellation) ?? new Wallet();
        return TypedResults.Json<IReadOnlyList<OfferForCustomer>>(
            [.. content.Offers.Values.Where(it => !it.Ended && it.Offer.From <= now && now < it.Offer.Until)
                .OrderBy(it => it.Offer.Id, StringComparer.Ordinal).Select(it => For(it.Offer, wallet, now))],
            CouponJson.Default.IReadOnlyListOfferForCustomer);
    }

    private static OfferForCustomer For(Offer offer, Wallet wallet, DateTimeOffset now)
    {
        var known = wallet.Offers.FirstOrDefault(it => it.Offer == offer.Id) ?? new(offer.Id, [], []);
        var (purchases, spend) = OfferProgress.Within(offer, known.Visits, now);
        return new(offer.Id, offer.Names, offer.Until, offer.WithinDays, purchases, spend, [.. offer.Steps.Select((step, index) =>
        {
            var reached = known.Reached.Any(it => it.Step == index);
            var missing = step.Purchases > 0 ? step.Purchases - purchases : step.SpendMinor - spend;
            return new StepShown(step.Purchases, step.SpendMinor, step.Campaign, reached, reached ? 0 : Math.Max(0, missing));
        })]);
    }

    private static IResult Shown(BookContent content, string id) => content.Offers.TryGetValue(id, out var found)
        ? TypedResults.Json(new OfferShown(found.Offer, found.Version, found.Ended), CouponJson.Default.OfferShown)
        : Problem.NotFound("There is no offer with this name.");

    private static List<FieldError> Check(Offer offer, BookContent content)
    {
        var errors = new List<FieldError>();
        CampaignCheck.Id(errors, "/id", offer.Id);
        CampaignCheck.Names(errors, offer.Names);
        CampaignCheck.Range(errors, "/withinDays", offer.WithinDays, 1, 366);
        CampaignCheck.Range(errors, "/minMinor", offer.MinMinor, 0, 1_000_000_000_000);
        if (offer.From >= offer.Until)
            errors.Add(new("/until", "This must be later than from."));
        if (offer.Currency is not null || offer.MinMinor > 0 || offer.Steps.Any(step => step.SpendMinor > 0))
            CampaignCheck.Currency(errors, "/currency", offer.Currency);
        if (offer.Steps.Count is 0 or > StepsMax)
            errors.Add(new("/steps", $"Give 1 to {StepsMax} steps."));
        foreach (var (index, step) in offer.Steps.Index())
        {
            if (step.Purchases is < 0 or > OfferProgress.VisitsMax || step.SpendMinor < 0 || (step.Purchases > 0) == (step.SpendMinor > 0))
                errors.Add(new($"/steps/{index}", $"Give purchases, 1 to {OfferProgress.VisitsMax}, or spendMinor, more than 0; not both."));
            if (step.Campaign is null || content.Find(step.Campaign) is null)
                errors.Add(new($"/steps/{index}/campaign", "Name a campaign that is defined: its coupon is what the customer gets."));
        }

        return errors;
    }
}
