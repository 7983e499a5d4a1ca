//! Webhooks of the type `splunk`.

use crate::SECRET;
use crate::receiver::{Scripted, answer};
use crate::world::{World, webhook};
use foghorn_dispatch::lanes::Fate;
use foghorn_dispatch::sign::Verifier;
use serde_json::{Value, json};

const TOKEN: &str = "12345678-1234-1234-1234-1234567890ab";
const BODY: &str = r#"{"event":{"topic":"device-events","events":[{"n":1}]}}"#;

fn hook(collector: &Scripted) -> Value {
    webhook(1, 1, &collector.url(), &json!({"splunk": {"token": TOKEN}}))
}

#[tokio::test]
async fn a_batch_is_one_event_under_the_collectors_token() {
    let collector = Scripted::start(|_, _| answer(200, r#"{"text":"Success","code":0}"#)).await;
    let mut hook = hook(&collector);
    hook["secret"] = SECRET.into();
    hook["headers"] = json!({"X-Splunk-Request-Channel": "c1"});
    let mut world = World::new(&[hook]);
    let row = world.deliver().await;
    let request = collector.seen().remove(0);
    assert_eq!(String::from_utf8(request.body.clone()).unwrap(), BODY);
    assert_eq!(request.header("Authorization"), Some(format!("Splunk {TOKEN}").as_str()));
    assert_eq!(request.header("X-Splunk-Request-Channel"), Some("c1"));
    assert_eq!(request.header("Webhook-Id"), Some(row.id.to_string().as_str()));
    // What is signed is what is sent.
    let signature = request.header("X-Mist-Signature-V2").unwrap();
    assert_eq!(Verifier::new(SECRET).mist_v2(&request.body, signature), Ok(()));
    assert_eq!((row.fate, row.status_code, row.events), (Fate::Delivered, Some(200), 1));
    assert_eq!(row.request_bytes, BODY.len() as u64);
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let collector = Scripted::start(|_, _| answer(200, "")).await;
    let mut world = World::new(&[hook(&collector)]);
    world.deliver().await;
    let request = collector.seen().remove(0);
    for name in ["X-Mist-Signature-V2", "X-Mist-Signature", "Webhook-Signature"] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_repetition_has_the_same_bytes_and_the_same_id() {
    let script = [(503, "busy"), (403, ""), (200, "")];
    let collector = Scripted::start(move |number, _| {
        let (status, body) = script[number];
        answer(status, body)
    })
    .await;
    let mut world = World::new(&[hook(&collector)]);
    let mut rows = vec![world.deliver().await];
    for _ in 0..2 {
        rows.push(world.send_again().await);
    }
    let fates: Vec<_> = rows.iter().map(|row| (row.fate, row.status_code)).collect();
    let expected =
        [(Fate::Retried, Some(503)), (Fate::Paused, Some(403)), (Fate::Delivered, Some(200))];
    assert_eq!(fates, expected);
    let seen = collector.seen();
    assert!(seen.iter().all(|it| it.body == BODY.as_bytes()), "{seen:?}");
    assert!(seen.iter().all(|it| it.header("Webhook-Id") == seen[0].header("Webhook-Id")));
}

#[tokio::test]
async fn a_batch_that_is_open_when_the_type_changes_goes_on_in_the_new_form() {
    let receiver =
        Scripted::start(|number, _| answer(if number == 0 { 500 } else { 200 }, "")).await;
    let splunk = hook(&receiver);
    let mut plain = splunk.clone();
    plain["type"] = "http-post".into();
    plain["version"] = 2.into();
    let mut world = World::new(&[splunk]);
    let first = world.deliver().await;
    world.configure(&[plain]);
    let second = world.send_again().await;
    assert_eq!((first.id, second.fate), (second.id, Fate::Delivered));
    let request = receiver.seen().remove(1);
    assert_eq!(request.body, br#"{"topic":"device-events","events":[{"n":1}]}"#);
    assert_eq!(request.header("Authorization"), None);
}

#[tokio::test]
async fn a_collector_that_repeats_the_token_is_quoted_without_it() {
    let collector = Scripted::start(|_, request| {
        answer(500, &format!("you sent {}", request.header("Authorization").unwrap()))
    })
    .await;
    let mut world = World::new(&[hook(&collector)]);
    let row = world.deliver().await;
    assert_eq!(row.response.as_deref(), Some("you sent Splunk ****"));
    assert!(!format!("{row:?}").contains(TOKEN));
}

#[tokio::test]
async fn what_would_set_authorization_twice_is_not_sent() {
    let collector = Scripted::start(|_, _| answer(200, "")).await;
    let mut hook = hook(&collector);
    hook["headers"] = json!({"authorization": "Bearer other"});
    let mut world = World::new(&[hook]);
    let row = world.deliver().await;
    assert_eq!(row.fate, Fate::Paused);
    let error = row.error.unwrap();
    assert_eq!(error, r#"headers: "authorization" is set by the webhook's type"#);
    assert_eq!(collector.receiver.connections(), 0);
}
