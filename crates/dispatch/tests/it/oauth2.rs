//! Webhooks of the type `oauth2`, with token endpoints of every temper.

use crate::network::Lies;
use crate::receiver::{Received, Receiver, Scripted, answer, drain, read_request};
use crate::world::{World, webhook};
use crate::{PATIENCE, egress};
use foghorn_dispatch::egress::{AddressPolicy, BODY_KEPT_BYTES_MAX};
use foghorn_dispatch::lanes::{Attempt, DeliveryRow, Fate, Report};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const CLIENT_SECRET: &str = "s3cret-of-the-client";

fn hook(receiver: &str, endpoint: &str) -> Value {
    hook_of(1, 1, receiver, endpoint)
}

fn hook_of(org: u8, id: u8, receiver: &str, endpoint: &str) -> Value {
    let oauth2 = json!({
        "token_url": endpoint, "grant": "client_credentials", "client_id": "foghorn",
        "client_secret": CLIENT_SECRET, "scopes": ["events.write", "more"],
    });
    webhook(org, id, receiver, &json!({"oauth2": oauth2}))
}

fn granted(number: usize, secs: i64) -> String {
    let body = json!({
        "access_token": format!("t0ken-{number}"), "token_type": "Bearer", "expires_in": secs,
    });
    answer(200, &body.to_string())
}

/// Grants `t0ken-0`, `t0ken-1` and so on, for an hour each.
async fn granting() -> Scripted {
    Scripted::start(|number, _| granted(number, 3600)).await
}

async fn taking() -> Scripted {
    Scripted::start(|_, _| answer(200, "")).await
}

fn tokens(receiver: &Scripted) -> Vec<String> {
    let bearer = |it: &Received| it.header("Authorization").unwrap().to_owned();
    let strip = |it: String| it.strip_prefix("Bearer ").unwrap().to_owned();
    receiver.seen().iter().map(bearer).map(strip).collect()
}

fn error(row: &DeliveryRow) -> &str {
    row.error.as_deref().unwrap()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_stands_in_every_post() {
    let (endpoint, receiver) = (granting().await, taking().await);
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    for _ in 0..3 {
        assert_eq!(world.deliver().await.fate, Fate::Delivered);
    }
    assert_eq!(tokens(&receiver), ["t0ken-0"; 3]);
    assert_eq!(receiver.seen()[0].body, br#"{"topic":"device-events","events":[{"n":1}]}"#);
    let [asked] = &endpoint.seen()[..] else { panic!("{:?}", endpoint.seen()) };
    assert!(asked.head.starts_with("POST /hook HTTP/1.1\r\n"), "{}", asked.head);
    let expected = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "Mist-webhook"),
        // foghorn:s3cret-of-the-client
        ("Authorization", "Basic Zm9naG9ybjpzM2NyZXQtb2YtdGhlLWNsaWVudA=="),
    ];
    for (name, value) in expected {
        assert_eq!(asked.header(name), Some(value), "{name}");
    }
    assert_eq!(asked.body, b"grant_type=client_credentials&scope=events.write+more");
}

#[tokio::test]
async fn a_password_is_exchanged_for_a_token() {
    let (endpoint, receiver) = (granting().await, taking().await);
    let oauth2 = json!({
        "token_url": endpoint.url(),
        "grant": {"password": {"username": "ann", "password": "p&q=r"}},
    });
    let hook = webhook(1, 1, &receiver.url(), &json!({"oauth2": oauth2}));
    let mut world = World::new(&[hook]);
    assert_eq!(world.deliver().await.fate, Fate::Delivered);
    let asked = endpoint.seen().remove(0);
    assert_eq!(asked.body, b"grant_type=password&username=ann&password=p%26q%3Dr");
    assert_eq!(asked.header("Authorization"), None);
}

#[tokio::test]
async fn a_token_is_fetched_again_before_it_expires() {
    let (endpoint, receiver) = (granting().await, taking().await);
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    world.deliver().await;
    world.advance(3600 - 61);
    world.deliver().await;
    world.advance(2);
    world.deliver().await;
    assert_eq!(tokens(&receiver), ["t0ken-0", "t0ken-0", "t0ken-1"]);
}

#[tokio::test]
async fn a_held_token_that_is_refused_is_replaced_within_the_attempt() {
    let endpoint = granting().await;
    let receiver =
        Scripted::start(|number, _| answer(if number == 1 { 401 } else { 200 }, "")).await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    world.deliver().await;
    let row = world.deliver().await;
    assert_eq!((row.fate, row.status_code, row.attempt), (Fate::Delivered, Some(200), 1));
    assert_eq!(tokens(&receiver), ["t0ken-0", "t0ken-0", "t0ken-1"]);
    let seen = receiver.seen();
    assert_eq!(seen[1].header("Webhook-Id"), seen[2].header("Webhook-Id"), "one delivery");
    assert_eq!(seen[1].body, seen[2].body);
}

#[tokio::test]
async fn a_receiver_that_refuses_every_token_costs_one_fetch_an_attempt() {
    let endpoint = granting().await;
    let receiver = Scripted::start(|_, _| answer(401, "go away")).await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    let mut rows = vec![world.deliver().await];
    for _ in 0..2 {
        rows.push(world.send_again().await);
    }
    for row in &rows {
        assert_eq!((row.fate, row.status_code), (Fate::Paused, Some(401)));
        assert_eq!(row.response.as_deref(), Some("go away"));
    }
    assert_eq!(tokens(&receiver), ["t0ken-0", "t0ken-1", "t0ken-2"]);
    assert_eq!(endpoint.seen().len(), 3);
}

#[tokio::test]
async fn what_else_a_receiver_refuses_costs_no_token() {
    let endpoint = granting().await;
    let receiver = Scripted::start(|number, _| answer([403, 500, 401][number], "")).await;
    let mut hook = hook(&receiver.url(), &endpoint.url());
    // And this one says that 401 is how it takes what it gets.
    hook["success_codes"] = json!([401]);
    let mut world = World::new(&[hook]);
    let mut rows = vec![world.deliver().await];
    for _ in 0..2 {
        rows.push(world.send_again().await);
    }
    let fates: Vec<_> = rows.iter().map(|row| row.fate).collect();
    assert_eq!(fates, [Fate::Paused, Fate::Retried, Fate::Delivered]);
    assert_eq!(endpoint.seen().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_down_fails_the_attempt_and_the_next_one_asks_again() {
    let receiver = taking().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    let mut world = World::new(&[hook(&receiver.url(), &nobody)]);
    let row = world.deliver().await;
    assert_eq!((row.fate, row.status_code), (Fate::Retried, None));
    assert!(error(&row).starts_with("oauth2_token_url: connection failed"), "{row:?}");

    let script = |number: usize, _: &Received| match number {
        0 => answer(503, "later"),
        1 => answer(429, "slowly"),
        _ => granted(number, 60),
    };
    let endpoint = Scripted::start(script).await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    let mut rows = vec![world.deliver().await];
    for _ in 0..2 {
        rows.push(world.send_again().await);
    }
    assert_eq!(
        (rows[0].fate, error(&rows[0])),
        (Fate::Retried, "oauth2_token_url: it answers 503")
    );
    assert_eq!(
        (rows[1].fate, error(&rows[1])),
        (Fate::Retried, "oauth2_token_url: it answers 429")
    );
    assert_eq!((rows[2].fate, rows[2].attempt), (Fate::Delivered, 3));
    assert_eq!(tokens(&receiver), ["t0ken-2"], "nothing was sent without a token");
}

#[tokio::test]
async fn an_endpoint_that_refuses_pauses_the_webhook_and_its_words_stand_nowhere() {
    let receiver = taking().await;
    // An endpoint that repeats what it was sent.
    let echo = |request: &Received| {
        let basic = request.header("Authorization").unwrap();
        json!({"error": "invalid_client", "error_description": format!("{CLIENT_SECRET} {basic}")})
    };
    let endpoint = Scripted::start(move |_, it| answer(401, &echo(it).to_string())).await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    let row = world.deliver().await;
    assert_eq!((row.fate, row.status_code, row.response.clone()), (Fate::Paused, None, None));
    assert_eq!(error(&row), "oauth2_token_url: it answers 401, invalid_client");
    let told = format!("{row:?} {:?} {:?}", world.sender, world.lanes.index());
    assert!(!told.contains(CLIENT_SECRET) && !told.contains("Zm9naG9y"), "{told}");
    assert_eq!(receiver.receiver.connections(), 0);
}

#[tokio::test]
async fn a_receiver_that_repeats_the_token_is_quoted_without_it() {
    let endpoint = granting().await;
    let receiver = Scripted::start(|_, request| {
        let bearer = request.header("Authorization").unwrap();
        answer(500, &json!({"headers": {"authorization": bearer}}).to_string())
    })
    .await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    let row = world.deliver().await;
    assert_eq!(row.response.as_deref(), Some(r#"{"headers":{"authorization":"Bearer ****"}}"#));
}

fn begin(world: &World, attempt: Attempt) -> JoinHandle<Report> {
    let (sender, now) = (Arc::clone(&world.sender), world.now());
    tokio::spawn(async move { sender.send(attempt, now).await })
}

/// A token endpoint that answers when it is let, and says when it was asked.
async fn gated() -> (Receiver, Arc<Semaphore>, mpsc::UnboundedReceiver<()>) {
    let gate = Arc::new(Semaphore::new(0));
    let (asked, was_asked) = mpsc::unbounded_channel();
    let pass = Arc::clone(&gate);
    let endpoint = Receiver::start(move |mut stream| {
        let (pass, asked) = (Arc::clone(&pass), asked.clone());
        async move {
            while read_request(&mut stream).await.is_some() {
                asked.send(()).unwrap();
                pass.acquire().await.unwrap().forget();
                stream.write_all(granted(0, 3600).as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    (endpoint, gate, was_asked)
}

#[tokio::test]
async fn of_many_attempts_one_fetches_and_the_others_wait() {
    let (endpoint, gate, mut was_asked) = gated().await;
    let receiver = taking().await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    for partition in 0..8 {
        world.event(1, partition, "{\"n\":1}");
    }
    let attempts = world.attempts();
    assert_eq!(attempts.len(), 8);
    let sending: Vec<_> = attempts.into_iter().map(|it| begin(&world, it)).collect();
    was_asked.recv().await.unwrap();
    // A second fetch would find the gate open.
    gate.add_permits(8);
    for sent in sending {
        assert_eq!(world.settle(&sent.await.unwrap()).fate, Fate::Delivered);
    }
    assert!(was_asked.try_recv().is_err(), "it was asked again");
    assert_eq!(tokens(&receiver), ["t0ken-0"; 8]);
}

#[tokio::test]
async fn a_fetch_outlives_the_attempt_that_began_it() {
    let (endpoint, gate, mut was_asked) = gated().await;
    let receiver = taking().await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    world.event(1, 0, "{\"n\":1}");
    world.event(1, 1, "{\"n\":1}");
    let mut attempts = world.attempts();
    let first = begin(&world, attempts.remove(0));
    was_asked.recv().await.unwrap();
    let second = begin(&world, attempts.remove(0));
    first.abort();
    gate.add_permits(1);
    assert_eq!(world.settle(&second.await.unwrap()).fate, Fate::Delivered);
    assert!(was_asked.try_recv().is_err(), "it was asked again");
}

#[tokio::test]
async fn a_silent_endpoint_ends_at_its_deadline_and_holds_up_nobody_else() {
    let silent = Receiver::start(|mut stream| async move {
        drain(&mut stream).await;
    })
    .await;
    let receiver = taking().await;
    let others = webhook(1, 2, &receiver.url(), &json!("http-post"));
    let mut world = World::new(&[hook(&receiver.url(), &silent.url()), others]);
    world.event(1, 0, "{\"n\":1}");
    let mut attempts = world.attempts();
    let (slow, plain) = (attempts.remove(0), attempts.remove(0));
    let slow = begin(&world, slow);
    let report = begin(&world, plain).await.unwrap();
    assert_eq!(world.settle(&report).fate, Fate::Delivered);
    assert!(!slow.is_finished());
    let row = world.settle(&timeout(PATIENCE, slow).await.unwrap().unwrap());
    assert_eq!((row.fate, error(&row)), (Fate::Retried, "oauth2_token_url: no answer within 5 s"));
}

#[tokio::test]
async fn an_endpoint_that_is_down_breaks_nobody_elses_circuit() {
    let receiver = taking().await;
    let endpoint = Scripted::start(|_, _| answer(500, "")).await;
    let plain = webhook(1, 2, &receiver.url(), &json!("http-post"));
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url()), plain]);
    for partition in 0..20 {
        world.event(1, partition, "{\"n\":1}");
    }
    // Those of the one fail first.
    let (failing, mut fine): (Vec<_>, Vec<_>) =
        world.attempts().into_iter().partition(|it| it.lane.webhook.0.as_bytes()[0] == 1);
    for attempt in failing {
        let report = world.sender.send(attempt, world.now()).await;
        assert_eq!(world.settle(&report).fate, Fate::Retried);
    }
    assert_eq!(fine.len(), 20);
    for partition in 20..30 {
        world.event(1, partition, "{\"n\":1}");
    }
    // No circuit stands open before these.
    fine.extend(world.attempts());
    assert_eq!(fine.len(), 30, "{fine:?}");
    for attempt in fine {
        let report = world.sender.send(attempt, world.now()).await;
        assert_eq!(world.settle(&report).fate, Fate::Delivered);
    }
}

#[tokio::test]
async fn t06_no_token_is_used_for_another_org_webhook_or_version() {
    let (endpoint, receiver) = (granting().await, taking().await);
    let (url, token_url) = (receiver.url(), endpoint.url());
    let mut hooks = [(1, 1), (1, 2), (2, 3)].map(|(org, id)| hook_of(org, id, &url, &token_url));
    let mut world = World::new(&hooks);
    for turn in 0..2 {
        world.event(1, turn, "{\"n\":1}");
        world.event(2, turn, "{\"n\":1}");
        let mut attempts = world.attempts();
        attempts.sort_by_key(|it| it.lane.webhook);
        assert_eq!(attempts.len(), 3);
        for attempt in attempts {
            let report = world.sender.send(attempt, world.now()).await;
            world.settle(&report);
        }
    }
    let each = ["t0ken-0", "t0ken-1", "t0ken-2"];
    assert_eq!(tokens(&receiver), [each, each].concat());
    // One of them changes.
    hooks[0]["version"] = 2.into();
    world.configure(&hooks);
    world.event(1, 0, "{\"n\":2}");
    let mut attempts = world.attempts();
    attempts.sort_by_key(|it| it.lane.webhook);
    for attempt in attempts {
        let report = world.sender.send(attempt, world.now()).await;
        world.settle(&report);
    }
    assert_eq!(tokens(&receiver)[6..], ["t0ken-3", "t0ken-1"]);
}

#[tokio::test]
async fn s10_a_token_url_that_is_not_allowed_is_not_asked() {
    let (endpoint, receiver) = (granting().await, taking().await);
    let lies = Lies::new(&[&["93.184.216.34"]], receiver.receiver.address);
    let public = "http://hooks.example.com:8080/x";
    for url in ["http://127.0.0.1:9000/", "http://169.254.169.254/latest", "http://localhost/"] {
        let mut world = World::through(lies.egress(AddressPolicy::default()), &[hook(public, url)]);
        let row = world.deliver().await;
        assert_eq!(row.fate, Fate::Paused, "{url}");
        assert_eq!(error(&row), "oauth2_token_url: this destination is not allowed", "{url}");
    }
    assert_eq!(lies.seen(), [""; 0]);
    assert_eq!((endpoint.receiver.connections(), receiver.receiver.connections()), (0, 0));
}

#[tokio::test]
async fn s10_a_token_url_whose_name_leads_inside_is_not_asked() {
    let endpoint = granting().await;
    for inside in ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1"] {
        let lies = Lies::new(&[&[inside]], endpoint.receiver.address);
        let hook = hook("http://hooks.example.com:8080/", "http://login.example.com:8080/token");
        let mut world = World::through(lies.egress(AddressPolicy::default()), &[hook]);
        let row = world.deliver().await;
        assert_eq!(row.fate, Fate::Paused, "{inside}");
        assert_eq!(error(&row), "oauth2_token_url: this destination is not allowed");
        assert_eq!(lies.seen(), ["lookup login.example.com"], "{inside}");
    }
    assert_eq!(endpoint.receiver.connections(), 0);
}

#[tokio::test]
async fn s07_a_token_endpoint_that_redirects_is_not_followed() {
    let (trap, receiver) = (granting().await, taking().await);
    let location = trap.url();
    let endpoint = Scripted::start(move |_, _| {
        format!("HTTP/1.1 307 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
    })
    .await;
    let mut world = World::new(&[hook(&receiver.url(), &endpoint.url())]);
    let row = world.deliver().await;
    assert_eq!(row.fate, Fate::Paused);
    assert_eq!(error(&row), "oauth2_token_url: it answers 307, no error code");
    assert_eq!((trap.receiver.connections(), receiver.receiver.connections()), (0, 0));
}

#[tokio::test]
async fn r04_an_endless_or_dripping_answer_of_an_endpoint_is_cut() {
    let receiver = taking().await;
    let large = format!(r#"{{"access_token":"a","x":"{}"}}"#, "x".repeat(BODY_KEPT_BYTES_MAX));
    let endless = Scripted::start(move |_, _| answer(200, &large)).await;
    let dripping = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await.unwrap();
        let head = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{";
        stream.write_all(head).await.unwrap();
        drain(&mut stream).await;
    })
    .await;
    for endpoint in [endless.url(), dripping.url()] {
        let mut world = World::through(egress(), &[hook(&receiver.url(), &endpoint)]);
        let row = world.deliver().await;
        assert_eq!(row.fate, Fate::Paused);
        assert_eq!(error(&row), "oauth2_token_url: its answer is too long, or broke off");
    }
    assert_eq!(receiver.receiver.connections(), 0);
}
