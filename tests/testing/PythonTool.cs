using System.Diagnostics;
using NUnit.Framework;

namespace Patron.Testing;

/// <summary>Python programs as peers in tests: Debian's python3 with python3-grpcio and python3-protobuf, and protoc.</summary>
public static class PythonTool
{
    private const string Python = "/usr/bin/python3";
    private static readonly Lazy<bool> IsThere = new(Look);

    /// <summary>Starts a script in a folder; ends the test as ignored, with one line that says why, when something is missing.</summary>
    public static ForeignProcess Start(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        if (!IsThere.Value)
            Assert.Ignore("Foreign clients in Python need python3-grpcio, python3-protobuf, protobuf-compiler and libprotobuf-dev.");
        return ForeignProcess.Start(Python, folder, arguments, environment);
    }

    private static bool Look() => Succeeds(Python, "-c", "import grpc, google.protobuf") && Succeeds("protoc", "--version")
        && File.Exists("/usr/include/google/protobuf/timestamp.proto");

    private static bool Succeeds(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
