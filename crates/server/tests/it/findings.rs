//! What the server finds out about itself is an alarm, once, also over restarts.

use crate::process::{World, free_address, until};
use foghorn_log::{FsStorage, LineFile};
use serde_json::{Value, json};

const AP: &str = "5c5b35000001";

/// The alarms of a type that the receiver was sent: status and count of each message.
fn told(world: &World, key: &str) -> Vec<(String, u64)> {
    let posts = world.ledger().into_iter().filter(|it| it["topic"] == "alarms");
    let events = posts.flat_map(|it| it["events"].as_array().cloned().unwrap_or_default());
    let mut ids = Vec::new();
    let of_key = events.filter(|it| it["type"] == key).filter(|it| {
        // A kill repeats what was on its way, with the same contents.
        let is_new = !ids.contains(it);
        ids.push(it.clone());
        is_new
    });
    let shown = |it: Value| {
        (it["status"].as_str().unwrap_or("none").to_owned(), it["count"].as_u64().unwrap())
    };
    of_key.map(shown).collect()
}

/// Waits until the server has looked several times since its start, and all that it told of that
/// has come.
fn settled(world: &World) {
    until("some turns", || {
        let metrics = world.metrics();
        let turns = metrics.lines().find_map(|it| it.strip_prefix("foghorn_housekeeping_turns "));
        turns.is_some_and(|turns| turns.parse::<u64>().unwrap() > 2)
    });
    let key = "device_restarted";
    let before = told(world, key).len();
    world.telemetry(&json!({"kind": "device-restarted", "mac": AP, "reason": "power"}).to_string());
    until("what comes last", || told(world, key).len() > before);
}

#[test]
fn a_webhook_of_a_site_that_keeps_failing_is_an_alarm_until_it_is_well_also_over_kills() {
    let world = World::new();
    let site = format!("sites/{}", world.site);
    keeps_failing(world, &site);
}

#[test]
fn a_webhook_of_an_org_that_keeps_failing_is_an_alarm_of_the_org() {
    let world = World::new();
    let org = format!("orgs/{}", world.org);
    keeps_failing(world, &org);
}

fn keeps_failing(mut world: World, scope: &str) {
    let key = "foghorn_webhook_failing";
    world.listen();
    let arguments = ["--webhook-failing-secs", "1"];
    world.serve(&arguments);
    world.device(AP, "AP1");
    world.webhook(&["alarms"]);
    let webhooks = format!("{scope}/webhooks");
    let broken = json!({
        "name": "broken", "url": format!("http://{}/", free_address()),
        "topics": ["device-events"],
    });
    let broken = world.post(&webhooks, &broken);
    world.telemetry(&format!(r#"{{"kind":"device-connected","mac":"{AP}"}}"#));
    let open = vec![("open".to_owned(), 1)];
    until("the alarm", || told(&world, key) == open);
    let search = format!("{scope}/alarms/search?type={key}");
    let found = || world.request("GET", &search, &[], b"").1;
    until("the search", || found()["total"] == 1);
    let found = found();
    assert_eq!(found["results"][0]["webhooks"], json!(["broken"]), "{found}");
    assert_eq!(found["results"][0]["webhook_ids"], json!([broken["id"]]));
    for _ in 0..2 {
        world.server.as_mut().unwrap().kill();
        world.serve(&arguments);
        // It goes on to fail for longer than a turn, and than a second.
        settled(&world);
        assert_eq!(told(&world, key), open, "it is told once");
    }
    let well = json!({ "url": format!("http://{}/", world.receiver) }).to_string();
    let path = format!("{webhooks}/{}", broken["id"].as_str().unwrap());
    assert_eq!(world.request("PUT", &path, &[], well.as_bytes()).0, 200);
    let ended = [open, vec![("resolved".to_owned(), 1)]].concat();
    until("the end of it", || told(&world, key) == ended);
}

#[test]
fn a_record_that_is_gone_past_is_an_alarm_of_its_site_once() {
    let key = "foghorn_input_quarantined";
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.device(AP, "AP1");
    world.webhook(&["alarms", "device-events"]);
    world.telemetry(&format!(r#"{{"kind":"device-connected","mac":"{AP}"}}"#));
    until("the event", || world.ledger().iter().any(|post| post["topic"] == "device-events"));
    let first = world.ledger().into_iter().find(|post| post["topic"] == "device-events").unwrap();
    let key_of = first["first"].as_str().unwrap().to_owned();
    let mut parts = key_of.split('-').map(|part| part.parse::<u64>().unwrap());
    let (partition, record) = (parts.next().unwrap(), parts.nth(1).unwrap());
    assert!(world.server.as_mut().unwrap().terminate());
    // As if that record had made the fold fail.
    let storage = FsStorage::new(&world.path("data")).unwrap();
    let (mut skips, _) = LineFile::open(&storage, "skips").unwrap();
    skips.append(&format!("skip {partition} {record}")).unwrap();
    for _ in 0..2 {
        world.serve(&[]);
        until("the alarm", || !told(&world, key).is_empty());
        world.server.as_mut().unwrap().kill();
    }
    world.serve(&[]);
    settled(&world);
    assert_eq!(told(&world, key), [("none".to_owned(), 1)]);
}
