//! The body of a message, taken apart without a change to its events.

use aws_lc_rs::digest;
use foghorn_model::Topic;
use foghorn_model::record::RECORD_BYTES_MAX;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt;

/// The longest event: with what goes before it, a record of the journal.
pub const EVENT_BYTES_MAX: usize = RECORD_BYTES_MAX - 1024;
/// The most events of one message.
pub const EVENTS_MAX: usize = 10_000;
/// How deep an event may be nested: what readers of JSON bear.
const DEPTH_MAX: usize = 100;
/// The longest name of a topic that is repeated to whoever sent it.
const NAME_CHARS_MAX: usize = 64;

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// The name of the body: the first half of its SHA-256.
    pub id: [u8; 16],
    /// The topic of all of its events.
    pub topic: Topic,
    /// The events: JSON objects, as they stand in the body.
    pub events: Vec<&'a str>,
}

/// Why a body is no message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MessageError {
    /// It is no JSON object.
    #[error("JSON parse error - {0}")]
    Json(String),
    /// The topic is none that is known here.
    #[error("{0} is no topic that is known")]
    Topic(String),
    /// Something else is wrong with a member.
    #[error("{reason}")]
    Field {
        /// The member: `topic`, `events` or `events[3]`.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    topic: Option<&'a RawValue>,
    #[serde(borrow)]
    events: Option<&'a RawValue>,
}

/// Takes a body apart. Members beside `topic` and `events` are passed over.
///
/// # Errors
/// [`MessageError`]: of a message all is taken or nothing.
pub fn read_message(body: &[u8]) -> Result<Message<'_>, MessageError> {
    let text = std::str::from_utf8(body).map_err(json)?;
    let Body { topic, events } = serde_json::from_str(text).map_err(json)?;
    let topic = topic.ok_or_else(|| field("topic", "it is missing"))?;
    let name: String =
        serde_json::from_str(topic.get()).map_err(|_| field("topic", "not a text"))?;
    let topic = name
        .parse()
        .map_err(|_| MessageError::Topic(name.chars().take(NAME_CHARS_MAX).collect::<String>()))?;
    let events = events.ok_or_else(|| field("events", "it is missing"))?;
    let events: Vec<&RawValue> =
        serde_json::from_str(events.get()).map_err(|_| field("events", "not a list"))?;
    if events.len() > EVENTS_MAX {
        return Err(field("events", format!("more than {EVENTS_MAX} events")));
    }
    let events = events.into_iter().map(RawValue::get).enumerate().map(|(at, event)| {
        check(event).map_err(|reason| field(format!("events[{at}]"), reason))?;
        Ok(event)
    });
    let events = events.collect::<Result<_, MessageError>>()?;
    let mut id = [0; 16];
    id.copy_from_slice(&digest::digest(&digest::SHA256, body).as_ref()[..16]);
    Ok(Message { id, topic, events })
}

fn check(event: &str) -> Result<(), String> {
    if !event.starts_with('{') {
        return Err("not an object".into());
    }
    if event.len() > EVENT_BYTES_MAX {
        return Err(format!("longer than {EVENT_BYTES_MAX} bytes"));
    }
    if depth(event) > DEPTH_MAX {
        return Err(format!("more than {DEPTH_MAX} levels deep"));
    }
    Ok(())
}

/// How deep sound JSON is nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn json(error: impl fmt::Display) -> MessageError {
    MessageError::Json(error.to_string())
}

fn field(field: impl Into<String>, reason: impl Into<String>) -> MessageError {
    MessageError::Field { field: field.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn events_are_as_they_stand_in_the_body() {
        let first = "{ \"b\": 1.50, \"a\":\"\\u00e9\\/\", \"a\":2 }";
        let second = r#"{"lone":"\ud800","far":1e999}"#;
        let body = format!(
            "{{\"more\":[1], \"events\" : [ {first} ,\n{second},{second}], \"topic\":\"zone\"}}\n"
        );
        let message = read_message(body.as_bytes()).unwrap();
        assert_eq!((message.topic, message.events), (Topic::Zone, vec![first, second, second]));
    }

    #[test]
    fn the_same_body_has_the_same_name_and_another_another() {
        let id = |body: &str| read_message(body.as_bytes()).unwrap().id;
        let body = r#"{"topic":"alarms","events":[]}"#;
        assert_eq!(id(body), id(body));
        assert_ne!(id(body), id(&format!("{body} ")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let deep = format!(r#"{{"topic":"zone","events":[{{"a":{deep}}}]}}"#);
        let many = format!(r#"{{"topic":"zone","events":[{}{{}}]}}"#, "{},".repeat(EVENTS_MAX));
        let long = format!(r#"{{"topic":"zone","events":[{{"a":"{}"}}]}}"#, "x".repeat(1 << 20));
        let cases = [
            ("[1]", ""),
            ("{", ""),
            (r#"{"events":[]}"#, "topic: it is missing"),
            (r#"{"topic":null,"events":[]}"#, "topic: it is missing"),
            (r#"{"topic":7,"events":[]}"#, "topic: not a text"),
            (r#"{"topic":"zone"}"#, "events: it is missing"),
            (r#"{"topic":"zone","events":{}}"#, "events: not a list"),
            (r#"{"topic":"zone","events":[{},7]}"#, "events[1]: not an object"),
            (r#"{"topic":"alarm-acks","events":[]}"#, "unknown alarm-acks"),
            (r#"{"topic":"tomorrow","events":[]}"#, "unknown tomorrow"),
            (&deep, "events[0]: more than 100 levels deep"),
            (&many, "events: more than 10000 events"),
            (&long, "events[0]: longer than 1047552 bytes"),
        ];
        for (body, expected) in cases {
            let told = match read_message(body.as_bytes()).unwrap_err() {
                MessageError::Json(_) => String::new(),
                MessageError::Topic(name) => format!("unknown {name}"),
                MessageError::Field { field, reason } => format!("{field}: {reason}"),
            };
            assert_eq!(told, expected, "{:.80}", body);
        }
        assert!(read_message(b"{\"topic\":\"zone\",\"events\":[{\"a\":\"\xff\"}]}").is_err());
    }

    #[test]
    fn brackets_in_texts_are_no_levels() {
        assert_eq!(depth(r#"{"a\"[":"[[{\\","b":[{}]}"#), 3);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            drop(read_message(&body));
        }
    }
}
