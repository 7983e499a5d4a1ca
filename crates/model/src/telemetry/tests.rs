use super::*;
use crate::definitions::{ALARMS, AlarmTier};
use proptest::prelude::*;

fn refused(line: &str) -> String {
    Telemetry::parse(line.as_bytes()).unwrap_err().to_string()
}

#[test]
fn every_example_is_read_as_its_own_kind() {
    for (index, row) in KINDS.iter().enumerate() {
        assert_eq!(row.kind as usize, index);
        let read = Telemetry::parse(row.example.as_bytes());
        assert!(read.is_ok(), "{}: {read:?}", row.name);
    }
}

#[test]
fn a_bad_line_names_its_field() {
    let mac = r#""mac":"5c5b35000001""#;
    let cases = [
        (r#"{"mac":"5c5b35000001"}"#.into(), "kind: the field is missing"),
        (format!(r#"{{"kind":"teapot",{mac}}}"#), "kind: unknown kind"),
        (
            r#"{"kind":"device-heartbeat"}"#.into(),
            "mac: the field is missing from device-heartbeat",
        ),
        (
            r#"{"kind":"device-heartbeat","mac":7}"#.into(),
            "mac: invalid type: integer `7`, expected a MAC address as text",
        ),
        (format!(r#"{{"kind":"device-heartbeat",{mac},"colour":"red"}}"#), "colour: unknown field"),
        (format!(r#"{{"kind":"device-heartbeat",{mac},{mac}}}"#), "mac: the field is given twice"),
        (
            format!(r#"{{"kind":"device-heartbeat",{mac},"rssi":-50}}"#),
            "rssi: not a field of device-heartbeat",
        ),
        (
            format!(r#"{{"kind":"client-seen",{mac},"rssi":200}}"#),
            "rssi: invalid type: integer `200`, expected a number from -150 to 30",
        ),
        (
            format!(r#"{{"kind":"device-heartbeat",{mac},"time":1782127701568}}"#),
            "time: invalid value: integer `1782127701568`, expected epoch seconds or RFC 3339 text between the years 2000 and 2100",
        ),
        (
            format!(r#"{{"kind":"device-event",{mac},"type":"AP_RESTARTED"}}"#),
            "type: send it as kind device-connected, device-disconnected or device-restarted",
        ),
        (
            format!(r#"{{"kind":"device-event",{mac},"type":"SW_A","vc-master-id":"fpc1"}}"#),
            "vc-master-id: invalid type: string \"fpc1\", expected a whole number from 0 up",
        ),
        (
            format!(r#"{{"kind":"device-event",{mac},"type":"GW_A","peer_site_id":"HQ"}}"#),
            "peer_site_id: not a UUID",
        ),
        (
            format!(r#"{{"kind":"device-connected",{mac},"fixed_version":"1.3"}}"#),
            "fixed_version: not a field of device-connected",
        ),
        (
            format!(r#"{{"kind":"client-seen",{mac},"tx_rate":-1}}"#),
            "tx_rate: invalid type: integer `-1`, expected a number from 0 to 1000000",
        ),
        (
            format!(r#"{{"kind":"client-seen",{mac},"snr":-101.5}}"#),
            "snr: invalid type: floating point `-101.5`, expected a number from -100 to 200",
        ),
        (
            format!(r#"{{"kind":"port-stats",{mac},"port_id":"1","negotiation":"auto"}}"#),
            "negotiation: not one of complete, incomplete",
        ),
        (
            format!(r#"{{"kind":"path-stats",{mac},"port_id":"1","state":"lossy"}}"#),
            "state: not one of up, down",
        ),
        (
            format!(r#"{{"kind":"threat",{mac},"type":"virus"}}"#),
            "type: not one of idp-attack, url-blocked",
        ),
        (
            r#"{"kind":"radio-stats","ap":"5c5b35000001"}"#.into(),
            "band: the field is missing from radio-stats",
        ),
        (
            r#"{"kind":"radio-stats","ap":"5c5b35000001","band":"5","state":"dfs"}"#.into(),
            "state: not one of up, down",
        ),
        (
            r#"{"kind":"radio-stats","ap":"5c5b35000001","band":"5","util_all":101}"#.into(),
            "util_all: invalid type: floating point `101.0`, expected a number from 0 to 100",
        ),
        (
            r#"{"kind":"accounting","status":"start","nas_ip":"10.0.0.1"}"#.into(),
            "session_id: the field is missing from a session's record",
        ),
    ];
    for (line, detail) in cases {
        assert_eq!(refused(&line), detail, "{line}");
    }
    assert!(refused("{").starts_with("EOF while parsing"));
    assert!(refused("[]").contains("expected a JSON object"));
    assert!(refused(r#"{"kind":"device-heartbeat","mac":"5c5b35000001"} x"#).contains("trailing"));
}

#[test]
fn alarms_that_only_we_can_know_of_are_no_source_s() {
    for row in ALARMS.iter().filter(|row| row.tier() == AlarmTier::Ours) {
        let line = format!(r#"{{"kind":"alarm","type":"{}","mac":"5c5b35000001"}}"#, row.key);
        assert_eq!(refused(&line), "type: Foghorn finds that out itself");
    }
}

#[test]
fn a_bad_list_of_associations_names_the_field_within_it() {
    let listed = |cells: &str| {
        format!(r#"{{"kind":"client-associations","ap":"5c5b35000001","cells":{cells}}}"#)
    };
    let cell = |clients: &str| {
        listed(&format!(r#"[{{"bssid":"5c5b35000011","ssid":"Maui","clients":{clients}}}]"#))
    };
    let client = r#"{"mac":"70ef0071535f"},"#;
    let many = |count: usize| format!("[{}]", client.repeat(count).trim_end_matches(','));
    let half = format!(r#"{{"bssid":"5c5b35000011","ssid":"a","clients":{}}}"#, many(LISTED_MAX));
    let cases = [
        (listed("{}"), "cells: invalid type: map, expected a list of objects"),
        (listed("[7]"), "cells: invalid type: integer `7`, expected a JSON object"),
        (listed(r#"[{"ssid":"Maui"}]"#), "bssid: the field is missing"),
        (
            listed(r#"[{"bssid":"5c5b35000011","ssid":"a","mac":"5c5b35000011"}]"#),
            "mac: not a field of what is listed",
        ),
        (cell(r#"[{"rssi":-50}]"#), "mac: the field is missing"),
        (cell(r#"[{"mac":"70ef0071535f","colour":"red"}]"#), "colour: unknown field"),
        (
            cell(r#"[{"mac":"70ef0071535f","rssi":"strong"}]"#),
            "rssi: invalid type: string \"strong\", expected a number from -150 to 30",
        ),
        (cell(&many(LISTED_MAX + 1)), "clients: more than 2000"),
        (listed(&format!("[{half},{half}]")), "clients: more than 2000 in all"),
        (
            cell("[]").replace("\"ap\"", "\"bssid\":\"5c5b35000022\",\"ap\""),
            "cells: another BSSID than the list is of",
        ),
    ];
    for (line, detail) in cases {
        assert_eq!(refused(&line), detail, "{line:.200}");
    }
}

#[test]
fn an_attack_that_nobody_knows_is_answered_with_those_that_are_known() {
    let detail = refused(r#"{"kind":"intrusion","ap":"5c5b35000001","type":"teapot"}"#);
    assert!(detail.starts_with("type: not one of replay tkip-icv"), "{detail}");
    let documented = Kind::Intrusion.row().doc;
    for (_, name) in Attack::ALL {
        assert!(detail.contains(name), "{name}: {detail}");
        assert!(documented.contains(&format!("`{name}`")), "{name}: {documented}");
    }
}

#[test]
fn null_counts_as_absent() {
    let line = br#"{"kind":"client-seen","mac":"5c5b35000001","rssi":null,"client_ip":null}"#;
    let Report::Seen(seen) = Telemetry::parse(line).unwrap().report else { panic!() };
    assert_eq!((seen.rssi, seen.facts.ip), (None, None));
}

#[test]
fn what_a_schema_allows_is_what_the_reader_allows() {
    let schemas = json_schemas();
    assert_eq!(schemas.len(), KINDS.len());
    for schema in schemas {
        let properties = schema["schema"]["properties"].as_object().unwrap();
        for key in schema["example"].as_object().unwrap().keys() {
            assert!(properties.contains_key(key), "{key} of {}", schema["kind"]);
        }
    }
}

proptest! {
    #[test]
    fn an_accounting_line_reads_back(
        session in "[ -~]{1,40}",
        user in proptest::option::of("\\PC{0,40}"),
        octets: [u8; 6],
        bytes: Option<u64>,
        secs in proptest::option::of(946_684_800i64..4_000_000_000),
    ) {
        let status = AccountingStatus::Stop;
        let accounting = Accounting {
            session_id: Some(session.into()),
            username: user.map(Into::into),
            mac: Some(crate::mac::Mac(octets)),
            client_type: Some(ClientType::Wired),
            rx_bytes: bytes,
            terminate_cause: Some("User-Request".into()),
            ..Accounting::new(status, std::net::Ipv4Addr::LOCALHOST.into())
        };
        let time = secs.map(|secs| Timestamp(secs * 1_000_000 + 123_456));
        let mut line = Vec::new();
        accounting.write_line(Some("r1"), time, &mut line);
        let read = Telemetry::parse(&line).unwrap();
        prop_assert_eq!(read.time, time);
        prop_assert_eq!(read.id.as_deref(), Some("r1"));
        prop_assert_eq!(read.report, Report::Accounting(Box::new(accounting)));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(line: Vec<u8>) {
        drop(Telemetry::parse(&line));
    }
}
