using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Tests.Hosting;

[TestFixture]
internal sealed class SettingsTests
{
    [Test]
    public async Task All_wrong_settings_are_told_at_once_with_their_place_and_a_fix()
    {
        Environment.SetEnvironmentVariable("PATRON_DRAIN__GRACEPERIOD", "soon");
        try
        {
            var sentences = await SentencesAsync(
                "--Http:Port=70000", "--Http:Prot=80", "--Http:Bind=here", "--Grpc:Port=x", "--Links:Keys:a=c2hvcnQ=", "--Links:Current=a");
            using (Assert.EnterMultipleScope())
            {
                Assert.That(sentences, Has.Count.EqualTo(6));
                Assert.That(sentences, Has.One.EqualTo(
                    "Http:Port is '70000' (set on the command line by --Http:Port), but it must be from 0 to 65535, where 0 takes a free port. "
                    + "Correct it there, or override it as --Http:Port=… or PATRON_HTTP__PORT=…."));
                Assert.That(sentences, Has.One.StartsWith("Http:Prot is '80'").And.One.Contains("there is no such setting; Http knows Bind, Port"));
                Assert.That(sentences, Has.One.StartsWith("Http:Bind is 'here'"));
                Assert.That(sentences, Has.One.StartsWith("Grpc:Port is 'x'").And.One.Contains("a whole number"));
                Assert.That(sentences, Has.One.Contains("set by the environment variable PATRON_DRAIN__GRACEPERIOD").And.One.Contains("a time span"));
                Assert.That(sentences, Has.One.StartsWith("Links:Keys:a is '***'"), "secrets are not told");
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATRON_DRAIN__GRACEPERIOD", null);
        }
    }

    [Test]
    public async Task A_wrong_api_key_entry_names_the_caller()
    {
        var sentences = await SentencesAsync("--Api:Keys:shop:Hash=abc", "--Api:Keys:web:Scope=ingest");
        Assert.That(sentences, Has.One.StartsWith("Api:Keys:shop:Hash is '***'").And.One.StartsWith("Api:Keys:shop:Scopes is not set right"));
    }

    [Test]
    public async Task The_command_line_wins_over_the_environment()
    {
        Environment.SetEnvironmentVariable("PATRON_SAMPLE__NAME", "variable");
        Environment.SetEnvironmentVariable("PATRON_SAMPLE__SIZE", "7");
        try
        {
            var builder = PatronHost.CreateBuilder(["--Sample:Name=line"], "sample");
            var settings = builder.AddSettings<SampleSettings>("Sample");
            using (Assert.EnterMultipleScope())
            {
                Assert.That(settings.Name, Is.EqualTo("line"));
                Assert.That(settings.Size, Is.EqualTo(7));
                Assert.That(builder.AddSettings<SampleSettings>("Sample"), Is.SameAs(settings));
            }
            await using var app = builder.Build();
            Assert.That(app.Services.GetRequiredService<SampleSettings>(), Is.SameAs(settings));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATRON_SAMPLE__NAME", null);
            Environment.SetEnvironmentVariable("PATRON_SAMPLE__SIZE", null);
        }
    }

    [Test]
    public async Task A_needed_setting_that_is_missing_is_told_with_both_ways_to_set_it()
    {
        await using var app = TestHost.Build(_ => { }, builder => builder.AddSettings<SampleSettings>("Sample"));
        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => app.StartAsync());
        Assert.That(refused!.Message, Is.EqualTo(
            "Sample:Name is not set right: it must be the sample's name. Set it as --Sample:Name=… or PATRON_SAMPLE__NAME=…."));
    }

    private static async Task<IReadOnlyList<string>> SentencesAsync(params string[] settings)
    {
        await using var app = TestHost.Build(_ => { }, null, settings);
        return (await Assert.ThrowsAsync<StartRefusedException>(() => app.StartAsync()))!.Sentences;
    }

    private sealed class SampleSettings : ISettings
    {
        public string Name { get; set; } = "";

        public int Size { get; set; } = 3;

        public IEnumerable<SettingFault> Check()
        {
            if (Name.Length == 0)
                yield return new SettingFault(nameof(Name), "it must be the sample's name");
        }
    }
}
