using System.Reflection;
using System.Xml.Linq;
using NUnit.Framework;

namespace Patron.System.Tests.Tidiness;

[TestFixture]
internal sealed class ReferenceTests
{
    private static IEnumerable<string> Services => Tree.Files.Where(file =>
        file.StartsWith("services/", StringComparison.Ordinal)
        && file.EndsWith(".csproj", StringComparison.Ordinal)
        && !file.StartsWith("services/runtime/", StringComparison.Ordinal));

    [TestCaseSource(nameof(Services))]
    public void A_service_builds_on_the_runtime_and_the_contracts_only(string project)
    {
        var references = XDocument.Load(Path.Combine(Tree.Root, project)).Descendants("ProjectReference")
            .Select(it => Path.GetFileName((string)it.Attribute("Include")!));
        Assert.That(references, Is.SubsetOf(["Patron.Runtime.csproj", "Patron.Contracts.csproj"]));
    }

    [TestCaseSource(nameof(Services))]
    public void A_services_code_uses_no_other_service(string project)
    {
        var assembly = Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, Path.ChangeExtension(Path.GetFileName(project), ".dll")));
        var references = assembly.GetReferencedAssemblies().Select(it => it.Name!).Where(it => it.StartsWith("Patron.", StringComparison.Ordinal));
        Assert.That(references, Is.SubsetOf(["Patron.Runtime", "Patron.Contracts"]));
    }

    [Test]
    public void All_services_are_looked_at() => Assert.That(Services.Count(), Is.GreaterThanOrEqualTo(9));

    [Test]
    public void The_runtime_knows_no_service()
    {
        var references = XDocument.Load(Path.Combine(Tree.Root, "services/runtime/Patron.Runtime.csproj")).Descendants("ProjectReference")
            .Select(it => Path.GetFileName((string)it.Attribute("Include")!));
        Assert.That(references, Is.SubsetOf(["Patron.Contracts.csproj"]));
    }

    [Test]
    public void Every_project_is_part_of_the_solution()
    {
        var solution = XDocument.Load(Path.Combine(Tree.Root, "Patron.slnx")).Descendants("Project").Select(it => (string)it.Attribute("Path")!);
        Assert.That(solution, Is.EquivalentTo(Tree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal))));
    }

    [Test]
    public void Every_project_locks_its_packages_and_names_no_address()
    {
        var locks = Tree.Files.Where(file => Path.GetFileName(file) == "packages.lock.json").ToList();
        Assert.That(
            locks.Select(Path.GetDirectoryName),
            Is.EquivalentTo(Tree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)).Select(Path.GetDirectoryName)));
        Assert.That(Tree.Offences(locks, line => line.Contains("://", StringComparison.Ordinal)), Is.Empty);
    }
}
