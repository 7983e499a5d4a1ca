//! As much of OpenAPI's schemas as the published webhooks use.

use serde_json::Value;
use std::collections::BTreeSet;

/// Where a payload and a schema disagree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The member, from the root: `events[].duration`.
    pub field: String,
    /// `type`, `enum`, `required` or `extra`.
    pub fails: &'static str,
}

/// Everything in which `value` is not what `components.schemas.<name>` says.
pub fn findings(document: &Value, name: &str, value: &Value) -> BTreeSet<Finding> {
    let mut check = Check { document, findings: BTreeSet::new() };
    let schema = &document["components"]["schemas"][name];
    assert!(schema.is_object(), "no schema {name}");
    check.value(schema, value, "");
    check.findings
}

struct Check<'a> {
    document: &'a Value,
    findings: BTreeSet<Finding>,
}

impl<'a> Check<'a> {
    fn fail(&mut self, field: &str, fails: &'static str) {
        let field = field.trim_start_matches('.').into();
        self.findings.insert(Finding { field, fails });
    }

    fn resolve(&self, mut schema: &'a Value) -> &'a Value {
        while let Some(pointer) = schema["$ref"].as_str() {
            schema = self.document.pointer(pointer.trim_start_matches('#')).unwrap();
        }
        schema
    }

    fn value(&mut self, schema: &'a Value, value: &Value, field: &str) {
        let schema = self.resolve(schema);
        let wanted: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            several => several.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        };
        let may_be_null = schema["nullable"] == true;
        let fits = |kind: &&str| has_kind(value, kind);
        let null = value.is_null() && may_be_null;
        let right = wanted.is_empty() || null || wanted.iter().any(fits);
        if !right {
            return self.fail(field, "type");
        }
        if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
            self.fail(field, "enum");
        }
        if let Some(members) = value.as_object() {
            for name in schema["required"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap();
                if !members.contains_key(name) {
                    self.fail(&format!("{field}.{name}"), "required");
                }
            }
            for (name, member) in members {
                let at = format!("{field}.{name}");
                match schema["properties"].get(name) {
                    Some(schema) => self.value(schema, member, &at),
                    None => self.fail(&at, "extra"),
                }
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.value(&schema["items"], item, &format!("{field}[]"));
        }
    }
}

/// Whether a value is of a type of JSON schema.
pub fn has_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("a schema of type {other}"),
    }
}
