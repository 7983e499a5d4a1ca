//! What a change was: the keys that differ, before and after, redacted.

use crate::seal::redact;
use serde_json::ser::Formatter;
use serde_json::{Map, Value};
use std::io;

/// The changed keys before and after, as JSON text; `None` where there is nothing to tell.
pub(crate) fn difference(
    before: Option<&Map<String, Value>>,
    after: Option<&Map<String, Value>>,
) -> (Option<String>, Option<String>) {
    let empty = Map::new();
    let (old, new) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
    let changed = |this: &Map<String, Value>, other: &Map<String, Value>| {
        let mut keys: Map<String, Value> = this
            .iter()
            .filter(|(key, value)| !key.starts_with('$') && other.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        redact(&mut keys);
        keys
    };
    let (was, is) = (changed(old, new), changed(new, old));
    (before.map(|_| spaced(&was)), after.map(|_| spaced(&is)))
}

/// JSON text with a space after `:` and `,`, as it stands in the audits of Mist's wire.
fn spaced(map: &Map<String, Value>) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Spaced);
    let written = serde::Serialize::serialize(map, &mut serializer);
    debug_assert!(written.is_ok(), "plain JSON serialises");
    String::from_utf8(out).unwrap_or_default()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { w.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_changed_is_told_and_secrets_are_not() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let before = map(json!({"name": "a", "secret": "s1", "list": [1, 2], "same": true}));
        let after = map(json!({"name": "b", "secret": "s2", "list": [1, 3], "same": true}));
        let (was, is) = difference(Some(&before), Some(&after));
        assert_eq!(was.unwrap(), r#"{"list": [1, 2], "name": "a", "secret": "****"}"#);
        assert_eq!(is.unwrap(), r#"{"list": [1, 3], "name": "b", "secret": "****"}"#);
    }
}
