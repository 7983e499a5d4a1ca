//! State is bounded, whatever comes. The names begin with the case of `docs/security.md`.

use crate::world::{AP, EDGE, World, associated, edge};
use foghorn_engine::Output;
use foghorn_model::config::RogueSetting;
use foghorn_model::{ConfigUpdate, Mac, Record, RecordBody, Setting, Timestamp};
use std::borrow::Cow;

/// Sessions that a site follows.
const SESSIONS: u64 = 200_000;
/// Clients that a site follows.
const CLIENTS: u64 = 500_000;
/// Peerings of one device that are followed.
const PEERINGS: u64 = 1_000;
/// APs that a site takes lists of.
const LISTING_APS: u64 = 10_000;
/// Of what comes beyond a limit.
const MORE: u64 = 1_000;

/// Folds lines without keeping their events.
struct Flood {
    world: World,
    number: u64,
    out: Output,
}

impl Flood {
    fn new() -> Self {
        let world = World::new();
        let number = world.journal.len() as u64;
        Self { world, number, out: Output::default() }
    }

    fn line(&mut self, line: String) {
        let last = self.world.journal.last().unwrap();
        let record = Record {
            received_at: Timestamp(self.world.now * 1_000_000),
            catalog_seq: last.catalog_seq,
            site: Some(crate::world::site_id()),
            body: RecordBody::Telemetry(Cow::Owned(line.into_bytes())),
        };
        self.number += 1;
        self.out.clear();
        self.world.engine.fold(self.number, &record, &mut self.out);
    }

    fn over_limit(&self) -> u64 {
        self.world.engine.tally().over_limit
    }
}

/// A session of its own user and NAS, with an id of its own.
fn session(number: u64) -> String {
    let [.., a, b, c] = number.to_be_bytes();
    format!(
        r#"{{"kind":"accounting","status":"start","nas_ip":"10.{a}.{b}.{c}","session_id":"s{number}","id":"{number}"}}"#
    )
}

fn random_mac(number: u64) -> Mac {
    let [.., a, b, c, d] = number.to_be_bytes();
    Mac([0x02, 0, a, b, c, d])
}

#[test]
fn i06_sessions_of_ever_new_nases_let_old_ones_go() {
    let mut flood = Flood::new();
    (0..SESSIONS).for_each(|number| flood.line(session(number)));
    assert_eq!(flood.over_limit(), 0);
    let full = flood.world.engine.snapshot().len();
    (SESSIONS..SESSIONS + MORE).for_each(|number| flood.line(session(number)));
    assert_eq!(flood.over_limit(), MORE);
    let fuller = flood.world.engine.snapshot().len();
    assert!(fuller < full + full / 100, "the state grew from {full} to {fuller} bytes");
    // What was let go is still told when it ends.
    flood.line(session(0).replace("start", "stop").replace(r#""id":"0""#, r#""id":"end""#));
    let json = String::from_utf8_lossy(&flood.out.record.body).into_owned();
    assert!(json.contains("NAC_ACCOUNTING_STOP"), "{json}");
}

#[test]
fn i06_peerings_beyond_the_limit_are_told_without_their_threshold() {
    let mut flood = Flood::new();
    flood.world.enable(&["vpn_peer_down"]);
    flood.world.set(Setting { vpn_peer_updown_threshold: Some(5), ..Setting::default() });
    flood.number = flood.world.journal.len() as u64;
    let line = |number| {
        let peer = random_mac(number);
        format!(
            r#"{{"kind":"device-event","mac":"5c5b35000004","type":"GW_VPN_PEER_DOWN","peer_mac":"{peer}"}}"#
        )
    };
    (0..PEERINGS).for_each(|number| flood.line(line(number)));
    assert_eq!(flood.over_limit(), 0);
    flood.line(line(PEERINGS));
    assert_eq!(flood.over_limit(), 1);
    let told = String::from_utf8_lossy(&flood.out.record.body).into_owned();
    assert!(told.contains("vpn_peer_down"), "{told}");
}

#[test]
fn i06_clients_beyond_the_limit_are_counted_and_not_followed() {
    let mut flood = Flood::new();
    let line = |number| associated(random_mac(number), AP, "5c5b35000011");
    (0..CLIENTS).for_each(|number| flood.line(line(number)));
    assert_eq!(flood.over_limit(), 0);
    (CLIENTS..CLIENTS + MORE).for_each(|number| flood.line(line(number)));
    assert_eq!(flood.over_limit(), MORE);
    // Whoever leaves makes room.
    let leaver = random_mac(0);
    flood.line(format!(r#"{{"kind":"client-disassociated","mac":"{leaver}"}}"#));
    flood.line(line(CLIENTS + MORE));
    assert_eq!(flood.over_limit(), MORE);
}

/// What detectors follow, how much of it, and lines that bring one more.
type Followed = (&'static str, u64, fn(u64) -> Vec<String>);

const FOLLOWED: [Followed; 9] = [
    ("ports", 20_000, |number| {
        vec![format!(
            r#"{{"kind":"port-stats","mac":"5c5b35000003","port_id":"{number}","speed":100}}"#
        )]
    }),
    ("uplinks", 5_000, |number| {
        vec![format!(
            r#"{{"kind":"path-stats","mac":"5c5b35000004","port_id":"{number}","loss":9}}"#
        )]
    }),
    ("servers", 2_000, |number| vec![failure("dhcp", 1, &format!(r#""server":"{number}""#))]),
    ("wlans", 2_000, |number| vec![failure("dns", 1, &format!(r#""ssid":"{number}""#))]),
    ("clients that fail", 2_000, |number| vec![failure("auth", number, r#""text":"no""#)]),
    ("coverage", 2_000, |number| {
        let (mac, ap) =
            (random_mac(number), Mac([0x5e, 0, 0, 0, (number >> 8) as u8, number as u8]));
        let seen = format!(r#"{{"kind":"client-seen","mac":"{mac}","rssi":-80}}"#);
        vec![associated(mac, &ap.to_string(), "5c5b35000011"), seen]
    }),
    ("strangers", 10_000, |number| {
        let bssid = random_mac(number);
        vec![format!(r#"{{"kind":"neighbor","ap":"{AP}","bssid":"{bssid}","on_wire":true}}"#)]
    }),
    ("alarms", 10_000, |number| {
        vec![format!(r#"{{"kind":"alarm","type":"missing_vlan","mac":"{AP}","vlan":"{number}"}}"#)]
    }),
    ("parts of an edge", 1_000, |number| {
        vec![format!(r#"{{"kind":"edge-port","mac":"{EDGE}","port_id":"{number}","state":"up"}}"#)]
    }),
];

fn failure(kind: &str, client: u64, more: &str) -> String {
    let mac = random_mac(client);
    format!(r#"{{"kind":"client-{kind}","mac":"{mac}","success":false,{more}}}"#)
}

#[test]
fn what_detectors_follow_is_bounded_and_the_rest_is_counted() {
    for (what, limit, lines) in FOLLOWED {
        let mut flood = Flood::new();
        flood.world.change(vec![ConfigUpdate::Edge(edge())]);
        let rogue = RogueSetting { enabled: Some(true), ..RogueSetting::default() };
        flood.world.set(Setting { rogue: Some(rogue), ..Setting::default() });
        flood.number = flood.world.journal.len() as u64;
        let mut flow = |from: u64, to: u64| {
            (from..to).flat_map(lines).for_each(|line| flood.line(line));
            (flood.over_limit(), flood.world.engine.snapshot().len())
        };
        let (over, full) = flow(0, limit);
        assert_eq!(over, 0, "{what}");
        let (over, fuller) = flow(limit, limit + MORE);
        assert_eq!(over, MORE, "{what}");
        let room = match what {
            // The clients themselves have another limit.
            "coverage" => full,
            _ => full / 100 + 2_000,
        };
        assert!(fuller < full + room, "{what}: from {full} to {fuller} bytes");
    }
}

#[test]
fn i06_lists_of_ever_new_aps_and_bssids_leave_the_state_as_large_as_it_is() {
    let mut flood = Flood::new();
    let list = |ap: Mac, bssid: u64, time: u64| {
        let (bssid, time) = (random_mac(bssid), crate::world::START + time.cast_signed());
        format!(
            r#"{{"kind":"client-associations","ap":"{ap}","bssid":"{bssid}","cells":[],"time":{time}}}"#
        )
    };
    flood.world.now += 10;
    (0..LISTING_APS).for_each(|number| flood.line(list(random_mac(number), 0, 1)));
    assert_eq!(flood.over_limit(), 0);
    (LISTING_APS..LISTING_APS + MORE).for_each(|it| flood.line(list(random_mac(it), 0, 1)));
    assert_eq!(flood.over_limit(), MORE);
    (1..MORE).for_each(|bssid| flood.line(list(random_mac(0), bssid, 1)));
    assert!(flood.over_limit() > MORE + MORE / 2);
    // Those that are followed go on.
    let before = flood.over_limit();
    flood.line(list(random_mac(0), 0, 2));
    assert_eq!(flood.over_limit(), before);
}
