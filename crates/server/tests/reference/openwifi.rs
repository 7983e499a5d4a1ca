//! States that APs of OpenWiFi sent.

use crate::data;
use crate::process::{World, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// The AP of the three that follow one another.
const AP: &str = "903cb3bb1c99";

fn document(name: &str) -> Value {
    let path = data("data/openwifi").join(format!("{name}.json.xz"));
    let unpacked = Command::new("xz").arg("-dc").arg(path).output().unwrap();
    assert!(unpacked.status.success(), "{unpacked:?}");
    serde_json::from_slice(&unpacked.stdout).unwrap()
}

/// The addresses of the stations that a document lists, read without our decoder.
fn stations(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = vec![document];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(members) => {
                let station = members.get("station").and_then(Value::as_str);
                found.extend(station.map(|it| it.replace(':', "")));
                rest.extend(members.values());
            }
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    found
}

/// The clients of the events of a topic, from this one on.
fn told(world: &World, topic: &str, from: usize) -> Vec<String> {
    let posts = world.ledger().into_iter().filter(|post| post["topic"] == topic);
    let events = posts.flat_map(|post| post["events"].as_array().unwrap().clone());
    events.skip(from).map(|event| event["mac"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn states_that_followed_one_another_are_one_join_and_one_end_a_step() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.webhook(&["client-join", "client-sessions"]);
    let path = format!("sites/{}/openwifi/state?serial={AP}", world.site);
    let send = |document: &Value| {
        let body = document.to_string();
        let (status, answer) = world.request("POST", &path, &[], body.as_bytes());
        assert_eq!((status, &answer["clients"]), (200, &stations(document).len().into()));
    };
    let mut before = document("bridge-stats-show-clients");
    send(&before);
    let mut joins = stations(&before).len();
    until("those that were there", || told(&world, "client-join", 0).len() == joins);
    assert_eq!(told(&world, "client-sessions", 0), Vec::<String>::new());
    for (step, name) in ["last_stats", "last_stats_2"].into_iter().enumerate() {
        let after = document(name);
        // Twice: what comes again is no news.
        send(&after);
        send(&after);
        until("the join", || told(&world, "client-join", joins).len() == 1);
        until("the end", || told(&world, "client-sessions", step).len() == 1);
        let [was, is] = [&before, &after].map(stations);
        assert_eq!(
            told(&world, "client-join", joins),
            is.difference(&was).cloned().collect::<Vec<_>>()
        );
        assert_eq!(
            told(&world, "client-sessions", step),
            was.difference(&is).cloned().collect::<Vec<_>>()
        );
        joins += 1;
        before = after;
    }
    let mut server = world.server.take();
    assert!(server.as_mut().is_some_and(|it| it.terminate()));
    assert_eq!(told(&world, "client-join", joins), Vec::<String>::new());
    assert_eq!(told(&world, "client-sessions", 2), Vec::<String>::new());
}

#[test]
fn every_state_that_was_published_is_taken_in_whole() {
    let mut world = World::new();
    world.serve(&[]);
    let path = format!("sites/{}/openwifi/state?serial={AP}", world.site);
    let mut documents: Vec<Value> =
        ["bridge_stats", "bridge2_stats", "nat_stats"].into_iter().map(document).collect();
    // The notification that a controller's own tests have; the address is filled in there.
    let templates = document("openlan-cgw_message_templates").to_string();
    let templates: Value =
        serde_json::from_str(&templates.replace("\"MAC\"", &format!("\"{AP}\""))).unwrap();
    documents.push(templates["state"].clone());
    for document in documents {
        let body = document.to_string();
        let (status, answer) = world.request("POST", &path, &[], body.as_bytes());
        let expected = stations(&document).len();
        assert_eq!((status, &answer["clients"]), (200, &expected.into()), "{answer}");
    }
    // They have a packed one too, but its quotes were lost before it was packed.
    let body = templates["state_obf"].to_string();
    let (status, answer) = world.request("POST", &path, &[], body.as_bytes());
    assert_eq!(status, 400, "{answer}");
}
