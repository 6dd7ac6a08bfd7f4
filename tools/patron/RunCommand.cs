namespace Patron.Tool;

internal static class RunCommand
{
    public static async Task<int> ExecuteAsync(string[] args, CancellationToken cancellation)
    {
        await Console.Error.WriteLineAsync("patron cannot replay a purchase history yet.".AsMemory(), cancellation);
        return 1;
    }
}
