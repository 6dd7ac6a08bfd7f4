namespace Patron.Segmentation;

/// <summary>What is true of a customer's attribute, in English.</summary>
internal static class AttributeFacts
{
    /// <param name="showsPersonal">The value may be told; else only whether the rule holds.</param>
    public static string Of(AttributeClause clause, CustomerRow row, bool holds, bool showsPersonal)
    {
        var name = clause switch
        {
            AgeBetween => "age",
            BirthdayNear => "birthday",
            _ => Languages.English.Attributes.GetValueOrDefault(clause.Key, clause.Key),
        };
        if (!showsPersonal)
            return $"the rule on {name} {(holds ? "holds" : "does not hold")}";
        if (!row.Attributes.TryGetValue(clause.Key, out var value))
            return $"{Languages.English.Attributes.GetValueOrDefault(clause.Key, clause.Key)} is not known";
        return clause switch
        {
            AttributeIn { In.Count: 0 } => $"{name} is known",
            AgeBetween when AttributeTest.DayOf(value) is { } born => $"aged {AttributeTest.AgeOn(born, row.Today)}",
            BirthdayNear => $"born on {value}",
            _ => $"{name} is {value}",
        };
    }
}
