//! Resources in the words of OpenAPI 3.1.

use super::{Level, Resource, paths};
use crate::openapi::{Method, Operation, Parameter, array_of, reference};
use foghorn_catalog::{KINDS, Kind, Member, Shape};
use serde_json::{Map, Value, json};

/// Names of operations that do not follow the others.
const ODD_NAMES: [(&str, &str); 1] = [("getOrgWlan", "getOrgWLAN")];

/// What is done with a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    List,
    Create,
    Get,
    Update,
    UpdateByPost,
    Delete,
}

/// An operation on a resource, as the document has it.
pub(crate) fn operation(resource: &Resource, level: Level, verb: Verb) -> Operation {
    let (all, one) = paths(resource, level);
    let (singular, plural) = resource.names;
    let noun = resource.kind.row().noun;
    // As it is spoken: an asset, an RSSI zone.
    let a = if noun.starts_with(['A', 'E', 'I', 'O', 'R']) { "an" } else { "a" };
    let name = name(resource.kind);
    let (whole, change) = (reference(name), reference(&format!("{name}Change")));
    let (place, of) = match level {
        Level::Org => ("Org", "an org"),
        Level::Site => ("Site", "a site"),
    };
    let new = |method, path: String, id: String, summary: String| {
        let odd = ODD_NAMES.iter().find(|(usual, _)| *usual == id).map(|(_, odd)| (*odd).into());
        Operation::new(method, path, odd.unwrap_or(id), resource.collection, summary)
    };
    match verb {
        Verb::List => {
            let summary = format!("The {noun} objects of {of}");
            new(Method::Get, all, format!("list{place}{plural}"), summary)
                .asks(&PAGE)
                .answers(array_of(whole))
        }
        Verb::Create => {
            let summary = format!("Makes {a} {noun} of {of}");
            new(Method::Post, all, format!("create{place}{singular}"), summary)
                .takes(whole.clone())
                .answers(whole)
        }
        Verb::Get => {
            let summary = format!("{} {noun} of {of}", if a == "an" { "An" } else { "A" });
            new(Method::Get, one, format!("get{place}{singular}"), summary).answers(whole)
        }
        Verb::Update => {
            let summary = format!("Changes the given members of {a} {noun} of {of}");
            new(Method::Put, one, format!("update{place}{singular}"), summary)
                .takes(change)
                .answers(whole)
        }
        Verb::UpdateByPost => {
            let summary = format!("Changes the given members of {a} {noun} of {of}");
            new(Method::Post, one, format!("update{place}{singular}ByPost"), summary)
                .takes(change)
                .answers(whole)
        }
        Verb::Delete => {
            let summary = format!("Deletes {a} {noun} of {of}, and what hangs on it");
            new(Method::Delete, one, format!("delete{place}{singular}"), summary).asks(&[(
                "dry_run",
                "boolean",
                "only tell what would go and what would change (extension)",
            )])
        }
    }
}

/// Parameters of lists.
pub(crate) const PAGE: [Parameter; 2] =
    [("limit", "integer", "objects of a page, 1 to 1000"), ("page", "integer", "from 1")];

/// The name of a kind's schema.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Org => "Org",
        Kind::Site => "Site",
        Kind::OrgSetting | Kind::SiteSetting => "Setting",
        Kind::Device => "Device",
        Kind::Webhook => "Webhook",
        Kind::Token => "ApiToken",
        Kind::Map => "Map",
        Kind::Zone => "Zone",
        Kind::RssiZone => "RssiZone",
        Kind::VBeacon => "VBeacon",
        Kind::Beacon => "Beacon",
        Kind::Asset => "Asset",
        Kind::AssetFilter => "AssetFilter",
        Kind::Wlan => "Wlan",
        Kind::SiteGroup => "SiteGroup",
        Kind::AlarmTemplate => "AlarmTemplate",
        Kind::MxEdge => "MxEdge",
        Kind::Suppression => "AlarmSuppression",
    }
}

/// The schemas of all kinds whose members are known: each whole, and as a change of some members.
pub(crate) fn schemas() -> Map<String, Value> {
    let kinds = KINDS.iter().filter(|row| !row.members.is_empty());
    let both = kinds.flat_map(|row| {
        let (whole, name) = (object(row.members), name(row.kind));
        let mut change = whole.clone();
        if let Some(change) = change.as_object_mut() {
            change.remove("required");
        }
        let mut shown = whole;
        for (key, schema) in always() {
            shown["properties"][key] = schema;
        }
        [(name.to_owned(), shown), (format!("{name}Change"), change)]
    });
    both.collect()
}

/// What every object is answered with.
fn always() -> [(&'static str, Value); 6] {
    let id = json!({ "type": "string", "format": "uuid", "readOnly": true });
    let time = json!({ "type": "number", "readOnly": true, "description": "epoch seconds" });
    [
        ("id", id.clone()),
        ("org_id", id.clone()),
        ("site_id", json!({ "type": ["string", "null"], "format": "uuid" })),
        ("for_site", json!({ "type": "boolean", "readOnly": true })),
        ("created_time", time.clone()),
        ("modified_time", time),
    ]
}

pub(crate) fn object(members: &[Member]) -> Value {
    let mut properties = Map::new();
    for member in members {
        let mut schema = schema(&member.shape);
        // Whatever is not required may be null, which stands for absent.
        if !member.required
            && let Some(kind) = schema.get("type").cloned()
        {
            schema["type"] = json!([kind, "null"]);
            if let Some(texts) = schema.get_mut("enum").and_then(Value::as_array_mut) {
                texts.push(Value::Null);
            }
        }
        schema["description"] = member.doc.into();
        if let Some(default) = member.default.and_then(|json| serde_json::from_str(json).ok()) {
            schema["default"] = default;
        }
        properties.insert(member.key.into(), schema);
    }
    let required: Vec<&str> = members.iter().filter(|it| it.required).map(|it| it.key).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn schema(shape: &Shape) -> Value {
    match shape {
        // The limit is of bytes: no text of so many characters fits that has more of them.
        Shape::Text(max) => json!({ "type": "string", "maxLength": max }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Whole(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        // The range of a text cannot be told.
        Shape::NumberOrText(min, max) => {
            json!({ "type": ["number", "string"], "minimum": min, "maximum": max })
        }
        Shape::OneOf(texts) => json!({ "type": "string", "enum": texts }),
        Shape::Id | Shape::Ref(..) => json!({ "type": "string", "format": "uuid" }),
        Shape::Mac => json!({ "type": "string" }),
        Shape::Ip => json!({ "type": "string" }),
        Shape::List(of, max) => json!({ "type": "array", "items": schema(of), "maxItems": max }),
        Shape::Object(members) => object(members),
        Shape::MapOf(of, max) => {
            json!({ "type": "object", "additionalProperties": schema(of), "maxProperties": max })
        }
        Shape::Any => json!({}),
    }
}
