//! Webhooks of the types `splunk` and `oauth2`, from telemetry to their receivers and the log.

use crate::peer::Peer;
use crate::process::{World, until};
use serde_json::{Value, json};

const AP: &str = "5c5b35000001";

fn oauth2(receiver: &Peer, endpoint: &Peer) -> Value {
    json!({
        "name": "o", "type": "oauth2", "url": receiver.url(), "topics": ["device-events"],
        "oauth2_grant_type": "client_credentials", "oauth2_token_url": endpoint.url(),
        "oauth2_client_id": "foghorn", "oauth2_client_secret": "cl1ent-secret",
        "oauth2_scopes": ["events"],
    })
}

fn made(world: &World, webhook: &Value) -> String {
    let webhooks = format!("orgs/{}/webhooks", world.org);
    let made = world.post(&webhooks, webhook);
    format!("{webhooks}/{}", made["id"].as_str().unwrap())
}

fn event(world: &World, text: &str) {
    let line = json!({"kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": text});
    assert_eq!(world.telemetry(&format!("{line}\n"))["accepted"], 1);
}

/// Rows of the delivery log of a topic, the oldest first.
fn rows(world: &World, webhook: &str, topic: &str) -> Vec<Value> {
    let path = format!("{webhook}/events/search?sort=timestamp&topic={topic}");
    let (status, answer) = world.request("GET", &path, &[], b"");
    assert_eq!(status, 200, "{answer}");
    answer["results"].as_array().unwrap().clone()
}

#[test]
fn both_types_get_events_and_pings_and_the_log_tells_it() {
    let mut world = World::new();
    world.serve(&[]);
    world.device(AP, "AP");
    let collector = Peer::start(|_, _| (200, r#"{"text":"Success","code":0}"#.into()));
    let receiver = Peer::start(|_, _| (200, String::new()));
    let endpoint = Peer::start(|number, _| {
        let token = json!({"access_token": format!("t0ken-{number}"), "token_type": "Bearer",
            "expires_in": 3600});
        (200, token.to_string())
    });
    let splunk = json!({
        "name": "s", "type": "splunk", "url": collector.url(), "topics": ["device-events"],
        "splunk_token": "hec-t0ken",
    });
    let splunk = made(&world, &splunk);
    let oauth2 = made(&world, &oauth2(&receiver, &endpoint));
    event(&world, "first");
    for webhook in [&splunk, &oauth2] {
        assert_eq!(world.post(&format!("{webhook}/ping"), &json!({})), Value::Null);
    }
    let (hec, bearer) =
        ("Authorization: Splunk hec-t0ken\r\n", "Authorization: Bearer t0ken-0\r\n");
    until("event and ping at the collector", || collector.bodies(hec).len() == 2);
    until("event and ping at the receiver", || receiver.bodies(bearer).len() == 2);
    let told = collector.bodies(hec).into_iter().map(|body| body["event"].clone()).collect();
    for mut told in [told, receiver.bodies(bearer)] {
        told.sort_by_key(|body| body["topic"].to_string());
        assert_eq!(
            (&told[0]["topic"], &told[0]["events"][0]["text"]),
            (&json!("device-events"), &json!("first"))
        );
        assert_eq!(told[1]["topic"], "ping");
    }
    assert_eq!(endpoint.seen().len(), 1, "one token for both");
    for (webhook, peer) in [(&splunk, &collector), (&oauth2, &receiver)] {
        for topic in ["device-events", "ping"] {
            until("the row", || rows(&world, webhook, topic).len() == 1);
            let row = rows(&world, webhook, topic).remove(0);
            let expected = (&json!("success"), &json!(200), &Value::Null);
            assert_eq!((&row["status"], &row["status_code"], &row["error"]), expected, "{row}");
            let bytes = row["req_bytes"].as_u64().unwrap();
            assert!(peer.seen().iter().any(|(_, body)| body.len() as u64 == bytes), "{row}");
        }
    }
}

#[test]
fn an_attempt_that_failed_is_told_with_what_went_to_and_fro_and_no_secret() {
    let mut world = World::new();
    world.serve(&[]);
    world.device(AP, "AP");
    // It fails once, with all that it was sent.
    let collector = Peer::start(|number, (head, _)| match number {
        0 => (503, format!("busy {head}")),
        _ => (200, String::new()),
    });
    let webhook = json!({
        "name": "s", "type": "splunk", "url": format!("{}?channel=qu3ry&x", collector.url()),
        "topics": ["device-events"], "splunk_token": "hec-t0ken", "secret": "s1gned",
        "headers": {"X-Key": "cust0m"},
    });
    let webhook = made(&world, &webhook);
    event(&world, "first");
    until("both attempts", || rows(&world, &webhook, "device-events").len() == 2);
    let told = rows(&world, &webhook, "device-events");
    let [failed, delivered] = &told[..] else { panic!("{told:?}") };
    assert_eq!(failed["req_url"], format!("{}?channel=****&****", collector.url()));
    let headers = |key: &str| serde_json::from_str::<Value>(failed[key].as_str().unwrap()).unwrap();
    let sent = headers("req_headers");
    for (name, value) in [
        ("Content-Type", "application/json"),
        ("User-Agent", "Mist-webhook"),
        ("X-Key", "****"),
        ("Authorization", "****"),
        ("Webhook-Id", failed["id"].as_str().unwrap()),
        ("X-Foghorn-First", failed["first"].as_str().unwrap()),
    ] {
        assert_eq!(sent[name], json!([value]), "{name}: {sent}");
    }
    assert!(sent["X-Mist-Signature-V2"][0].is_string(), "{sent}");
    let payload: Value = serde_json::from_str(failed["req_payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload["event"]["events"][0]["text"], "first");
    assert!(headers("resp_headers")["Content-Length"].is_array(), "{failed}");
    let answer = failed["resp_body"].as_str().unwrap().to_lowercase();
    for masked in ["busy post /", "channel=****", "x-key: ****", "authorization: splunk ****"] {
        assert!(answer.contains(masked), "{masked}: {answer}");
    }
    for member in ["req_url", "req_headers", "req_payload", "resp_headers", "resp_body"] {
        assert_eq!(delivered.get(member), None, "{delivered}");
    }
    for secret in ["qu3ry", "hec-t0ken", "s1gned", "cust0m"] {
        assert!(!format!("{told:?}").contains(secret), "{secret}: {told:?}");
    }
}

#[test]
fn a_token_that_is_revoked_is_replaced_and_an_endpoint_that_fails_is_told_without_a_secret() {
    let mut world = World::new();
    world.serve(&[]);
    world.device(AP, "AP");
    // It fails once, with all that it was sent; then it grants.
    let endpoint = Peer::start(|number, (head, body)| match number {
        0 => (503, format!("{head} {}", String::from_utf8_lossy(body))),
        _ => (200, json!({"access_token": format!("t0ken-{number}")}).to_string()),
    });
    // The first token is good for one request.
    let receiver = Peer::start(|number, (head, _)| {
        let is_revoked = number > 0 && head.contains("t0ken-1");
        (if is_revoked { 401 } else { 200 }, String::new())
    });
    let webhook = made(&world, &oauth2(&receiver, &endpoint));
    event(&world, "first");
    until("the first event", || !receiver.seen().is_empty());
    event(&world, "second");
    until("the second event", || !receiver.bodies("Bearer t0ken-2").is_empty());
    let second = &receiver.bodies("Bearer t0ken-2")[0];
    assert_eq!(second["events"][0]["text"], "second");
    until("the rows", || rows(&world, &webhook, "device-events").len() == 3);
    let rows = rows(&world, &webhook, "device-events");
    let errors: Vec<_> = rows.iter().map(|row| row["error"].clone()).collect();
    assert_eq!(errors, [json!("oauth2_token_url: it answers 503"), Value::Null, Value::Null]);
    assert_eq!((&rows[0]["status_code"], &rows[0]["outcome"]), (&Value::Null, &json!("retried")));
    assert_eq!((&rows[2]["attempt"], &rows[2]["status"]), (&json!(1), &json!("success")));
    assert!(world.server.as_mut().unwrap().terminate());
    let told = format!("{rows:?} {}", world.log());
    for secret in ["cl1ent-secret", "t0ken-1", "t0ken-2", "Basic"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}

#[test]
fn s10_a_token_url_is_checked_like_the_url_and_what_is_not_spoken_is_refused() {
    let mut world = World::new();
    world.serve(&[]);
    let webhooks = format!("orgs/{}/webhooks", world.org);
    let valid = json!({
        "type": "oauth2", "url": "http://127.0.0.1:9000/", "oauth2_grant_type": "password",
        "oauth2_token_url": "http://127.0.0.1:9001/", "oauth2_username": "ann",
        "oauth2_password": "pa55",
    });
    let cases = [
        ("oauth2_token_url", json!("http://169.254.169.254/latest/meta-data/")),
        ("oauth2_token_url", json!("http://10.0.0.1/")),
        ("oauth2_token_url", json!("http://127.0.0.1:6379/")),
        ("oauth2_token_url", json!(format!("http://{}/", world.api))),
        ("oauth2_token_url", json!("file:///etc/passwd")),
        ("oauth2_token_url", json!("http://ann:pa55@127.0.0.1:9001/")),
        ("oauth2_token_url", json!("")),
        ("type", json!("aws-sns")),
        ("type", json!("google-pubsub")),
    ];
    for (field, value) in &cases {
        let mut webhook = valid.clone();
        webhook[field] = value.clone();
        let body = webhook.to_string();
        let (status, answer) = world.request("POST", &webhooks, &[], body.as_bytes());
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{value}: {answer}");
    }
    // A change is checked as a making is.
    let made = made(&world, &valid);
    for (field, value) in cases {
        let change = json!({ field: value }).to_string();
        let (status, answer) = world.request("PUT", &made, &[], change.as_bytes());
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{value}: {answer}");
    }
}
