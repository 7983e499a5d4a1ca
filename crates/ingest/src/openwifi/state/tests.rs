use super::*;
use expect_test::expect;
use foghorn_model::telemetry::{Report, Telemetry};
use serde_json::{Value, json};
use std::io::Write;

/// 2023-11-14T22:13:20Z.
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
const AP: &str = "90:3C:B3:00:00:01";

/// An AP with two radios; what is not about associations is there to be passed over.
fn state() -> Value {
    json!({
        "interfaces": [{
            "name": "up0v0", "location": "/interfaces/0", "uptime": 9000,
            "counters": {"rx_bytes": 7, "tx_bytes": 8},
            "clients": [
                {"mac": "5c:5b:35:00:00:99", "ports": ["eth0"], "ipv4_addresses": ["192.0.2.1"]},
                {"mac": "02:00:00:00:00:0a", "ports": ["wlan1"], "ipv6_addresses": ["fe80::1"],
                 "ipv4_addresses": ["0.0.0.0", "192.0.2.77"]},
            ],
            "ssids": [
                {"bssid": "90:3c:b3:00:00:12", "ssid": "Maui", "mode": "ap", "iface": "wlan1",
                 "radio": {"$ref": "#/radios/1"},
                 "associations": [
                    {"station": "02:00:00:00:00:0a", "bssid": "02:00:00:00:00:0a", "connected": 610,
                     "inactive": 2, "rssi": -58, "tx_rate": {"bitrate": 180000, "vht": true},
                     "rx_rate": {"bitrate": "fast"}, "rx_bytes": 30624359, "tx_bytes": "12689752",
                     "tx_packets": 142246, "rx_packets": -1, "tx_retries": 3, "tx_failed": 9},
                    {"station": "02:00:00:00:00:0b", "connected": "75", "rssi": 0.5e9,
                     "ipaddr_v4": "192.0.2.78"},
                 ]},
                {"bssid": "90:3c:b3:00:00:11", "ssid": "Maui", "radio": {"$ref": "#/radios/0"}},
                {"bssid": "90:3c:b3:00:00:13", "ssid": "Lanai", "mode": "ap", "band": "6G"},
                {"bssid": "90:3c:b3:00:00:19", "mode": "mesh"},
            ],
        }, {"name": "down1v0"}],
        "radios": [{"channel": 36, "channel_width": "80"}, {"channel": "11", "band": ["2G"]}],
        "unit": {"localtime": 1_699_999_990, "uptime": 9000},
    })
}

fn read(document: &Value) -> Result<State, StateError> {
    read_state(document.to_string().as_bytes(), None, NOW)
}

fn named() -> Value {
    json!({"serial": AP, "state": state()})
}

fn refused(document: &Value) -> String {
    match read(document).unwrap_err() {
        StateError::Field { field, reason } => format!("{field}: {reason}"),
        other => other.to_string(),
    }
}

#[test]
fn a_state_becomes_a_list_of_who_is_associated() {
    let state = read(&named()).unwrap();
    assert_eq!((state.ap.to_string().as_str(), state.clients), ("903cb3000001", 2));
    expect![[r#"{"ap":"903cb3000001","cells":[{"band":"24","bssid":"903cb3000012","clients":[{"client_ip":"192.0.2.77","connected":610,"mac":"02000000000a","rssi":-58.0,"rx_bytes":30624359,"tx_bytes":12689752,"tx_pkts":142246,"tx_rate":180.0,"tx_retries":3},{"client_ip":"192.0.2.78","connected":75,"mac":"02000000000b"}],"ssid":"Maui"},{"band":"5","bssid":"903cb3000011","clients":[],"ssid":"Maui"},{"band":"6","bssid":"903cb3000013","clients":[],"ssid":"Lanai"}],"kind":"client-associations","time":1699999990.0}"#]]
        .assert_eq(std::str::from_utf8(&state.line).unwrap());
    let Ok(Telemetry { report: Report::Associations(list), .. }) = Telemetry::parse(&state.line)
    else {
        panic!("it is a line that the fold reads")
    };
    assert_eq!(list.cells.len(), 3);
}

#[test]
fn every_wrapping_says_the_same() {
    let expected = read(&named());
    let params = json!({"serial": AP, "uuid": 1_692_198_868, "state": state()});
    let notification =
        |params: Value| json!({"jsonrpc": "2.0", "method": "state", "params": params});
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(params.to_string().as_bytes()).unwrap();
    let packed =
        json!({"compress_64": STANDARD.encode(packed.finish().unwrap()), "compress_sz": 9});
    let mut within = state();
    within["serial"] = AP.into();
    for document in [notification(params), notification(packed.clone()), packed, within] {
        assert_eq!(read(&document), expected, "{document:.200}");
    }
    let bare = state().to_string();
    assert_eq!(read_state(bare.as_bytes(), AP.parse().ok(), NOW), expected);
    // What the document says of itself counts for more.
    let other = "5c5b35000001".parse().ok();
    assert_eq!(read_state(named().to_string().as_bytes(), other, NOW), expected);
}

#[test]
fn of_a_document_all_is_taken_or_nothing_and_what_is_wrong_is_named() {
    let with = |pointer: &str, value: Value| {
        let mut document = named();
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    let ssid = "/state/interfaces/0/ssids/0";
    let many = |count: usize, what: &Value| Value::from(vec![what.clone(); count]);
    let station = json!({"station": "02:00:00:00:00:0a"});
    let cases = [
        (with("/serial", json!("AP7")), "serial: not an address"),
        (state(), "serial: it is missing"),
        (json!({"serial": AP}), "interfaces: it is missing"),
        (json!({"method": "log", "params": named()}), "method: not state"),
        (json!({"compress_64": "AAAA"}), "compress_64: not zlib under base64"),
        (
            with(&format!("{ssid}/bssid"), json!("x")),
            "interfaces[0].ssids[0].bssid: not an address",
        ),
        (with(&format!("{ssid}/ssid"), json!(null)), "interfaces[0].ssids[0].ssid: it is missing"),
        (
            with(&format!("{ssid}/associations/1/station"), json!(null)),
            "interfaces[0].ssids[0].associations[1].station: not an address",
        ),
        (
            with(&format!("{ssid}/associations"), many(LISTED_MAX + 1, &station)),
            "interfaces: more than 2000 associations",
        ),
        (
            with(
                "/state/interfaces/0/ssids",
                many(CELLS_MAX + 1, &state()["interfaces"][0]["ssids"][2]),
            ),
            "interfaces: more than 64 BSSIDs",
        ),
    ];
    for (document, reason) in cases {
        assert_eq!(refused(&document), reason, "{document:.200}");
    }
    for body in ["", "[]", "{", r#"{"serial":"","interfaces":{}}"#] {
        assert!(
            matches!(read_state(body.as_bytes(), None, NOW), Err(StateError::Json(_))),
            "{body}"
        );
    }
}

#[test]
fn what_unpacks_to_too_much_is_refused_at_the_limit() {
    let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; STATE_BYTES_MAX * 8]).unwrap();
    let bomb = json!({"compress_64": STANDARD.encode(bomb.finish().unwrap())});
    assert_eq!(read(&bomb), Err(StateError::TooLarge));
    let long = vec![b' '; STATE_BYTES_MAX + 1];
    assert_eq!(read_state(&long, None, NOW), Err(StateError::TooLarge));
}

#[test]
fn a_clock_that_is_far_off_is_not_believed() {
    for (localtime, is_believed) in [(12, false), (1_699_000_000, true), (1_800_000_000, false)] {
        let mut document = named();
        document["state"]["unit"]["localtime"] = localtime.into();
        let line = read(&document).unwrap().line;
        assert_eq!(Telemetry::parse(&line).unwrap().time.is_some(), is_believed, "{localtime}");
    }
}
