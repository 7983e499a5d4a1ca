//! What happened can be searched, also after a kill and when the store is made anew.

use crate::process::{World, until};
use serde_json::{Value, json};

fn get(world: &World, path: &str) -> Value {
    let (status, answer) = world.request("GET", path, &[], b"");
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// A client that comes, and goes after the seconds given.
fn visit(world: &World, client: &str, ssid: &str) {
    let lines = [
        json!({"kind": "client-associated", "mac": client, "ap": "5c5b35000001",
               "bssid": "5c5b35000011", "ssid": ssid, "band": "5", "rssi": -54}),
        json!({"kind": "client-disassociated", "mac": client}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(world.telemetry(&body)["accepted"], 2);
}

#[test]
fn sessions_and_audits_are_found_counted_and_paged() {
    let mut world = World::new();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    for (client, ssid) in [("70ef00000001", "a"), ("70ef00000002", "b"), ("70ef00000003", "a")] {
        visit(&world, client, ssid);
    }
    let sessions = format!("sites/{}/clients/sessions/search", world.site);
    until("the sessions", || get(&world, &sessions)["total"] == 3);
    let found = get(&world, &format!("{sessions}?ssid=a&limit=1&sort=timestamp"));
    assert_eq!((&found["total"], &found["results"][0]["mac"]), (&json!(2), &json!("70ef00000001")));
    let next = found["next"].as_str().unwrap().strip_prefix("/api/v1/").unwrap();
    let found = get(&world, next);
    assert_eq!(found["results"][0]["mac"], "70ef00000003");
    let counted = format!("orgs/{}/clients/sessions/count?distinct=ssid", world.org);
    let counted = get(&world, &counted);
    let expected = json!([{"ssid": "a", "count": 2}, {"ssid": "b", "count": 1}]);
    assert_eq!(counted["results"], expected);

    let logs = format!("orgs/{}/logs", world.org);
    let log = get(&world, &format!("{logs}?site_id={}", world.site));
    let device =
        log["results"].as_array().unwrap().iter().find(|it| it["after"]["mac"].is_string());
    assert_eq!(device.unwrap()["after"]["mac"], "5c5b35000001", "{log}");
    // By pages, as Mist has it, and by a part of what is said.
    let all = log["total"].as_u64().unwrap();
    let second = get(&world, &format!("{logs}?site_id={}&limit=1&page=2", world.site));
    assert_eq!((&second["page"], &second["total"]), (&json!(2), &json!(all)), "{second}");
    assert_eq!(second["results"][0], log["results"][1]);
    let beyond = get(&world, &format!("{logs}?site_id={}&limit=1&page={}", world.site, all + 1));
    assert_eq!((&beyond["results"], &beyond["next"]), (&json!([]), &Value::Null));
    let added = get(&world, &format!("{logs}?message=dd%20Device"));
    assert_eq!(added["total"], 1, "{added}");
    for bad in ["page=0", "limit=0", "sort=ssid", "start=x", "search_after=x", "duration=1y"] {
        let (status, answer) = world.request("GET", &format!("{logs}?{bad}"), &[], b"");
        let field = bad.split('=').next();
        assert_eq!((status, answer["field"].as_str()), (400, field), "{answer}");
    }

    // Killed, and with the store gone: it is filled again, each event once.
    world.server.as_mut().unwrap().kill();
    for suffix in ["", "-wal", "-shm"] {
        let path = world.path(&format!("data/history.db{suffix}"));
        assert!(std::fs::remove_file(&path).is_ok() || !suffix.is_empty(), "{path:?}");
    }
    world.serve(&[]);
    visit(&world, "70ef00000004", "a");
    until("the sessions again", || get(&world, &sessions)["total"] == 4);
    world.server.as_mut().unwrap().kill();
    world.serve(&[]);
    assert_eq!(get(&world, &sessions)["total"], 4);
}

#[test]
fn rows_come_in_the_order_of_a_member_page_by_page() {
    let mut world = World::new();
    world.serve(&[]);
    for (number, name) in [(3, "c"), (1, "a"), (2, "b")] {
        world.device(&format!("5c5b3500000{number}"), name);
    }
    for path in [format!("orgs/{}/logs?message=Device", world.org), devices(&world)] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let member = if path.contains("logs") { "message" } else { "mac" };
        until("the rows", || get(&world, &path)["total"] == 3);
        let told = |sort: &str| {
            let mut page = get(&world, &format!("{path}{separator}limit=1&sort={sort}"));
            let mut told = Vec::new();
            loop {
                assert_eq!(page["total"], 3, "{page}");
                told.push(page["results"][0][member].as_str().unwrap().to_owned());
                let Some(next) = page["next"].as_str() else { return told };
                page = get(&world, next.strip_prefix("/api/v1/").unwrap());
            }
        };
        let mut rows = told(member);
        assert!(rows.is_sorted(), "{rows:?}");
        rows.reverse();
        assert_eq!(told(&format!("-{member}")), rows);
        let first = get(&world, &format!("{path}{separator}limit=1&sort={member}"));
        let other = first["next"].as_str().unwrap().replace("sort=", "sort=-");
        let (status, answer) =
            world.request("GET", other.strip_prefix("/api/v1/").unwrap(), &[], b"");
        assert_eq!((status, &answer["field"]), (400, &json!("search_after")), "{answer}");
        assert_eq!(get(&world, &format!("{path}{separator}sort=wxid"))["total"], 3);
    }
}

fn devices(world: &World) -> String {
    format!("sites/{}/devices/search", world.site)
}

#[test]
fn another_orgs_history_is_not_found() {
    let mut world = World::new();
    world.serve(&[]);
    let foreign = "00000000-0000-4000-8000-000000000001";
    for path in [
        format!("orgs/{foreign}/logs"),
        format!("orgs/{foreign}/logs/count"),
        format!("orgs/{foreign}/clients/sessions/search"),
        format!("orgs/{foreign}/clients/sessions/count"),
        format!("sites/{foreign}/clients/sessions/search"),
        format!("sites/{foreign}/clients/sessions/count"),
    ] {
        assert_eq!(world.request("GET", &path, &[], b"").0, 404, "{path}");
    }
}

#[test]
fn events_are_asked_for_by_what_the_published_document_names() {
    let mut world = World::new();
    world.serve(&[]);
    world.device("5c5b35000001", "AP");
    let line = |mac: &str, user: &str, role: &str| {
        json!({"kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "mac": mac, "username": user,
               "idp_role": [role, "all"], "usermac_labels": ["printers"]})
    };
    let lines = [
        json!({"kind": "device-restarted", "mac": "5c5b35000001", "reason": "power"}),
        json!({"kind": "device-event", "mac": "5c5b35000001", "type": "AP_RADSEC_FAILURE",
               "type_code": 38}),
        line("ac3eb179e535", "ann@example.net", "staff"),
        line("ac3eb179e536", "bob@example.net", "guest"),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(world.telemetry(&body)["accepted"], 4);
    let nac = |query: &str| {
        let path = format!("sites/{}/nac_clients/events/search?{query}", world.site);
        get(&world, &path)["total"].as_u64().unwrap()
    };
    until("the decisions", || nac("") == 2);
    assert_eq!((nac("text=ann"), nac("text=179e5"), nac("text=nobody")), (1, 2, 0));
    assert_eq!((nac("idp_role=guest"), nac("idp_role=all"), nac("idp_role=gue")), (1, 2, 0));
    assert_eq!((nac("usermac_label=printers"), nac("ingress_vlan=7")), (2, 0));

    let events = format!("orgs/{}/devices/events", world.org);
    let device = |query: &str| get(&world, &format!("{events}/search?{query}"));
    until("the restart", || device("type=AP_RESTARTED")["total"] == 1);
    let restart = device("type=AP_RESTARTED")["results"][0].clone();
    let at = format!("type=AP_RESTARTED&timestamp={}", restart["timestamp"]);
    assert_eq!(device(&at)["total"], 1);
    assert_eq!(device("ap=5c5b35000001&type=AP_RESTARTED")["total"], 1);
    assert_eq!(device("model=other")["total"], 0);
    assert_eq!(
        (&device("type_code=38")["total"], &device("type_code=1")["total"]),
        (&json!(1), &json!(0))
    );
    let coded = get(&world, &format!("{events}/count?distinct=type_code"));
    assert_eq!(coded["results"][1], json!({"type_code": "38", "count": 1}), "{coded}");
    let everything = device("")["total"].clone();
    assert_eq!(device("device_type=all")["total"], everything);
    assert_eq!(device("device_type=ap")["total"], everything);
    assert_eq!(device("device_type=switch")["total"], 0);
    assert_eq!((nac("random_mac=True"), nac("nacrule_matched=false")), (0, 0));
    let nac_events = format!("orgs/{}/nac_clients/events", world.org);
    let sessions = format!("orgs/{}/clients/sessions", world.org);
    for (path, field) in [
        (format!("{events}/search?device_type=zz"), "device_type"),
        (format!("{events}/count?device_type=zz"), "device_type"),
        (format!("{nac_events}/search?random_mac=perhaps"), "random_mac"),
        (format!("{sessions}/search?band=7"), "band"),
        (format!("{events}/search?start=200&end=100"), "start"),
    ] {
        let (status, answer) = world.request("GET", &path, &[], b"");
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{path}: {answer}");
    }
    let count = |query: &str| get(&world, &format!("{events}/count?{query}"));
    let all = count("distinct=type");
    assert!(all["total"].as_u64().unwrap() > 1 && all["limit"] == 1000, "{all}");
    let one = count("distinct=type&limit=1");
    assert_eq!((one["results"].as_array().unwrap().len(), &one["total"]), (1, &all["total"]));
    for bad in [0, 1001] {
        let (status, answer) =
            world.request("GET", &format!("{events}/count?limit={bad}"), &[], b"");
        assert_eq!((status, &answer["field"]), (400, &json!("limit")));
    }
}

#[test]
fn what_befell_clients_and_devices_of_other_vendors_is_found_and_defined() {
    let mut world = World::new();
    world.serve(&[]);
    let lines = [
        json!({"kind": "client-event", "type": "SA_QUERY_TIMEOUT", "mac": "70ef0071535f",
               "ssid": "Maui"}),
        json!({"kind": "otherdevice-event", "type": "CELLULAR_EDGE_REBOOTED",
               "mac": "0030443b1c5d", "vendor": "cradlepoint", "text": "power"}),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(world.telemetry(&body)["accepted"], 2);
    let found = |path: &str| get(&world, &format!("sites/{}/{path}", world.site));
    until("the reboot", || found("otherdevices/events/search?vendor=cradlepoint")["total"] == 1);
    let row = found("otherdevices/events/search?type=CELLULAR_EDGE_REBOOTED")["results"][0].clone();
    assert_eq!((&row["mac"], &row["text"]), (&json!("0030443b1c5d"), &json!("power")));
    assert_eq!(found("otherdevices/events/search?vendor=nobody")["total"], 0);
    assert_eq!(found("otherdevices/events/count?distinct=type")["results"][0]["count"], 1);
    assert_eq!(found("clients/events/search?type=SA_QUERY_TIMEOUT")["total"], 1);
    for family in ["client_events", "otherdevice_events"] {
        let rows = get(&world, &format!("const/{family}"));
        let rows = rows.as_array().unwrap();
        assert!(rows.iter().all(|row| row["example"]["type"] == row["key"]), "{family}");
    }
    let alarms = get(&world, "const/alarm_defs");
    let tier = |key: &str| {
        let row = alarms.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
        row["tier"].clone()
    };
    assert_eq!((tier("rogue_ap"), tier("essid_jack")), (json!("A"), json!("B")));
}
