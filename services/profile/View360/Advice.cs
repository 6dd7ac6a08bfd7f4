namespace Patron.Profile;

/// <summary>
/// What contexts that are asked instead of followed have to say of a customer. Each that is registered is asked at the read; where none is,
/// the members are absent from the answer. None stands in this build.
/// </summary>
internal interface ICustomerAdvice
{
    /// <summary>Reads only. A null member is left to another one.</summary>
    ValueTask<Advice> OfAsync(Guid customer, CancellationToken cancellation);
}

internal sealed record Advice(
    Insight? Insight = null, IReadOnlyDictionary<string, string>? Preferences = null, IReadOnlyList<Offer>? Offers = null,
    NextBestAction? NextBestAction = null);

/// <param name="Rfm">The cell, such as <c>champions</c>.</param>
/// <param name="Lifecycle">Such as <c>at risk</c>.</param>
/// <param name="PredictedMinor">What they will spend within the model's horizon, in minor units of <paramref name="Currency"/>.</param>
internal sealed record Insight(string? Rfm, string? Lifecycle, long? PredictedMinor, string? Currency, DateTimeOffset AsOf);

/// <param name="Code">What the till takes.</param>
internal sealed record Offer(string Code, string Text, DateTimeOffset? ValidUntil);

internal sealed record NextBestAction(string Action, string Why);

/// <summary>Asks all that are registered, within a time that the answer can wait for; who is late or fails is left out.</summary>
internal sealed partial class Advisers(IEnumerable<ICustomerAdvice> advisers, ClientelingSettings settings, ILogger<Advisers> log)
{
    private readonly IReadOnlyList<ICustomerAdvice> all = [.. advisers];

    public async ValueTask<Advice> OfAsync(Guid customer, CancellationToken cancellation)
    {
        var advice = new Advice();
        if (all.Count == 0)
            return advice;
        foreach (var more in await Task.WhenAll(all.Select(a => AskAsync(a, customer, cancellation))))
        {
            advice = new Advice(
                advice.Insight ?? more.Insight, advice.Preferences ?? more.Preferences, advice.Offers ?? more.Offers,
                advice.NextBestAction ?? more.NextBestAction);
        }
        return advice;
    }

    private async Task<Advice> AskAsync(ICustomerAdvice adviser, Guid customer, CancellationToken cancellation)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        within.CancelAfter(settings.AdviceWithin);
        try
        {
            return await adviser.OfAsync(customer, within.Token).AsTask().WaitAsync(within.Token);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            LogLeftOut(log, adviser.GetType().Name, fault);
            return new Advice();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What {Adviser} knows of a customer was left out of an answer.")]
    private static partial void LogLeftOut(ILogger log, string adviser, Exception fault);
}
