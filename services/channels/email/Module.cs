using System.Net.Mail;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Channels.Email;

/// <summary>The email channel: takes up journeys' requests, asks its gate, sends over SMTP and records what became of it.</summary>
public static class Module
{
    internal const string Name = "email";

    private static readonly TimeSpan ProfileAnswersWithin = TimeSpan.FromSeconds(10);

    public static void AddEmail(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<EmailSettings>("Email");
        AddProfile(builder);
        builder.AddPatronService(Name, Define);

        var services = builder.Services;
        services.AddSingleton<Templates>();
        services.AddSingleton(_ => new RecipientHash(Convert.FromBase64String(settings.RecipientKey)));
        services.AddSingleton(_ => new MailComposer(new MailAddress(settings.From)));
        services.AddSingleton(_ => new SmtpPool(settings.Smtp, settings.Connections));
        services.AddSingleton(s => new SendQueue(s.GetRequiredService<SystemClock>()));
        services.AddSingleton(s => new Outbox(s.PatronService(Name).Database));
        services.AddSingleton(s => new Gate(s.PatronService(Name).Database));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Preparation>(s, s.GetRequiredService<SystemClock>()));
        services.AddSingleton(s => new DispatchRound(
            s.PatronService(Name), s.GetRequiredService<SendQueue>(), s.GetRequiredService<Outbox>(), s.GetRequiredService<Gate>(),
            s.GetRequiredService<ICustomerKeys>(), s.GetRequiredService<Preparation>(), s.GetRequiredService<SmtpPool>(), settings,
            s.GetRequiredService<BusinessClock>(), s.GetRequiredService<SystemClock>(), s.GetRequiredService<ILogger<DispatchRound>>()));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Dispatcher>(s, s.PatronService(Name)));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ProfileNotices>(s, s.PatronService(Name)));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Unsubscribe.Withdrawals>(s, s.PatronService(Name), s.GetRequiredService<SystemClock>()));
        services.AddHostedService(s => s.GetRequiredService<Dispatcher>());
        services.AddHostedService(s => s.GetRequiredService<ProfileNotices>());
    }

    public static void MapEmail(this WebApplication app)
    {
        Story.Map(app);
        Unsubscribe.Map(app);
        WithdrawalDoor.Map(app);
        app.MapOperations(Name);
    }

    private static ServiceDefinition Define(IServiceProvider services) => new()
    {
        Name = Name,
        Events = Send.Events,
        Streams = [Send.Kind, Suppression.Kind],
        Views =
        [
            new OutboxRows(services.GetRequiredService<SendQueue>().Offer), new SuppressionRows(),
            new MergedSends(services.GetRequiredService<IEventLog>().Partitions), new FigureCounts(Story.Count),
        ],
        Subscriptions = Consumed.Subscriptions,
        Publications = [Published.Publication],
        CustomerTables = CustomerTables.All,
        OnErased = services.GetRequiredService<ICustomerKeys>().Forget,
        Handovers = MergeRecipients.Rules,
        Migrations = [Migration.Embedded("email.sql"), FigureCounts.Migration, Migration.Embedded("optin.sql"), Migration.Embedded("email-merges.sql")],
        OnAcquired = (acquired, _) =>
        {
            services.GetRequiredService<Dispatcher>().Acquired(acquired.Partition);
            return Task.CompletedTask;
        },
    };

    /// <summary>Withdrawals are told to profile at <c>Peers:Profile</c>, with the API key <c>Peers:ApiKey</c> of the scope <c>ingest</c>.</summary>
    private static void AddProfile(WebApplicationBuilder builder)
    {
        builder.AddCustomerKeys();
        var address = new Uri(builder.Configuration["Peers:Profile"] ?? "http://profile:8080");
        var apiKey = builder.Configuration["Peers:ApiKey"] ?? "";
        builder.Services.AddHttpClient(ProfileNotices.Client, client =>
        {
            client.BaseAddress = address;
            client.Timeout = ProfileAnswersWithin;
            client.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        });
    }
}
