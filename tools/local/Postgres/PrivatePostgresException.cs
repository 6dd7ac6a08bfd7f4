namespace Patron.Local;

/// <summary>A private PostgreSQL could not be set up, started or stopped. The message says what to do.</summary>
public sealed class PrivatePostgresException : Exception
{
    public PrivatePostgresException()
    {
    }

    public PrivatePostgresException(string message)
        : base(message)
    {
    }

    public PrivatePostgresException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
