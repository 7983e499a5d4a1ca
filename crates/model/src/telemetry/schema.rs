//! The JSON Schema of every kind, made of the same tables that the reader uses.

use super::field::{FIELDS, Field, FieldSet, FieldType};
use super::{KINDS, KindRow};
use serde_json::{Map, Value, json};

/// One object per kind: `kind`, `description`, `example` and `schema` (JSON Schema 2020-12).
pub fn json_schemas() -> Vec<Value> {
    KINDS
        .iter()
        .map(|row| {
            json!({
                "kind": row.name,
                "description": row.doc,
                "example": serde_json::from_str::<Value>(row.example).unwrap_or_default(),
                "schema": schema(row),
            })
        })
        .collect()
}

fn schema(row: &KindRow) -> Value {
    let mut schema = object(row.required, row.optional);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = row.name.into();
    schema["properties"]["kind"] =
        json!({ "const": row.name, "description": Field::Kind.row().doc });
    schema
}

fn object(required: FieldSet, optional: FieldSet) -> Value {
    let mut properties = Map::new();
    let of = |set: FieldSet| FIELDS.iter().filter(move |field| set.has(field.field));
    for field in of(required.or(optional)) {
        let mut property = property(field.field_type);
        property["description"] = field.doc.into();
        properties.insert(field.key.into(), property);
    }
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": of(required).map(|field| field.key).collect::<Vec<_>>(),
    })
}

fn property(field_type: FieldType) -> Value {
    match field_type {
        FieldType::Text(max) => json!({ "type": "string", "maxLength": max }),
        FieldType::Time => json!({ "type": ["number", "string"] }),
        FieldType::Mac => {
            json!({ "type": "string", "pattern": "^([0-9A-Fa-f]{2}[:.-]?){5}[0-9A-Fa-f]{2}$" })
        }
        FieldType::Rssi => json!({ "type": "number", "minimum": -150, "maximum": 30 }),
        FieldType::Count => json!({ "type": "integer", "minimum": 0 }),
        FieldType::Flag => json!({ "type": "boolean" }),
        FieldType::Ip => json!({ "type": "string" }),
        FieldType::Id => json!({ "type": "string", "format": "uuid" }),
        FieldType::Secs => json!({ "type": "number", "minimum": 0, "maximum": 86_400 }),
        FieldType::Percent => json!({ "type": "number", "minimum": 0, "maximum": 100 }),
        FieldType::Rate => json!({ "type": "number", "minimum": 0, "maximum": 1_000_000 }),
        FieldType::Decibels => json!({ "type": "number", "minimum": -100, "maximum": 200 }),
        FieldType::Texts => {
            json!({ "type": "array", "maxItems": 64, "items": { "type": "string", "maxLength": 1024 } })
        }
        FieldType::Objects(form) => {
            json!({ "type": "array", "maxItems": form.max, "items": object(form.required, form.optional) })
        }
        FieldType::Band => json!({ "enum": ["24", "5", "6", "2.4", 24, 5, 6, 2.4] }),
    }
}
