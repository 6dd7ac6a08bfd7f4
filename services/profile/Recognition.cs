using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>What every event of a touchpoint may lead to, before what it is about: a new customer, new identifiers, a conflict.</summary>
internal static class Recognition
{
    /// <summary>
    /// Decides by the kept state and not by the table of identifiers, so that a mapping whose first command never came through is made good
    /// by the next one.
    /// </summary>
    public static List<ProfileEvent> Recognise(CustomerProfile customer, Told told, Recognised who, CustomerKey key)
    {
        var events = new List<ProfileEvent>();
        // Who is known by a device only is nobody yet: others hear of a customer when somebody is known by something surer.
        if (!customer.Registered && who.Known)
            events.Add(new CustomerRegistered(told.Source));
        foreach (var identifier in who.Linked.Where(i => !customer.Has(i.Hash)))
        {
            var sealedValue = key.Seal(identifier.Value, FieldOf(identifier.Kind));
            events.Add(new IdentifierLinked(identifier.Kind, identifier.Hash.Hash, sealedValue) { Scope = identifier.Scope });
        }
        foreach (var (identifier, other, cause) in who.Foreign.Where(f => !customer.Conflicts.Contains(f.Identifier.Hash.Hash)))
            events.Add(new IdentifierConflictFound(identifier.Kind, identifier.Hash.Hash, other) { Cause = cause });
        return events;
    }

    /// <summary>The field name that a linked identifier's sealed value is bound to.</summary>
    public static string FieldOf(IdentifierKind kind) => kind switch
    {
        IdentifierKind.Card => "identifier.card",
        IdentifierKind.ShopId => "identifier.shop_id",
        IdentifierKind.Phone => "identifier.phone",
        IdentifierKind.Email => "identifier.email",
        IdentifierKind.OpenId => "identifier.wechat_openid",
        IdentifierKind.UnionId => "identifier.wechat_unionid",
        IdentifierKind.Device => "identifier.device",
        IdentifierKind.PartnerId => "identifier.partner_id",
        _ => throw new System.Diagnostics.UnreachableException($"{kind} is not a kind of identifier."),
    };

    /// <summary>What may be believed of the contact points: not those that belong to somebody else.</summary>
    public static Details Own(Details details, Recognised who) => details with
    {
        Email = who.Foreign.Any(f => f.Identifier.Kind == IdentifierKind.Email) ? null : details.Email,
        Phone = who.Foreign.Any(f => f.Identifier.Kind == IdentifierKind.Phone) ? null : details.Phone,
    };
}
