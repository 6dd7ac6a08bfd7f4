using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>Evaluates a basket. Changes nothing; what is chosen is then reserved or redeemed.</summary>
internal static class BasketEndpoints
{
    private const int TextCharsMax = 100;

    public static void Map(RouteGroupBuilder loyalty) => loyalty.MapPost("/baskets/evaluate", EvaluateAsync).RequireAnyApiKey("partner", "read");

    private static async Task<IResult> EvaluateAsync(
        Basket body, CouponDesk desk, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, HttpContext context,
        CancellationToken cancellation)
    {
        if (Check(body) is { Count: > 0 } errors)
            return Problem.Invalid(errors);
        var answer = await AnswerAsync(body, context.GetApiCaller().Name, desk, runtime, clock.GetUtcNow(), cancellation);
        return TypedResults.Json(answer, CouponJson.Default.BasketAnswer);
    }

    /// <param name="caller">Whose failed tries are counted.</param>
    public static async Task<BasketAnswer> AnswerAsync(
        Basket body, string caller, CouponDesk desk, ServiceRuntime runtime, DateTimeOffset now, CancellationToken cancellation)
    {
        var at = body.At ?? now;
        var wallet = body.Customer is { } customer ? await desk.WalletAsync(customer, cancellation) ?? new Wallet() : null;
        var (candidates, refused) = (new List<Candidate>(), new List<LeftOut>());
        foreach (var code in (body.Codes ?? []).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var (found, refusal) = await TillEndpoints.FindAsync(
                desk, new(code, body.Customer, null, null, null, null, 0, null), "evaluate", caller, look: true, cancellation);
            refusal ??= await desk.WhyNoneLeftAsync(found!, cancellation);
            Add(candidates, refused, found, code, refusal, wallet, at);
        }

        if (body is { LeaveWallet: false, Customer: { } owner })
        {
            foreach (var life in wallet!.Coupons.Where(life => !candidates.Exists(it => it.Coupon == life.Id)))
            {
                var (found, refusal) = await desk.FindAsync(owner, life, cancellation);
                Add(candidates, refused, found, null, refusal, wallet, at);
            }
        }

        var tier = body.Customer is { } member
            ? (await runtime.StateAsync(Ledger.Kind, member, cancellation))?.Tier
            : null;
        return EvaluateBasket.Of(body, candidates, refused, tier, at);
    }

    private static void Add(
        List<Candidate> candidates, List<LeftOut> refused, FoundCoupon? found, string? code, Refusal? refusal, Wallet? wallet, DateTimeOffset at)
    {
        refusal ??= found!.Life.WhyNot(at);
        var max = found?.Campaign.PerMemberMax ?? 0;
        var left = max == 0 || wallet is null ? int.MaxValue : max - wallet.UsesOf(found!.Campaign.Id, found.Life.Id, at);
        if (refusal is null && left <= 0)
            refusal = CouponRefused.MemberLimit(max);
        if (refusal is null)
            candidates.Add(new(found!.Life.Id, code, found.Campaign, left));
        else
            refused.Add(new(found?.Life.Id, code, found?.Campaign.Id, new(refusal.Code, refusal.Detail)));
    }

    public static List<FieldError> Check(Basket body)
    {
        var errors = new List<FieldError>();
        CampaignCheck.Currency(errors, "/currency", body.Currency);
        if (body.Lines is not { Count: >= 1 and <= Basket.LinesMax } || body.Lines.Any(line => line is null))
        {
            errors.Add(new("/lines", $"Send 1 to {Basket.LinesMax} lines."));
            return errors;
        }

        if (body.Codes?.Count > Basket.CodesMax || body.Codes?.Any(code => code is not { Length: >= 1 and <= TextCharsMax }) == true)
            errors.Add(new("/codes", $"Send at most {Basket.CodesMax} codes of at most {TextCharsMax} characters."));
        foreach (var (index, line) in body.Lines.Index())
        {
            if (line.Product is not { Length: >= 1 and <= TextCharsMax })
                errors.Add(new($"/lines/{index}/product", $"Name the product by its code of at most {TextCharsMax} characters."));
            CampaignCheck.Range(errors, $"/lines/{index}/quantity", line.Quantity, 1, Basket.PiecesMax);
            CampaignCheck.Range(errors, $"/lines/{index}/amountMinor", line.AmountMinor, 0, Basket.AmountMinorMax);
        }

        if (body.Lines.Sum(line => (long)line.Quantity) > Basket.PiecesMax)
            errors.Add(new("/lines", $"A basket may have at most {Basket.PiecesMax} pieces in all."));
        return errors;
    }
}
