//! Orgs and sites kept apart, and what the API's surface gives away, by the numbers of the cases in
//! `docs/security.md`. The matrix of all routes (`t01_…`) stands with the objects.

use crate::process::{SECRET, World, exchange, foghorn, free_address, request, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

const AP: &str = "5c5b35000001";

/// A server with two sites of one org; the second one's id.
fn two_sites() -> (World, String) {
    let mut world = World::new();
    world.listen();
    world.serve(&[]);
    let made = world.post(&format!("orgs/{}/sites", world.org), &json!({"name": "Branch"}));
    let branch = made["id"].as_str().unwrap().to_owned();
    (world, branch)
}

/// Somebody on a server.
struct Tenant {
    org: String,
    site: String,
    token: String,
}

/// A world of two orgs, whose server is not started yet; and the other org.
fn two_orgs() -> (World, Tenant) {
    let mut world = World::new();
    let data = world.path("data").display().to_string();
    let arguments = ["init", "--data", &data, "--org", "Other", "--site", "Theirs", "--json"];
    let made: Value = serde_json::from_slice(&foghorn(&arguments).stdout).unwrap();
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    let other = Tenant { org: text("org_id"), site: text("site_id"), token: text("token") };
    world.listen();
    (world, other)
}

fn ask(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    world.request(method, path, &[], body.to_string().as_bytes())
}

fn event(text: &str) -> Value {
    json!({"kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": text})
}

/// The texts of the events that came, with their sites.
fn came(world: &World) -> Vec<(String, String)> {
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let ledger = world.ledger();
    let events = ledger.iter().flat_map(|post| post["events"].as_array().unwrap());
    events.map(|it| (text(it, "text"), text(it, "site_id"))).collect()
}

#[test]
fn t02_what_is_of_a_site_is_not_found_through_its_org_nor_through_another() {
    let (world, branch) = two_sites();
    let webhook = json!({"url": format!("http://{}/", world.receiver), "topics": ["audits"]});
    let of_org = world.post(&format!("orgs/{}/webhooks", world.org), &webhook);
    let of_site = world.post(&format!("sites/{}/webhooks", world.site), &webhook);
    let (of_org, of_site) = (of_org["id"].as_str().unwrap(), of_site["id"].as_str().unwrap());
    for path in [
        format!("orgs/{}/webhooks/{of_site}", world.org),
        format!("sites/{}/webhooks/{of_org}", world.site),
        format!("sites/{branch}/webhooks/{of_site}"),
    ] {
        for method in ["GET", "PUT", "POST", "DELETE"] {
            assert_eq!(ask(&world, method, &path, &json!({"name": "x"})).0, 404, "{method} {path}");
        }
        for (method, what) in [("POST", "ping"), ("GET", "events/search"), ("GET", "events/count")]
        {
            assert_eq!(ask(&world, method, &format!("{path}/{what}"), &json!({})).0, 404, "{what}");
        }
    }
}

#[test]
fn t03_a_body_refers_to_nothing_of_another_site() {
    let (world, branch) = two_sites();
    let filter = json!({"name": "f", "rssi": -70});
    let filter = world.post(&format!("sites/{branch}/assetfilters"), &filter);
    let map = world.post(&format!("sites/{branch}/maps"), &json!({"name": "1st"}));
    let device = world.post(&format!("sites/{branch}/devices"), &json!({"mac": AP}));
    let corners = json!([{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]);
    // One of another site among one's own is one too many.
    let own = world
        .post(&format!("sites/{}/assetfilters", world.site), &json!({"name": "own", "rssi": -70}));
    let own_device =
        world.post(&format!("sites/{}/devices", world.site), &json!({"mac": "5c5b35aa0002"}));
    let listen = |device: &Value| json!({"device_id": device["id"], "rssi": -60});
    let cases = [
        (
            "webhooks",
            "assetfilter_ids",
            json!({
                "url": format!("http://{}/", world.receiver), "topics": ["filtered-asset-rssi"],
                "assetfilter_ids": [own["id"], filter["id"]],
            }),
        ),
        ("rssizones", "devices", json!({"devices": [listen(&own_device), listen(&device)]})),
        (
            "webhooks",
            "assetfilter_ids",
            json!({
                "url": format!("http://{}/", world.receiver), "topics": ["filtered-asset-rssi"],
                "assetfilter_ids": [filter["id"]],
            }),
        ),
        ("zones", "map_id", json!({"map_id": map["id"], "vertices": corners})),
        ("rssizones", "devices", json!({"devices": [{"device_id": device["id"], "rssi": -60}]})),
        ("assets", "map_id", json!({"name": "a", "mac": "5c5b35aa0001", "map_id": map["id"]})),
    ];
    for (collection, field, body) in cases {
        let path = format!("sites/{}/{collection}", world.site);
        let (status, answer) = ask(&world, "POST", &path, &body);
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{collection}: {answer}");
    }
    // A path says where, whatever the body says.
    let elsewhere = json!({"name": "m", "site_id": branch, "org_id": branch});
    let made = world.post(&format!("sites/{}/maps", world.site), &elsewhere);
    assert_eq!((&made["site_id"], &made["org_id"]), (&json!(world.site), &json!(world.org)));
}

/// The `search_after` that leads on from a search of one row a page.
fn cursor(world: &World, token: &str, path: &str) -> String {
    let get = || {
        let path = format!("{path}?limit=1");
        request(world.api, token, "GET", &path, &[], b"").unwrap().1["next"].clone()
    };
    until("a second page", || get().is_string());
    let next = get();
    let (_, cursor) = next.as_str().unwrap().split_once("search_after=").unwrap();
    cursor.split('&').next().unwrap().to_owned()
}

#[test]
fn t04_a_place_in_a_search_is_good_for_that_search_of_that_org_alone() {
    let (mut world, other) = two_orgs();
    world.serve(&[]);
    let (token, other_token) = (world.token.clone(), other.token.as_str());
    let (ours, theirs) = (format!("orgs/{}/logs", world.org), format!("orgs/{}/logs", other.org));
    let webhook = format!("orgs/{}/webhooks/{}", world.org, world.webhook(&["audits"]));
    let second = format!("orgs/{}/webhooks/{}", world.org, world.webhook(&["audits"]));
    for _ in 0..2 {
        world.post(&format!("{webhook}/ping"), &json!({}));
    }
    let deliveries = format!("{webhook}/events/search");

    let asked = |token: &str, path: &str| {
        let (status, answer) = request(world.api, token, "GET", path, &[], b"").unwrap();
        (status, answer["field"].as_str().unwrap_or_default().to_owned())
    };
    let good = (200, String::new());
    let refused = (400, "search_after".to_owned());
    let log = cursor(&world, &token, &ours);
    let delivery = cursor(&world, &token, &deliveries);
    let foreign = cursor(&world, other_token, &theirs);
    for (path, cursor) in [(&ours, &log), (&deliveries, &delivery)] {
        let on = format!("{path}?limit=1&search_after=");
        assert_eq!(asked(&token, &format!("{on}{cursor}")), good);
        // Another org's, another search's, one of the other order, altered, made up, as it was.
        assert_eq!(asked(&token, &format!("{on}{foreign}")), refused);
        assert_eq!(asked(&token, &format!("{on}{cursor}&sort=timestamp")), refused);
        let (head, tail) = cursor.split_at(10);
        let letter = if tail.starts_with('A') { 'B' } else { 'A' };
        assert_eq!(asked(&token, &format!("{on}{head}{letter}{}", &tail[1..])), refused);
        for made_up in ["", "A", "1700000000000000-1", "%00", &cursor[..cursor.len() - 1]] {
            assert_eq!(asked(&token, &format!("{on}{made_up}")), refused, "{made_up}");
        }
    }
    assert_eq!(asked(&token, &format!("{ours}?search_after={delivery}")), refused);
    assert_eq!(asked(&token, &format!("{ours}/search?search_after={log}")), refused);
    assert_eq!(asked(&token, &format!("{deliveries}?search_after={log}")), refused);
    let elsewhere = format!("{second}/events/search?search_after={delivery}");
    assert_eq!(asked(&token, &elsewhere), refused);
    assert_eq!(asked(other_token, &format!("{theirs}?search_after={log}")), refused);

    // It is as good after a restart.
    world.server.as_mut().unwrap().terminate();
    world.serve(&[]);
    let asked = |path: String| request(world.api, &token, "GET", &path, &[], b"").unwrap().0;
    assert_eq!(asked(format!("{ours}?limit=1&search_after={log}")), 200);
    assert_eq!(asked(format!("{deliveries}?limit=1&search_after={delivery}")), 200);
}

#[test]
fn t05_a_site_tells_nothing_of_anothers_devices() {
    let (world, branch) = two_sites();
    world.device(AP, "AP");
    let path = format!("sites/{branch}/telemetry");
    let (status, answer) = ask(&world, "POST", &path, &event("not mine"));
    assert_eq!((status, &answer["rejected"][0]["field"]), (200, &json!("mac")));
}

#[test]
fn t05_an_org_uses_nothing_of_anothers() {
    let (mut world, other) = two_orgs();
    world.serve(&[]);
    let theirs = |method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        request(world.api, &other.token, method, path, &[], body.as_bytes()).unwrap()
    };
    let (_, device) = theirs("POST", &format!("sites/{}/devices", other.site), &json!({"mac": AP}));
    let (_, map) = theirs("POST", &format!("sites/{}/maps", other.site), &json!({"name": "1st"}));
    let (_, group) =
        theirs("POST", &format!("orgs/{}/sitegroups", other.org), &json!({"name": "all"}));
    assert!(
        [&device, &map, &group].iter().all(|it| it["id"].is_string()),
        "{device} {map} {group}"
    );

    let (status, answer) =
        ask(&world, "POST", &format!("sites/{}/telemetry", world.site), &event("not mine"));
    assert_eq!((status, &answer["rejected"][0]["field"]), (200, &json!("mac")));
    let corners = json!([{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]);
    let cases = [
        ("POST", "/zones", "map_id", json!({"map_id": map["id"], "vertices": corners})),
        ("POST", "/rssizones", "devices", json!({"devices": [{"device_id": device["id"]}]})),
        ("PUT", "", "sitegroup_ids", json!({"sitegroup_ids": [group["id"]]})),
    ];
    for (method, path, field, body) in cases {
        let path = format!("sites/{}{path}", world.site);
        let (status, answer) = ask(&world, method, &path, &body);
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{path}: {answer}");
    }
}

#[test]
fn t06_what_one_org_has_sent_or_used_up_is_nothing_to_another() {
    let (mut world, other) = two_orgs();
    world.serve(&["--org-bytes-per-day", "2000"]);
    let own =
        Tenant { org: world.org.clone(), site: world.site.clone(), token: world.token.clone() };
    let orgs = [&own, &other];
    let ask = |world: &World, it: &Tenant, method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        request(world.api, &it.token, method, path, &[], body.as_bytes()).unwrap()
    };
    let persons = ["olga@example.net", "otto@example.net"];
    for (it, email) in orgs.into_iter().zip(persons) {
        let webhook = json!({
            "url": format!("http://{}/", world.receiver), "topics": ["nac-accounting"],
            "secret": SECRET,
        });
        let path = format!("orgs/{}/webhooks", it.org);
        assert_eq!(ask(&world, it, "POST", &path, &webhook).0, 200);
        let invite = json!({"email": email, "privileges": [{"scope": "org", "role": "read"}]});
        let (_, invited) = ask(&world, it, "POST", &format!("orgs/{}/invites", it.org), &invite);
        let accept = json!({"token": invited["token"], "password": "correct horse battery"});
        assert_eq!(ask(&world, it, "POST", "invites/accept", &accept).0, 200);
    }
    // Ids that a source gives: each org's are its own, and known there when they come again.
    let session = |id: &str| {
        json!({
            "kind": "accounting", "status": "start", "nas_ip": "10.0.0.1", "session_id": id,
            "id": id,
        })
    };
    let send = |it: &Tenant, id: &str| {
        ask(&world, it, "POST", &format!("sites/{}/telemetry", it.site), &session(id)).0
    };
    for it in orgs {
        assert_eq!([send(it, "1"), send(it, "1"), send(it, "2")], [200; 3]);
    }
    let told = |org: &str| {
        let ledger = world.ledger();
        let events = ledger.iter().flat_map(|post| post["events"].as_array().unwrap());
        events.filter(|event| event["org_id"] == org).count()
    };
    until("two sessions of each", || orgs.iter().all(|it| told(&it.org) >= 2));
    assert_eq!(orgs.map(|it| told(&it.org)), [2, 2]);
    // What may be sent in a day.
    assert!((0..40).any(|number| send(&own, &format!("more {number}")) == 429));
    assert_eq!((send(&own, "one more"), send(&other, "one more")), (429, 200));

    // What may be asked in an hour, and guesses.
    world.server.as_mut().unwrap().terminate();
    world.serve(&["--calls-per-hour", "3"]);
    let self_of = |it: &Tenant| ask(&world, it, "GET", "self", &json!({})).0;
    assert!((0..8).any(|_| self_of(&own) == 429));
    assert_eq!(
        ask(&world, &own, "GET", "self", &json!({})).1["detail"],
        "Too Many Request. The API Token used for the request reached the 3 API Calls per hour \
         threshold"
    );
    assert_eq!(self_of(&other), 200);
    let log_in = |email: &str, password: &str| {
        let body = json!({"email": email, "password": password}).to_string();
        let headers = ["Content-Type: application/json"];
        exchange(world.api, "POST", "login", &headers, body.as_bytes()).unwrap().0
    };
    assert_eq!([0; 3].map(|_| log_in(persons[0], "a guess")), [400; 3]);
    let logins = persons.map(|email| log_in(email, "correct horse battery"));
    assert_eq!(logins, [429, 200]);
}

#[test]
fn t06_whose_syslog_it_is_is_known_or_nobody_is_shown_it() {
    let (mut world, other) = two_orgs();
    let (shared, of_other) = (free_address(), free_address());
    let listeners = format!("{shared},{}@{of_other}", other.org);
    world.serve(&["--syslog-listen", &listeners]);
    let own =
        Tenant { org: world.org.clone(), site: world.site.clone(), token: world.token.clone() };
    let ask = |it: &Tenant, method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        request(world.api, &it.token, method, path, &[], body.as_bytes()).unwrap()
    };
    let reasons = |it: &Tenant| -> Vec<Value> {
        let path = format!("orgs/{}/inventory/unclaimed", it.org);
        let (status, senders) = ask(it, "GET", &path, &Value::Null);
        assert_eq!(status, 200, "{senders}");
        senders.as_array().unwrap().iter().map(|sender| sender["reason"].clone()).collect()
    };
    let send = |to: SocketAddr| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"<30>hostapd: wlan0: AP-STA-CONNECTED 70:ef:00:71:53:5f", to).unwrap();
    };
    let counted = |outcome: &str| -> u64 {
        let start = format!("foghorn_syslog_messages_total{{outcome=\"{outcome}\"");
        let text = metrics(world.api);
        let lines = text.lines().filter(|line| line.starts_with(&start));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    };
    send(of_other);
    until("the sender", || reasons(&other) == ["unknown"]);
    // What comes to the listener of all may be anybody's.
    send(shared);
    until("both to be counted", || counted("Unclaimed") == 2);
    assert_eq!(reasons(&own), Vec::<Value>::new());
    // Both claim it: on the listener of all it stays nobody's, on that of one it is that one's.
    for it in [&own, &other] {
        let claim = json!({"syslog_senders": [{"network": "127.0.0.0/8"}]});
        assert_eq!(ask(it, "PUT", &format!("sites/{}/setting", it.site), &claim).0, 200);
    }
    send(shared);
    until("the dispute", || counted("Disputed") == 1);
    send(of_other);
    until("the claim", || counted("NoDevice") == 1);
    assert_eq!((reasons(&own), reasons(&other)), (vec![], vec![json!("unknown")]));
}

fn metrics(api: SocketAddr) -> String {
    let mut stream = TcpStream::connect(api).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn t07_what_moves_or_is_deleted_speaks_where_it_is_or_not_at_all() {
    let (world, branch) = two_sites();
    world.device(AP, "AP");
    world.webhook(&["device-events"]);
    let id = "00000000-0000-0000-1000-5c5b35000001";
    world.telemetry(&event("first").to_string());
    let assign = |site: Value| {
        let path = format!("orgs/{}/inventory/{id}", world.org);
        assert_eq!(ask(&world, "PUT", &path, &json!({ "site_id": site })).0, 200);
    };
    assign(json!(branch));
    assert_eq!(world.telemetry(&event("gone").to_string())["accepted"], 0);
    let path = format!("sites/{branch}/telemetry");
    assert_eq!(ask(&world, "POST", &path, &event("second")).1["accepted"], 1);
    until("both events", || came(&world).len() == 2);
    let expected = [("first".into(), world.site.clone()), ("second".into(), branch.clone())];
    let mut told = came(&world);
    told.sort();
    assert_eq!(told, expected);
    assert_eq!(ask(&world, "DELETE", &format!("sites/{branch}"), &json!({})).0, 200);
    assert_eq!(ask(&world, "POST", &path, &event("dead")).0, 404);
}

#[test]
fn u07_metrics_have_a_port_of_their_own_where_that_is_asked_for() {
    let mut world = World::new();
    let own = free_address();
    world.serve(&["--metrics-listen", &own.to_string()]);
    until("the other port", || TcpStream::connect(own).is_ok());
    let (public, own_metrics) = (metrics(world.api), metrics(own));
    assert!(public.starts_with("HTTP/1.1 404"), "{public}");
    assert!(own_metrics.contains("foghorn_"), "{own_metrics}");
    let (status, _) = request(own, &world.token, "GET", "self", &[], b"").unwrap();
    assert_eq!(status, 404, "the API is not there");
}

#[test]
fn t08_a_search_is_asked_nothing_but_values() {
    let (world, _) = two_sites();
    let webhook = world.webhook(&["audits"]);
    world.post(&format!("orgs/{}/webhooks/{webhook}/ping", world.org), &json!({}));
    let events = format!("orgs/{}/webhooks/{webhook}/events", world.org);
    let org = format!("orgs/{}", world.org);
    let logs = format!("{org}/logs");
    // Something that could be found.
    world.device(AP, "AP");
    let lines = [
        json!({"kind": "device-event", "mac": AP, "type": "AP_CONFIGURED", "text": "as told"}),
        json!({"kind": "device-restarted", "mac": AP, "reason": "power"}),
        json!({"kind": "client-associated", "mac": "70ef00000001", "ap": AP,
               "bssid": "5c5b35000011", "ssid": "Maui"}),
        json!({"kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "mac": "70ef00000001"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let answer = world.telemetry(&lines);
    assert_eq!(answer["accepted"], 4, "{answer}");
    for search in ["devices/events", "alarms", "clients", "nac_clients/events"] {
        until(search, || {
            ask(&world, "GET", &format!("{org}/{search}/search"), &json!({})).1["total"] != 0
        });
    }
    until("the ping", || {
        ask(&world, "GET", &format!("{events}/search"), &json!({})).1["total"] != 0
    });
    for value in ["%27%20OR%201=1%20--", "%25", "_", "%22%5D%7D", "(a%2B)%2B%24", "%00"] {
        for path in [
            format!("{events}/search?error={value}"),
            format!("{events}/search?topic={value}"),
            format!("{logs}?message={value}"),
            format!("{logs}?admin_name={value}"),
            format!("{org}/devices/events/search?text={value}"),
            format!("{org}/nac_clients/events/search?text={value}"),
            format!("{org}/alarms/search?type={value}"),
            format!("{org}/alarms/search?site_id={value}"),
            format!("{org}/clients/search?text={value}"),
            format!("{org}/devices/search?hostname={value}"),
        ] {
            let (status, answer) = ask(&world, "GET", &path, &json!({}));
            assert_eq!((status, &answer["total"]), (200, &json!(0)), "{path}: {answer}");
        }
        for path in [
            format!("{events}/count?distinct={value}"),
            format!("{logs}/count?distinct={value}"),
            format!("{logs}?sort={value}"),
            format!("{org}/devices/search?sort={value}"),
            format!("{org}/clients/count?distinct={value}"),
            format!("{org}/alarms/count?distinct={value}"),
            format!("{org}/alarms/search?severity={value}"),
            format!("{org}/clients/search?band={value}"),
            format!("{logs}?search_after={value}"),
            format!("{logs}?start={value}"),
        ] {
            assert_eq!(ask(&world, "GET", &path, &json!({})).0, 400, "{path}");
        }
    }
    for path in [format!("{logs}?limit=1001"), format!("{logs}?limit=0"), format!("{logs}?limit=x")]
    {
        assert_eq!(ask(&world, "GET", &path, &json!({})).0, 400, "{path}");
    }
}

#[test]
fn u05_no_answer_is_kept_or_taken_for_something_else() {
    let (world, _) = two_sites();
    let token = format!("Authorization: Token {}", world.token);
    for path in ["self", "openapi.json", "nonsense", "docs"] {
        let (_, head, _) = exchange(world.api, "GET", path, &[&token], b"").unwrap();
        let head = head.to_lowercase();
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        assert!(head.contains("cache-control: no-store"), "{path}: {head}");
        assert_eq!(head.contains("content-security-policy: default-src 'none'"), path == "docs");
    }
}

#[test]
fn u06_what_a_request_says_of_its_way_is_not_believed() {
    let (world, _) = two_sites();
    world.webhook(&["audits"]);
    let token = format!("Authorization: Token {}", world.token);
    let forged = [
        token.as_str(),
        "X-Forwarded-For: 203.0.113.9",
        "X-Real-IP: 203.0.113.9",
        "Forwarded: for=203.0.113.9;host=evil.example",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
    ];
    let path = format!("orgs/{}/sites", world.org);
    let body = json!({"name": "Third"}).to_string();
    assert_eq!(exchange(world.api, "POST", &path, &forged, body.as_bytes()).unwrap().0, 200);
    until("the audit", || {
        world.ledger().iter().any(|post| post["events"].to_string().contains("Third"))
    });
    let ledger = world.ledger();
    let audit = ledger.iter().flat_map(|post| post["events"].as_array().unwrap());
    let audit = audit.into_iter().find(|it| it.to_string().contains("Third")).unwrap();
    assert_eq!(audit["src_ip"], "127.0.0.1");
    // A link leads to the server that it is asked of, by path alone.
    let logs = format!("orgs/{}/logs?limit=1", world.org);
    let (_, _, page) = exchange(world.api, "GET", &logs, &forged, b"").unwrap();
    until("the projection", || {
        exchange(world.api, "GET", &logs, &forged, b"").unwrap().2["next"].is_string()
    });
    let next = exchange(world.api, "GET", &logs, &forged, b"").unwrap().2["next"].clone();
    assert!(next.as_str().unwrap().starts_with("/api/v1/orgs/"), "{next} {page}");
}

#[test]
fn u06_a_proxy_that_is_named_is_believed_whom_it_was_asked_by() {
    let mut world = World::new();
    world.serve(&["--trusted-proxy", "192.0.2.0/24", "--trusted-proxy", "127.0.0.0/8"]);
    let world = world;
    let from = |address: &str| format!("X-Forwarded-For: 203.0.113.9, {address}");
    let authorization = |key: &str| format!("Authorization: Token {key}");
    let ask = |key: &str, method: &str, path: &str, address: &str, body: &Value| {
        let headers = [authorization(key), from(address)];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let asked =
            exchange(world.api, method, path, &headers, body.to_string().as_bytes()).unwrap();
        (asked.0, asked.2)
    };
    // An audit names who asked, not what it said of itself, and no proxy on the way.
    let sites = format!("orgs/{}/sites", world.org);
    let way = "198.51.100.7, 192.0.2.1";
    assert_eq!(ask(&world.token, "POST", &sites, way, &json!({"name": "Third"})).0, 200);
    let logs = format!("orgs/{}/logs?message=Third", world.org);
    let rows = || ask(&world.token, "GET", &logs, way, &json!({})).1["results"].clone();
    until("the audit", || rows()[0].is_object());
    assert_eq!(rows()[0]["src_ip"], "198.51.100.7");
    // A token is bound to who asks.
    let token = json!({
        "name": "near", "src_ips": ["198.51.100.0/24"],
        "privileges": [{"scope": "org", "role": "read"}],
    });
    let made = world.post(&format!("orgs/{}/apitokens", world.org), &token);
    let near = made["key"].as_str().unwrap();
    let org = format!("orgs/{}", world.org);
    assert_eq!(ask(near, "GET", &org, "198.51.100.7", &json!({})).0, 200);
    assert_eq!(ask(near, "GET", &org, "198.51.101.7", &json!({})).0, 403);
    // Guesses of one client keep no other waiting; a cookie that came by TLS goes by TLS.
    let invite = json!({
        "email": "desk@example.net", "privileges": [{"scope": "org", "role": "read"}],
    });
    let invited = world.post(&format!("{org}/invites"), &invite);
    let accept = |token: &Value, address: &str| {
        let body = json!({"token": token, "password": "a desk of my own"});
        ask("", "POST", "invites/accept", address, &body).0
    };
    for _ in 0..30 {
        assert_eq!(accept(&json!("a guess"), "198.51.100.8"), 404);
    }
    assert_eq!(accept(&invited["token"], "198.51.100.8"), 429);
    assert_eq!(accept(&invited["token"], "198.51.100.9"), 200);
    let login = json!({"email": "desk@example.net", "password": "a desk of my own"}).to_string();
    let cookies = |proto: &str| {
        let headers = ["Content-Type: application/json", proto];
        exchange(world.api, "POST", "login", &headers, login.as_bytes()).unwrap().1
    };
    let secure = |head: &str| head.matches("; Secure").count();
    assert_eq!(secure(&cookies("X-Forwarded-Proto: https")), 2);
    assert_eq!(secure(&cookies("X-Forwarded-Proto: http")), 0);
}

#[test]
fn u08_an_error_says_what_is_wrong_and_nothing_of_how_it_is_made() {
    let (world, _) = two_sites();
    let org = format!("orgs/{}", world.org);
    let cases: [(&str, String, &[u8]); 9] = [
        ("GET", "nonsense".into(), b""),
        ("PATCH", "self".into(), b"{}"),
        ("GET", "orgs/nonsense".into(), b""),
        ("GET", format!("{org}/webhooks/nonsense"), b""),
        ("GET", format!("{org}/webhooks?limit=x&page=%00"), b""),
        ("POST", format!("{org}/webhooks"), b"{"),
        ("POST", format!("{org}/webhooks"), b"[1]"),
        ("POST", format!("{org}/sites"), b"{\"name\":{}}"),
        ("PUT", format!("{org}/setting"), b"{\"ap_updown_threshold\":\"x\"}"),
    ];
    for (method, path, body) in cases {
        let (status, answer) = request(world.api, &world.token, method, &path, &[], body).unwrap();
        assert!((400..500).contains(&status), "{method} {path}: {status}");
        assert!(answer["detail"].is_string(), "{method} {path}: {answer}");
        let told = answer.to_string().to_lowercase();
        for word in ["sql", "panick", ".rs", "src/", "thread", "unwrap", "axum", "serde", "data/"] {
            assert!(!told.contains(word), "{method} {path}: {answer}");
        }
    }
}
