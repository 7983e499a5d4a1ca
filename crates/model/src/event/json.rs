//! Writes the JSON of an event: compact, keys in alphabetical order, no intermediate tree.
//!
//! Mist sends the keys of an event in alphabetical order; the writer asserts it in debug builds,
//! so an encoder that adds a field in the wrong place fails its first test.

use crate::mac::Mac;
use crate::time::{Micros, Timestamp};
use std::fmt::Write as _;
use std::net::IpAddr;
use uuid::Uuid;

/// A JSON object under construction at the end of a buffer.
#[derive(Debug)]
pub struct JsonObject<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
    #[cfg(debug_assertions)]
    last: String,
}

impl<'a> JsonObject<'a> {
    /// Opens an object at the end of `out`.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            empty: true,
            #[cfg(debug_assertions)]
            last: String::new(),
        }
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }

    /// A string.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        write_text(self.out, value);
    }

    /// A string, when there is one.
    pub fn text_opt(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    /// A list of strings.
    pub fn texts(&mut self, key: &str, values: &[String]) {
        self.key(key);
        self.out.push(b'[');
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            write_text(self.out, value);
        }
        self.out.push(b']');
    }

    /// An object of texts, whose keys are in order.
    pub fn object(&mut self, key: &str, members: &[(&str, &str)]) {
        self.nested(key, |object| members.iter().for_each(|(key, text)| object.text(key, text)));
    }

    /// A list of objects of texts, whose keys are in order.
    pub fn objects<'m>(
        &mut self,
        key: &str,
        objects: impl IntoIterator<Item = impl Iterator<Item = (&'m str, &'m str)>>,
    ) {
        self.key(key);
        self.out.push(b'[');
        for (at, members) in objects.into_iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            let mut object = JsonObject::begin(self.out);
            members.for_each(|(key, text)| object.text(key, text));
            object.end();
        }
        self.out.push(b']');
    }

    /// An object in this one.
    pub fn nested(&mut self, key: &str, write: impl FnOnce(&mut JsonObject<'_>)) {
        self.key(key);
        let mut object = JsonObject::begin(self.out);
        write(&mut object);
        object.end();
    }

    /// A number of ten-thousandths: `0.9875`.
    pub fn ten_thousandths(&mut self, key: &str, value: u64) {
        self.key(key);
        let fraction = format!("{:04}", value % 10_000);
        let fraction = fraction.trim_end_matches('0');
        let fraction = if fraction.is_empty() { "0" } else { fraction };
        self.display(format_args!("{}.{fraction}", value / 10_000));
    }

    /// A MAC as twelve digits.
    pub fn mac(&mut self, key: &str, value: Mac) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(&value.digits());
        self.out.push(b'"');
    }

    /// A MAC, when there is one.
    pub fn mac_opt(&mut self, key: &str, value: Option<Mac>) {
        if let Some(value) = value {
            self.mac(key, value);
        }
    }

    /// An id.
    pub fn id(&mut self, key: &str, value: impl Into<Uuid>) {
        self.key(key);
        self.out.push(b'"');
        let mut text = Uuid::encode_buffer();
        let text = value.into().hyphenated().encode_lower(&mut text);
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    /// An id, when there is one.
    pub fn id_opt(&mut self, key: &str, value: Option<impl Into<Uuid>>) {
        if let Some(value) = value {
            self.id(key, value);
        }
    }

    /// An IP address.
    pub fn ip(&mut self, key: &str, value: IpAddr) {
        self.key(key);
        self.out.push(b'"');
        self.display(value);
        self.out.push(b'"');
    }

    /// An id or `null`.
    pub fn id_or_null(&mut self, key: &str, value: Option<impl Into<Uuid>>) {
        match value {
            Some(value) => self.id(key, value),
            None => self.null(key),
        }
    }

    /// A whole number.
    pub fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        self.display(value);
    }

    /// A whole number, when there is one.
    pub fn int_opt(&mut self, key: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.int(key, value);
        }
    }

    /// A count that may be beyond `i64`, as gigaword byte counters are.
    pub fn count(&mut self, key: &str, value: u64) {
        self.key(key);
        self.display(value);
    }

    /// A count, when there is one.
    pub fn count_opt(&mut self, key: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.count(key, value);
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `null`.
    pub fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    /// Seconds with up to six decimals and at least one, exact: `1769121852.22`.
    pub fn secs_float(&mut self, key: &str, at: Timestamp) {
        self.key(key);
        write_micros(self.out, at.0);
    }

    /// A span in seconds, written like [`JsonObject::secs_float`].
    pub fn span(&mut self, key: &str, span: Micros) {
        self.key(key);
        write_micros(self.out, span.0);
    }

    /// A number of dBm: whole where it is whole, else rounded to two decimals.
    pub fn dbm(&mut self, key: &str, value: f64) {
        self.key(key);
        let hundredths = (value * 100.0).round() as i64;
        if hundredths % 100 == 0 {
            self.display(hundredths / 100);
        } else {
            let sign = if hundredths < 0 { "-" } else { "" };
            let size = hundredths.unsigned_abs();
            let fraction = format!("{:02}", size % 100);
            self.display(format_args!("{sign}{}.{}", size / 100, fraction.trim_end_matches('0')));
        }
    }

    fn key(&mut self, key: &str) {
        #[cfg(debug_assertions)]
        {
            assert!(self.empty || self.last.as_str() < key, "{key} after {}", self.last);
            key.clone_into(&mut self.last);
        }
        self.out.extend_from_slice(if self.empty { b"\"" } else { b",\"" });
        self.empty = false;
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        let mut text = Utf8(self.out);
        write!(text, "{value}").expect("writing to memory cannot fail");
    }
}

struct Utf8<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Utf8<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn write_text(out: &mut Vec<u8>, value: &str) {
    let plain = value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    } else {
        serde_json::to_writer(out, value).expect("writing text to memory cannot fail");
    }
}

fn write_micros(out: &mut Vec<u8>, micros: i64) {
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    let mut text = format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000);
    let end = text.trim_end_matches('0').len();
    text.truncate(end);
    if text.ends_with('.') {
        text.push('0');
    }
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(write: impl FnOnce(&mut JsonObject<'_>)) -> String {
        let mut out = Vec::new();
        let mut object = JsonObject::begin(&mut out);
        write(&mut object);
        object.end();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_exact() {
        let text = object(|o| {
            o.secs_float("a", Timestamp(1_769_121_852_220_000));
            o.secs_float("b", Timestamp(5_000_000));
            o.dbm("c", -51.0);
            o.dbm("d", -50.666);
            o.dbm("e", -0.5);
            o.span("f", Micros(-1_500_000));
        });
        assert_eq!(text, r#"{"a":1769121852.22,"b":5.0,"c":-51,"d":-50.67,"e":-0.5,"f":-1.5}"#);
    }

    #[test]
    fn text_is_escaped_as_json_wants_it() {
        let text = object(|o| o.text("ssid", "a\"\u{1}\u{202e}ü"));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["ssid"], "a\"\u{1}\u{202e}ü");
    }

    #[test]
    #[should_panic(expected = "a after b")]
    fn keys_out_of_order_are_noticed() {
        object(|o| {
            o.null("b");
            o.null("a");
        });
    }
}
