using Patron.Runtime.EventStore;

namespace Patron.Segmentation.Value;

/// <summary>A model that was fitted, or the reason why there is none.</summary>
internal readonly record struct Fit<T>(T? Model, Refusal? Refusal) where T : class
{
    public static implicit operator Fit<T>(T model) => new(model, null);

    public static implicit operator Fit<T>(Refusal refusal) => new(null, refusal);
}

/// <summary>Nobody bought anything yet.</summary>
internal sealed record NoCustomers : Refusal
{
    public override string Code => "no-customers";

    public override string Detail => "There is no customer with a purchase to learn from; ask again when there are some hundreds.";
}

/// <summary>Nobody bought on a second day.</summary>
internal sealed record NoRepeatCustomers(int Customers) : Refusal
{
    public override string Code => "no-repeat-customers";

    public override string Detail => $"None of {Customers} customers bought on a second day, so nothing is known of how often they return.";
}

/// <summary>Everybody's first purchase was on the last day that is known.</summary>
internal sealed record NoTimeObserved(int Customers) : Refusal
{
    public override string Code => "no-time-observed";

    public override string Detail => $"All {Customers} customers first bought on the last day that is known; wait until they had time to return.";
}

/// <summary>Amounts of which nothing can be averaged.</summary>
internal sealed record NotPositive(int Customers) : Refusal
{
    public override string Code => "values-not-positive";

    public override string Detail =>
        $"{Customers} customers have an average value per purchase that is zero, negative or no number; the model is of positive values, so leave them out.";
}

/// <summary>All customers spend the same.</summary>
internal sealed record ValuesAllEqual(int Customers) : Refusal
{
    public override string Code => "values-all-equal";

    public override string Detail => $"All {Customers} customers spend the same on average, so there is no spread to learn from; use that value itself.";
}

/// <summary>The likelihood has no maximum at finite parameters.</summary>
/// <param name="Model">Such as <c>purchase</c>.</param>
internal sealed record NoMaximum(string Model, int Customers) : Refusal
{
    public override string Code => "no-maximum";

    public override string Detail =>
        $"The {Model} model has no single best fit to {Customers} customers: they are too few, or too much alike or too different for it.";
}

/// <summary>The fitted spread of values has no mean.</summary>
internal sealed record NoMeanValue(double Q) : Refusal
{
    public override string Code => "no-mean-value";

    public override string Detail => FormattableString.Invariant(
        $"Values differ so much (q = {Q:0.###}, at most 1) that the model's mean is infinite; leave out the few largest, such as resellers.");
}
