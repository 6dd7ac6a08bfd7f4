using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Projections;

/// <inheritdoc cref="ProjectionRunner"/>
internal sealed partial class ProjectionRunner
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: another instance builds projection {Projection} now.")]
    private static partial void LogFenced(ILogger log, string service, string projection);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: a step of projection {Projection} failed and is repeated.")]
    private static partial void LogRepeat(ILogger log, string service, string projection, Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service}: projection {Projection} shows generation {Generation} of version {Version}.")]
    private static partial void LogSwapped(ILogger log, string service, string projection, int generation, int version);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Service}: projection {Projection} stopped.")]
    private static partial void LogStopped(ILogger log, string service, string projection, Exception fault);
}
