using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Loyalty;

/// <summary>Source-generated JSON of the reports.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(TrialBalance))]
[JsonSerializable(typeof(Liability))]
[JsonSerializable(typeof(Breakage))]
[JsonSerializable(typeof(Expiring))]
internal sealed partial class ReportJson : JsonSerializerContext;
