namespace Patron.Local;

/// <summary>What stands in a private PostgreSQL's folder.</summary>
/// <param name="Folder">Where it is kept, or null if there is none.</param>
/// <param name="Processes">How many of its server processes run.</param>
/// <param name="InUse">A living process holds it.</param>
/// <param name="IsWhole">Cluster and password are both there.</param>
public sealed record PrivatePostgresStatus(string? Folder, int Processes, bool InUse, bool IsWhole);
