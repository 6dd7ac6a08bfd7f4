using Patron.Local;

namespace Patron.Tool;

/// <summary>Deletes what `patron run` keeps: its state folder, and the private PostgreSQL wherever that is.</summary>
internal static class Clean
{
    /// <summary>Answers the exit code: 1 when something is in use or may not be deleted. Safe to repeat.</summary>
    public static Task<int> RunAsync(TextWriter output, CancellationToken cancellation) =>
        RunAsync(Checkout.Find(), output, cancellation);

    public static async Task<int> RunAsync(Checkout checkout, TextWriter output, CancellationToken cancellation)
    {
        try
        {
            var deleted = (await PrivatePostgres.DeleteAsync(checkout.PostgresFolder, cancellation)).ToList();
            if (Directory.Exists(checkout.StateFolder))
            {
                Directory.Delete(checkout.StateFolder, recursive: true);
                deleted.Add(checkout.StateFolder);
            }

            foreach (var folder in deleted)
                await output.WriteLineAsync($"Deleted {folder}");
            if (deleted.Count == 0)
                await output.WriteLineAsync("There was nothing to delete.");
            return 0;
        }
        catch (Exception fault) when (fault is PrivatePostgresException or IOException or UnauthorizedAccessException)
        {
            await output.WriteLineAsync($"Not everything was deleted: {fault.Message}");
            return 1;
        }
    }
}
