using MathNet.Numerics.LinearAlgebra;

namespace Patron.Segmentation.Value;

/// <summary>A function to minimise, with its gradient.</summary>
/// <param name="at">As many as <paramref name="gradient"/> has places.</param>
/// <param name="gradient">Is filled.</param>
/// <returns>The value; infinity or NaN where the function cannot be computed, which the minimiser steps back from.</returns>
internal delegate double Objective(ReadOnlySpan<double> at, Span<double> gradient);

/// <summary>Where a minimisation ended.</summary>
/// <param name="Curvature">Second derivatives at <paramref name="At"/>; for a mean negative log-likelihood, the information of one customer.</param>
/// <param name="Converged">The gradient is zero, for all that the arithmetic can tell, and the curvature positive definite.</param>
internal sealed record Minimum(double[] At, double Value, Matrix<double> Curvature, int Iterations, bool Converged);

/// <summary>
/// Newton's method with Levenberg's damping, for few parameters and gradients that are exact. MathNet's BfgsMinimizer finds the same
/// optima of good data (a test compares them), but ends in an exception where a likelihood is flat or has no maximum, which is how a
/// brand's first months look; and the curvature is needed anyway, for standard errors and to tell a maximum from a ridge.
/// </summary>
internal static class DampedNewton
{
    private const int IterationsMax = 200;
    private const double GradientMax = 1e-9;
    private const double StepMax = 2;
    private const double DampingMin = 1e-12;
    private const double DampingMax = 1e12;

    /// <param name="bound">Parameters stay within plus and minus this; an end at the bound has not converged.</param>
    public static Minimum Minimise(Objective objective, ReadOnlySpan<double> start, double bound)
    {
        var at = start.ToArray();
        var gradient = new double[at.Length];
        var value = objective(at, gradient);
        var damping = 1e-3;
        for (var iteration = 1; ; iteration++)
        {
            var curvature = CurvatureAt(objective, at);
            var still = Array.TrueForAll(gradient, slope => Math.Abs(slope) <= GradientMax);
            if (still || iteration > IterationsMax || !TryStep(objective, curvature, bound, ref at, ref gradient, ref value, ref damping))
            {
                var inside = Array.TrueForAll(at, parameter => Math.Abs(parameter) < bound);
                var flat = Array.TrueForAll(gradient, slope => Math.Abs(slope) <= GradientMax * 100);
                return new Minimum(at, value, curvature, iteration, inside && flat && Factor(curvature, 0) is not null);
            }
        }
    }

    /// <summary>Takes one step that lowers the value; false when there is none, however short.</summary>
    private static bool TryStep(
        Objective objective, Matrix<double> curvature, double bound, ref double[] at, ref double[] gradient, ref double value, ref double damping)
    {
        var slope = new double[at.Length];
        for (; damping <= DampingMax; damping *= 4)
        {
            if (Factor(curvature, damping) is not { } factor)
                continue;
            var step = factor.Solve(Vector<double>.Build.Dense(gradient));
            var length = Math.Min(1, StepMax / Math.Max(step.InfinityNorm(), double.Epsilon));
            var next = new double[at.Length];
            for (var i = 0; i < next.Length; i++)
                next[i] = Math.Clamp(at[i] - (length * step[i]), -bound, bound);
            var reached = objective(next, slope);
            if (!(reached < value))
                continue;
            (at, gradient, value) = (next, slope, reached);
            damping = Math.Max(DampingMin, damping / 10);
            return true;
        }

        return false;
    }

    private static MathNet.Numerics.LinearAlgebra.Factorization.Cholesky<double>? Factor(Matrix<double> curvature, double damping)
    {
        var damped = curvature + (Matrix<double>.Build.DenseIdentity(curvature.RowCount) * damping);
        try
        {
            return damped.Cholesky();
        }
        catch (ArgumentException)
        {
            // Not positive definite: more damping makes it so.
            return null;
        }
    }

    /// <summary>Central differences of the exact gradient, made symmetric.</summary>
    private static Matrix<double> CurvatureAt(Objective objective, double[] at)
    {
        const double Width = 1e-4;
        var curvature = Matrix<double>.Build.Dense(at.Length, at.Length);
        var above = new double[at.Length];
        var below = new double[at.Length];
        for (var i = 0; i < at.Length; i++)
        {
            var moved = (double[])at.Clone();
            moved[i] = at[i] + Width;
            objective(moved, above);
            moved[i] = at[i] - Width;
            objective(moved, below);
            for (var j = 0; j < at.Length; j++)
                curvature[i, j] = (above[j] - below[j]) / (2 * Width);
        }

        return (curvature + curvature.Transpose()) / 2;
    }
}
