//! States of OpenWiFi APs, from HTTP to the webhook.

use crate::process::{World, request, until};
use serde_json::{Value, json};

const AP: &str = "903cb3000001";

/// An AP with clients, by their last octets, that it has had for so many seconds.
fn state(fast: &[(u8, u64)], slow: &[(u8, u64)]) -> Value {
    let stations = |clients: &[(u8, u64)]| -> Value {
        let station = |(client, connected): &(u8, u64)| {
            json!({"station": format!("02:00:00:00:00:{client:02x}"), "connected": connected,
                   "rssi": -57, "inactive": 3, "tx_rate": {"bitrate": 180_000}})
        };
        clients.iter().map(station).collect()
    };
    let ssid = |bssid: &str, radio: usize, clients: &[(u8, u64)]| {
        json!({"bssid": bssid, "ssid": "Maui", "mode": "ap",
               "radio": {"$ref": format!("#/radios/{radio}")}, "associations": stations(clients)})
    };
    let ssids = [ssid("90:3c:b3:00:00:11", 0, fast), ssid("90:3c:b3:00:00:12", 1, slow)];
    json!({"interfaces": [{"name": "up0v0", "ssids": ssids}],
           "radios": [{"channel": 36, "channel_width": "80"}, {"channel": 11}],
           "unit": {"uptime": 9000}})
}

fn told(world: &World, topic: &str) -> Vec<Value> {
    let posts = world.ledger().into_iter().filter(|post| post["topic"] == topic);
    posts.flat_map(|post| post["events"].as_array().cloned().unwrap_or_default()).collect()
}

/// Three states that follow one another: at each step one client comes and one goes.
#[test]
fn states_that_follow_one_another_are_a_join_and_an_end_a_step() {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    world.webhook(&["client-join", "client-sessions"]);
    world.device(AP, "Lobby");
    let path = format!("sites/{}/openwifi/state", world.site);
    let send = |world: &World, document: &Value| {
        let (status, answer) = world.request("POST", &path, &[], document.to_string().as_bytes());
        assert_eq!((status, &answer["ap"]), (200, &json!(AP)), "{answer}");
        answer["clients"].clone()
    };
    let first = state(&[(1, 900), (2, 300)], &[(3, 86_400)]);
    assert_eq!(send(&world, &json!({"serial": AP, "state": first})), 3);
    until("the first joins", || told(&world, "client-join").len() == 3);
    assert_eq!(told(&world, "client-sessions"), Vec::<Value>::new());
    for (step, came, went) in [(1, 4, 2), (2, 5, 4)] {
        let next = state(&[(1, 1000), (came, 20)], &[(3, 86_500)]);
        let params = json!({"serial": "90:3c:b3:00:00:01", "uuid": 7, "state": next});
        assert_eq!(
            send(&world, &json!({"jsonrpc": "2.0", "method": "state", "params": params})),
            3
        );
        until("the join", || told(&world, "client-join").len() == 3 + step);
        until("the end", || told(&world, "client-sessions").len() == step);
        let (join, end) =
            (&told(&world, "client-join")[2 + step], &told(&world, "client-sessions")[step - 1]);
        assert_eq!(join["mac"], format!("02000000000{came}"));
        assert_eq!(
            [&join["ap_name"], &join["bssid"], &join["band"]],
            ["Lobby", "903cb3000011", "5"]
        );
        assert_eq!(end["mac"], format!("02000000000{went}"));
        assert_eq!((&end["termination_reason"], &end["rssi"]), (&json!(1), &json!(-57)));
    }
    let mut server = world.server.take();
    assert!(server.as_mut().is_some_and(|it| it.terminate()));
    assert_eq!((told(&world, "client-join").len(), told(&world, "client-sessions").len()), (5, 2));
}

#[test]
fn a_state_is_taken_of_who_may_send_and_what_is_wrong_with_it_is_named() {
    let mut world = World::new();
    world.serve(&[]);
    let path = format!("sites/{}/openwifi/state", world.site);
    let bare = state(&[(1, 9)], &[]).to_string();
    let named = format!("{path}?serial={AP}");
    let cases: [(&str, &str, u16, Option<&str>); 6] = [
        (&named, &bare, 200, None),
        (&path, &bare, 400, Some("serial")),
        (&format!("{path}?serial=x"), &bare, 400, Some("serial")),
        (&named, r#"{"interfaces":[{"ssids":[{}]}]}"#, 400, Some("interfaces[0].ssids[0].bssid")),
        (&named, "[", 400, None),
        ("sites/00000000-0000-4000-8000-000000000001/openwifi/state", &bare, 404, None),
    ];
    for (path, body, status, field) in cases {
        let (answered, answer) = world.request("POST", path, &[], body.as_bytes());
        assert_eq!((answered, answer["field"].as_str()), (status, field), "{path}: {answer}");
    }
    let brotli = ["Content-Encoding: br"];
    assert_eq!(world.request("POST", &named, &brotli, bare.as_bytes()).0, 415);
    let long = " ".repeat(5 << 20);
    assert_eq!(world.request("POST", &named, &[], long.as_bytes()).0, 413);
    for (role, status) in [("read", 403), ("ingest", 200)] {
        let body = json!({"name": role, "privileges": [{"scope": "org", "role": role}]});
        let made = world.post(&format!("orgs/{}/apitokens", world.org), &body);
        let key = made["key"].as_str().unwrap();
        let asked = request(world.api, key, "POST", &named, &[], bare.as_bytes());
        assert_eq!(asked.unwrap().0, status, "{role}");
    }
}
