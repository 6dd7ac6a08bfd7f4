using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Contracts.Channels.V1;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Contracts.Tagging.V1;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>Facts of every context about somebody, as they could come: many of few things, so that they meet.</summary>
internal sealed class RandomHistory(int seed)
{
    private readonly Random random = new(seed);
    private long balance;

    public (string Topic, IMessage Fact) Next(DateTimeOffset now) => random.Next(10) switch
    {
        0 or 1 => (Topics.Profile, Purchase(now)),
        2 => (Topics.Loyalty, Earned(now)),
        3 => (Topics.Loyalty, Spent()),
        4 => (Topics.Loyalty, new TierChanged { From = "member", To = Of("silver", "gold", "platinum"), Reason = "spend" }),
        5 => (Topics.Tagging, random.Next(3) > 0
            ? new TagAdded { Tag = Of("a/x", "a/y", "b/z"), Reason = $"r{random.Next(9)}", RuleVersion = random.Next(1, 4) }
            : new TagRemoved { Tag = Of("a/x", "a/y", "b/z"), Reason = "gone", RuleVersion = 1 }),
        6 => (Topics.Segmentation, random.Next(3) > 0
            ? new SegmentEntered { Segment = Of("new", "active", "at-risk"), Reason = "r", EvaluatedAt = now.ToTimestamp() }
            : new SegmentLeft { Segment = Of("new", "active", "at-risk"), Reason = "r", EvaluatedAt = now.ToTimestamp() }),
        7 => (Topics.Journey, Travelled()),
        8 => (Of(Topics.Email, Topics.Sms, Topics.WeChat), Message()),
        _ => (Topics.Profile, new BehaviourRecorded
        {
            BehaviourId = Id(random.Next(1_000_000)), Type = Of("Product Viewed", "Cart Viewed"), Source = "/web",
            OccurredAt = now.AddMinutes(-random.Next(99)).ToTimestamp(),
        }),
    };

    private PurchaseRecorded Purchase(DateTimeOffset now)
    {
        var isReturn = random.Next(5) == 0;
        return new PurchaseRecorded
        {
            PurchaseId = Id(random.Next(1_000_000)),
            Source = "/pos/hk",
            Receipt = "R",
            Channel = random.Next(2) == 0 ? Channel.Pos : Channel.Eshop,
            Store = "central",
            OccurredAt = now.AddHours(-random.Next(48)).ToTimestamp(),
            Currency = Of("HKD", "CNY"),
            Lines =
            {
                Enumerable.Range(0, random.Next(1, 7)).Select(l => new Line
                {
                    Product = $"P{l}", Kind = isReturn ? LineKind.Return : LineKind.Sale, Quantity = 1,
                    AmountMinor = random.Next(1, 5000) * (isReturn ? -1 : 1),
                }),
            },
        };
    }

    private PointsEarned Earned(DateTimeOffset now)
    {
        var points = random.Next(0, 100);
        balance += points;
        return new PointsEarned { PurchaseId = Id(1), Points = points, Balance = balance, ExpiresAt = now.AddDays(random.Next(10, 400)).ToTimestamp() };
    }

    private IMessage Spent()
    {
        var points = random.NextInt64(0, balance + 1);
        balance -= points;
        return random.Next(2) == 0 ? new PointsExpired { Points = points, Balance = balance } : new PointsReversed { Points = points, Balance = balance };
    }

    private IMessage Travelled()
    {
        var instance = Id(random.Next(4));
        return random.Next(4) switch
        {
            0 => new JourneyEntered { Journey = "welcome", JourneyVersion = 1, InstanceId = instance, Reason = "r" },
            1 => new StepTaken { Journey = "welcome", InstanceId = instance, Step = Of("settle", "reminder"), Reason = "r" },
            2 => new SendRequested { Journey = "welcome", InstanceId = instance, Step = "welcome", Channel = "email", Template = "welcome", SendId = Id(9) },
            _ => new JourneyLeft { Journey = "welcome", InstanceId = instance, Outcome = "goal", Reason = "r" },
        };
    }

    private IMessage Message()
    {
        var id = Id(random.Next(1_000_000));
        return random.Next(4) switch
        {
            0 => new MessageSuppressed { SendId = id, Channel = "email", Code = "no-consent", Reason = "r" },
            1 => new MessageFailed { SendId = id, Channel = "email", Reason = "r" },
            2 => new MessageUncertain { SendId = id, Channel = "email", Reason = "r" },
            _ => new MessageSent { SendId = id, Channel = "email", Template = "welcome" },
        };
    }

    private string Of(params string[] choices) => choices[random.Next(choices.Length)];

    private static string Id(int number) => $"0197f7a0-0000-7000-8000-{number:000000000000}";
}
