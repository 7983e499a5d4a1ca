//! How things are now: statistics and searches of what the shards hold.

use crate::process::{World, until};
use serde_json::{Value, json};

const APS: [&str; 2] = ["5c5b35000001", "5c5b35000002"];

fn get(world: &World, path: &str) -> Value {
    let (status, answer) = world.request("GET", path, &[], b"");
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn site(world: &World, path: &str) -> Value {
    get(world, &format!("sites/{}/{path}", world.site))
}

fn column(rows: &Value, key: &str) -> Vec<String> {
    let rows = rows.as_array().or_else(|| rows["results"].as_array()).unwrap();
    rows.iter().map(|row| row[key].as_str().unwrap_or("null").to_owned()).collect()
}

/// Two APs of which one is up with three clients, and a switch that never was.
fn populated() -> World {
    let mut world = World::new();
    world.serve(&[]);
    APS.iter().for_each(|mac| world.device(mac, &format!("AP {}", &mac[11..])));
    let switch = json!({"mac": "5c5b35000003", "name": "SW", "type": "switch", "model": "EX"});
    world.post(&format!("sites/{}/devices", world.site), &switch);
    let mut lines = format!(
        "{}\n",
        json!({"kind": "device-heartbeat", "mac": APS[0], "version": "0.14.1",
               "ext_ip": "198.51.100.7"})
    );
    let radio = json!({"kind": "radio-stats", "ap": APS[0], "band": "5", "channel": 36, "power": 15,
                       "util_all": 31.4, "noise_floor": -94});
    lines.push_str(&format!("{radio}\n"));
    for (number, ssid) in [(1, "staff"), (2, "guest"), (3, "staff")] {
        let client = json!({
            "kind": "client-associated", "mac": format!("70ef0000000{number}"), "ap": APS[0],
            "bssid": "5c5b35000011", "ssid": ssid, "band": "5", "rssi": -54,
            "client_hostname": format!("laptop-{number}"), "client_ip": format!("10.0.0.{number}"),
            "rx_bytes": 812_345, "tx_pkts": 4_711, "tx_rate": 866.7, "snr": 41, "vlan": "72",
        });
        lines.push_str(&format!("{client}\n"));
    }
    assert_eq!(world.telemetry(&lines)["accepted"], 5);
    until("the clients", || site(&world, "stats")["num_clients"] == 3);
    world
}

#[test]
fn devices_are_told_as_they_are_now() {
    let world = populated();
    let devices = site(&world, "stats/devices");
    assert_eq!(column(&devices, "status"), ["connected", "disconnected"], "{devices}");
    let first = &devices[0];
    assert_eq!(
        (&first["version"], &first["ext_ip"], &first["num_clients"], &first["name"]),
        (&json!("0.14.1"), &json!("198.51.100.7"), &json!(3), &json!("AP 1"))
    );
    assert!(first["last_seen"].is_number() && first["uptime"].is_u64(), "{first}");
    let radio = json!({"bandwidth": null, "channel": 36, "noise_floor": -94, "power": 15,
                       "util_all": 31});
    assert_eq!(first["radio_stat"], json!({"band_5": radio}));
    assert_eq!((&devices[1]["last_seen"], devices[1].get("radio_stat")), (&Value::Null, None));
    let one = site(&world, &format!("stats/devices/{}", first["id"].as_str().unwrap()));
    assert_eq!((&one["mac"], &one["status"]), (&first["mac"], &json!("connected")));

    let of = |query: &str| column(&site(&world, &format!("stats/devices?{query}")), "mac");
    assert_eq!(of("type=all").len(), 3);
    assert_eq!(of("type=switch"), ["5c5b35000003"]);
    assert_eq!(of("status=connected"), [APS[0]]);
    assert_eq!(of("type=all&status=disconnected&limit=1&page=2"), ["5c5b35000003"]);
    let org = get(&world, &format!("orgs/{}/stats/devices?mac=5C-5B-35-00-00-01", world.org));
    assert_eq!(column(&org, "status"), ["connected"]);
    for bad in ["type=x", "status=x", "mac=x", "limit=0"] {
        let path = format!("sites/{}/stats/devices?{bad}", world.site);
        let field = bad.split('=').next();
        assert_eq!(world.request("GET", &path, &[], b"").1["field"].as_str(), field, "{bad}");
    }

    let stats = site(&world, "stats");
    assert_eq!(
        (&stats["num_ap"], &stats["num_ap_connected"], &stats["num_switch_connected"]),
        (&json!(2), &json!(1), &json!(0))
    );
    let stats = get(&world, &format!("orgs/{}/stats", world.org));
    assert_eq!(
        (&stats["num_sites"], &stats["num_devices"], &stats["num_devices_disconnected"]),
        (&json!(1), &json!(3), &json!(2))
    );
    world.telemetry(&json!({"kind": "device-disconnected", "mac": APS[0]}).to_string());
    until("the down", || of("status=connected").is_empty());
    for (query, field) in [
        ("devices/search?status=up", "status"),
        ("devices/count?type=teapot", "type"),
        ("clients/search?band=7", "band"),
        ("devices/search?sort=mac&page=21&limit=1000", "page"),
    ] {
        let path = format!("sites/{}/{query}", world.site);
        let (status, answer) = world.request("GET", &path, &[], b"");
        assert_eq!((status, &answer["field"]), (400, &json!(field)), "{query}: {answer}");
    }
    let found = site(&world, "devices/search?status=disconnected&limit=2");
    assert_eq!((&found["total"], found["results"].as_array().unwrap().len()), (&json!(3), 2));
    let next = found["next"].as_str().unwrap().strip_prefix("/api/v1/").unwrap();
    let rest = get(&world, next);
    assert_eq!((column(&rest, "last_hostname"), rest.get("next")), (vec!["SW".into()], None));
    let counted = get(&world, &format!("orgs/{}/devices/count?distinct=type", world.org));
    let expected = json!([{"type": "ap", "count": 2}, {"type": "switch", "count": 1}]);
    assert_eq!(counted["results"], expected);
}

#[test]
fn edges_are_told_as_they_are_now() {
    let world = populated();
    let (here, org) = (format!("sites/{}", world.site), format!("orgs/{}", world.org));
    let edge = |owner: &str, mac: &str, name: &str| {
        let edge = json!({"mac": mac, "name": name, "model": "ME-100"});
        world.post(&format!("{owner}/mxedges"), &edge)
    };
    let first = edge(&here, "020000230521", "one");
    edge(&here, "020000230522", "two");
    edge(&org, "020000230523", "three");
    let heartbeat = json!({"kind": "edge-heartbeat", "mac": "020000230521"});
    world.telemetry(&heartbeat.to_string());
    let of_org = || get(&world, &format!("{org}/stats/mxedges"));
    let statuses = |rows: &Value| {
        let rows = rows.as_array().unwrap().iter();
        let rows = rows.map(|row| format!("{} {}", row["name"], row["status"]).replace('"', ""));
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    };
    let connected = ["one connected", "three disconnected", "two disconnected"];
    until("the heartbeat", || statuses(&of_org()) == connected);
    let of_site = site(&world, "stats/mxedges");
    assert_eq!(statuses(&of_site), [connected[0], connected[2]]);
    let path = format!("stats/mxedges/{}", first["id"].as_str().unwrap());
    for owner in [&here, &org] {
        let one = get(&world, &format!("{owner}/{path}"));
        assert_eq!((&one["status"], &one["model"]), (&json!("connected"), &json!("ME-100")));
        assert!(one["last_seen"].is_number(), "{one}");
    }
    let silent = of_site.as_array().unwrap().iter().find(|row| row["name"] == "two").unwrap();
    assert_eq!(silent["last_seen"], Value::Null);
}

#[test]
fn clients_are_found_while_they_are_associated() {
    let world = populated();
    let page = site(&world, "stats/clients?limit=2&page=2");
    assert_eq!(column(&page, "mac"), ["70ef00000003"]);
    assert_eq!(
        (&page[0]["ap_mac"], &page[0]["ssid"], &page[0]["rssi"], &page[0]["hostname"]),
        (&json!(APS[0]), &json!("staff"), &json!(-54.0), &json!("laptop-3"))
    );
    let link = ["rx_bytes", "tx_packets", "tx_rate", "snr", "vlan_id", "rx_rate", "tx_retries"];
    let expected = json!([812_345, 4_711, 866.7, 41.0, "72", null, null]);
    assert_eq!(json!(link.map(|member| &page[0][member])), expected);
    assert_eq!(site(&world, "stats/clients?wired=true"), json!([]));
    let one = |mac: &str| {
        let path = format!("sites/{}/stats/clients/{mac}", world.site);
        world.request("GET", &path, &[], b"")
    };
    assert_eq!(one("70EF00000002").1["ssid"], "guest");
    assert_eq!((one("70ef00000009").0, one("nonsense").0), (404, 400));

    let found = site(&world, "clients/search?ssid=staff&limit=1");
    assert_eq!((&found["total"], column(&found, "mac")), (&json!(2), vec!["70ef00000001".into()]));
    let next = found["next"].as_str().unwrap().strip_prefix("/api/v1/").unwrap();
    assert_eq!(column(&get(&world, next), "mac"), ["70ef00000003"]);
    let org = format!("orgs/{}/clients", world.org);
    assert_eq!(get(&world, &format!("{org}/search?text=LAPTOP-2"))["total"], 1);
    let counted = get(&world, &format!("{org}/count?distinct=ssid"));
    let expected = json!([{"ssid": "staff", "count": 2}, {"ssid": "guest", "count": 1}]);
    assert_eq!(counted["results"], expected);

    world.telemetry(&json!({"kind": "client-disassociated", "mac": "70ef00000002"}).to_string());
    until("the client to be gone", || one("70ef00000002").0 == 404);
    assert_eq!(get(&world, &format!("{org}/search?ssid=guest"))["total"], 0);
}

#[test]
fn where_nobody_is_located_nobody_is_anywhere() {
    let world = populated();
    let map = world.post(&format!("sites/{}/maps", world.site), &json!({"name": "1st"}));
    let map = map["id"].as_str().unwrap();
    let corners = json!([{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 0, "y": 9}]);
    let zone = json!({"name": "lobby", "map_id": map, "vertices": corners});
    let zone = world.post(&format!("sites/{}/zones", world.site), &zone);
    world.post(&format!("sites/{}/assets", world.site), &json!({"name": "a", "mac": APS[1]}));
    let zones = site(&world, &format!("stats/zones?map_id={map}"));
    assert_eq!((&zones[0]["name"], &zones[0]["num_clients"]), (&json!("lobby"), &json!(0)));
    assert_eq!(site(&world, &format!("stats/zones?map_id={}", world.org)), json!([]));
    let one = site(&world, &format!("stats/zones/{}", zone["id"].as_str().unwrap()));
    assert_eq!((&one["clients"], &one["assets"]), (&json!([]), &json!([])));
    assert_eq!(column(&site(&world, "stats/assets"), "name"), ["a"]);
    assert_eq!(site(&world, "stats/assets/search?name=a")["total"], 1);
    for who in ["clients", "sdkclients", "unconnected_clients", "discovered_assets"] {
        assert_eq!(site(&world, &format!("stats/maps/{map}/{who}")), json!([]));
        let path = format!("sites/{}/stats/maps/{}/{who}", world.site, world.org);
        assert_eq!(world.request("GET", &path, &[], b"").0, 404, "{who}");
    }
    for kind in ["zones", "rssizones"] {
        assert_eq!(site(&world, &format!("{kind}/visits/search"))["total"], 0);
        assert_eq!(site(&world, &format!("{kind}/count?distinct=user"))["results"], json!([]));
    }
}

#[test]
fn the_devices_of_a_site_are_listed_by_type_and_name() {
    let world = populated();
    let of = |query: &str| column(&site(&world, &format!("devices?{query}")), "mac");
    assert_eq!(of(""), APS, "APs, as the published document has it");
    assert_eq!(of("type=switch"), ["5c5b35000003"]);
    assert_eq!(of("type=gateway"), [""; 0]);
    assert_eq!(of("type=all").len(), 3);
    assert_eq!(of("name=AP+2"), [APS[1]]);
    assert_eq!(of("type=all&name=SW"), ["5c5b35000003"]);
    assert_eq!(of("type=all&limit=1&page=3"), ["5c5b35000003"]);
    let path = format!("sites/{}/devices?type=teapot", world.site);
    let (status, answer) = world.request("GET", &path, &[], b"");
    assert_eq!((status, &answer["field"]), (400, &json!("type")), "{answer}");
}

#[test]
fn the_inventory_is_asked_by_what_devices_are() {
    let world = populated();
    let inventory = format!("orgs/{}/inventory", world.org);
    world.post(&inventory, &json!({"mac": "5c5b35000004", "serial": "S4"}));
    let of = |query: &str| column(&get(&world, &format!("{inventory}?{query}")), "mac");
    assert_eq!(of("").len(), 4);
    assert_eq!(of("serial=S4"), ["5c5b35000004"]);
    assert_eq!(of("unassigned=true"), ["5c5b35000004"]);
    assert_eq!(of("unassigned=false&type=ap&limit=1&page=2"), [APS[1]]);
    assert_eq!(of("model=EX"), ["5c5b35000003"]);
    assert_eq!(of("mac=5C:5B:35:00:00:02"), [APS[1]]);
    assert_eq!(of(&format!("site_id={}", world.site)).len(), 3);
    assert_eq!(of("modified_after=99999999999"), [""; 0]);
}
