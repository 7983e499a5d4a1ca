//! What is an org's and of none of its sites, and what sites hand over to their org.

use crate::world::{AP, Event, START, World, fold, org_id, site_id};
use expect_test::expect;
use foghorn_engine::Engine;
use foghorn_model::record::{Command, Failing, Quarantined, WebhookHealth};
use foghorn_model::time::Micros;
use foghorn_model::{
    AlarmTemplate, AlarmTemplateId, Change, ConfigUpdate, Edge, EventKey, HandOver, Matter, Org,
    Partition, Record, RecordBody, Setting, Site, SiteId, Suppression, Timestamp,
};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

const OTHERS: [&str; 3] = ["5c5b35000002", "5c5b35000003", "5c5b35000004"];

/// What was handed over since the last time, a line each.
fn handed(world: &mut World) -> String {
    let line = |it: HandOver| {
        let at = it.at.secs() - START;
        match it.matter {
            Matter::SiteDown { name, .. } => format!("{at} {name} is down\n"),
            Matter::SiteUp { .. } => format!("{at} a site is up\n"),
        }
    };
    std::mem::take(&mut world.handed).into_iter().map(line).collect()
}

#[test]
fn a_site_is_down_when_each_device_is_of_which_anything_is_known() {
    let mut world = World::new();
    world.say(0, "device-connected", AP);
    world.say(0, "device-connected", OTHERS[0]);
    world.say(10, "device-disconnected", AP);
    world.say(10, "device-disconnected", OTHERS[0]);
    world.say(10, "device-disconnected", OTHERS[1]);
    world.say(10, "device-connected", OTHERS[1]);
    world.say(10, "device-connected", AP);
    expect![[r#"
        20 HQ is down
        40 a site is up
    "#]]
    .assert_eq(&handed(&mut world));
    let keys: Vec<EventKey> = world.handed.iter().map(|it| it.from).collect();
    assert!(keys.is_sorted());
}

#[test]
fn a_site_is_down_after_the_threshold_of_its_last_device_and_not_for_an_outage_of_ours() {
    let mut world = World::new();
    world.set(Setting { device_updown_threshold: Some(5), ..Setting::default() });
    world.say(0, "device-heartbeat", AP);
    let since = Timestamp((START + 5) * 1_000_000);
    world.now += 3600;
    world.record(RecordBody::Resumed { since });
    world.say(10, "device-heartbeat", AP);
    assert_eq!(handed(&mut world), "", "we were away");
    world.tick(90 + 299);
    assert_eq!(handed(&mut world), "", "the threshold is not over");
    world.tick(1);
    expect![[r#"
        4000 HQ is down
    "#]]
    .assert_eq(&handed(&mut world));
}

#[test]
fn a_site_that_is_gone_or_has_no_device_left_is_not_down() {
    let mut world = World::new();
    world.say(0, "device-disconnected", AP);
    world
        .change(vec![ConfigUpdate::DeviceRemoved { site_id: site_id(), mac: AP.parse().unwrap() }]);
    world.say(10, "device-disconnected", OTHERS[0]);
    world.now += 10;
    world.change(vec![ConfigUpdate::SiteDeleted { id: site_id() }]);
    expect![[r#"
        0 HQ is down
        0 a site is up
        10 HQ is down
        20 a site is up
    "#]]
    .assert_eq(&handed(&mut world));
}

#[test]
fn after_a_restart_a_site_that_is_down_is_not_handed_over_again_but_its_return_is() {
    let mut world = World::new();
    world.say(0, "device-connected", AP);
    world.say(0, "device-disconnected", AP);
    let partition = Partition::of_site(site_id());
    world.engine = Engine::restore(partition, &world.engine.snapshot()).unwrap();
    handed(&mut world);
    world.say(5, "device-disconnected", OTHERS[0]);
    world.say(5, "device-connected", OTHERS[0]);
    expect![[r#"
        10 a site is up
    "#]]
    .assert_eq(&handed(&mut world));
}

/// The home partition of an org, whose template enables everything.
pub struct Home {
    engine: Engine,
    now: i64,
    number: u64,
    /// The key of the next thing that is handed over.
    next: u64,
    told: String,
    pub events: Vec<Event>,
}

impl Home {
    pub fn new() -> Self {
        let engine = Engine::new(Partition::of_org(org_id()));
        let mut home = Self {
            engine,
            now: START,
            number: 0,
            next: 1,
            told: String::new(),
            events: Vec::new(),
        };
        let id = AlarmTemplateId::from_bytes([3; 16]);
        let enabled = [
            "foghorn_input_quarantined",
            "foghorn_sites_down",
            "foghorn_webhook_failing",
            "mist_edge_disconnected",
        ];
        let enabled = enabled.map(str::to_owned).into();
        home.change(vec![
            ConfigUpdate::AlarmTemplate(AlarmTemplate { id, org_id: org_id(), enabled }),
            ConfigUpdate::Org(Org {
                id: org_id(),
                name: "Acme".into(),
                setting: Setting::default(),
                alarmtemplate_id: Some(id),
            }),
        ]);
        home
    }

    fn change(&mut self, updates: Vec<ConfigUpdate>) {
        let change = Change {
            seq: self.number + 1,
            at: Timestamp(self.now * 1_000_000),
            org_id: org_id(),
            updates,
            audit: None,
        };
        self.record(RecordBody::Change(Box::new(change)));
    }

    fn record(&mut self, body: RecordBody<'static>) {
        self.number += 1;
        let record = Record {
            received_at: Timestamp(self.now * 1_000_000),
            catalog_seq: self.number,
            site: Some(SiteId::of_org(org_id())),
            body,
        };
        for event in fold(&mut self.engine, self.number, &record) {
            let value = event.value();
            assert_eq!(value["site_id"], Value::Null, "{value}");
            assert_eq!(value["site_name"], Value::Null, "{value}");
            let members = ["type", "count", "update", "status", "site_count", "sites"];
            let members = members.map(|it| value[it].to_string());
            let members: Vec<String> = members.into_iter().filter(|it| it != "null").collect();
            let at = value["timestamp"].as_f64().unwrap() - START as f64;
            self.told.push_str(&format!("{} {at} {}\n", event.topic, members.join(" ")));
            self.events.push(event);
        }
    }

    fn take(&mut self, record: u64, at: i64, matter: Matter) {
        let from = EventKey { partition: Partition(9), epoch: 1, record, ordinal: 0 };
        let at = Timestamp(at * 1_000_000);
        let handed = HandOver { from, org_id: org_id(), at, matter };
        self.record(RecordBody::HandOver(handed));
    }

    fn hand_over(&mut self, after: i64, matter: Matter) {
        self.now += after;
        self.take(self.next, self.now, matter);
        self.next += 1;
    }

    pub fn down(&mut self, after: i64, site: u8) {
        self.hand_over(after, down(site));
    }

    fn up(&mut self, after: i64, site: u8) {
        self.hand_over(after, Matter::SiteUp { site_id: SiteId::from_bytes([site; 16]) });
    }

    fn tick(&mut self, after: i64) {
        self.now += after;
        self.record(RecordBody::Tick);
    }

    fn line(&mut self, after: i64, line: &str) {
        self.now += after;
        self.record(RecordBody::Telemetry(Cow::Owned(line.as_bytes().to_vec())));
    }

    fn told(&mut self) -> String {
        std::mem::take(&mut self.told)
    }
}

fn down(site: u8) -> Matter {
    Matter::SiteDown { site_id: SiteId::from_bytes([site; 16]), name: format!("site {site}") }
}

#[test]
fn sites_that_go_down_together_are_one_alarm_of_the_org_until_most_are_back() {
    let mut home = Home::new();
    home.down(0, 1);
    home.down(60, 2);
    assert_eq!(home.told(), "");
    home.down(60, 3);
    home.down(5, 4);
    home.tick(5);
    home.up(60, 1);
    home.up(60, 2);
    expect![[r#"
        alarms 0 "foghorn_sites_down" 1 "open" 3 ["site 1","site 2","site 3"]
        alarms 0 "foghorn_sites_down" 2 true "open" 4 ["site 1","site 2","site 3","site 4"]
        alarms 0 "foghorn_sites_down" 2 true "resolved" 4 ["site 1","site 2","site 3","site 4"]
    "#]]
    .assert_eq(&home.told());
    // Those that are still down are no part of another.
    home.up(0, 3);
    home.down(0, 3);
    home.down(0, 5);
    assert_eq!(home.told(), "");
    home.down(1, 6);
    expect![[r#"
        alarms 250 "foghorn_sites_down" 1 "open" 3 ["site 3","site 5","site 6"]
    "#]]
    .assert_eq(&home.told());
}

#[test]
fn sites_that_go_down_one_now_and_then_are_no_alarm() {
    let mut home = Home::new();
    for site in 1..50 {
        home.down(300, site);
    }
    assert_eq!(home.told(), "");
    home.down(299, 50);
    assert_eq!(home.told().lines().count(), 1);
}

#[test]
fn what_was_handed_over_before_counts_once_also_after_a_restart() {
    let mut home = Home::new();
    home.down(0, 1);
    home.down(0, 2);
    home.take(1, home.now, down(1));
    home.take(2, home.now, down(2));
    home.up(1, 1);
    // Before the last one that came: it was here, and is over.
    home.take(1, home.now, down(1));
    home.engine = Engine::restore(home.engine.partition(), &home.engine.snapshot()).unwrap();
    home.take(2, home.now, down(2));
    home.take(3, home.now, Matter::SiteUp { site_id: SiteId::from_bytes([2; 16]) });
    home.down(1, 3);
    assert_eq!(home.told(), "", "two are down");
    assert_eq!(home.engine.tally().repeated, 1 + 1, "since the restart");
    home.down(1, 4);
    expect![[r#"
        alarms 0 "foghorn_sites_down" 1 "open" 3 ["site 2","site 3","site 4"]
    "#]]
    .assert_eq(&home.told());
}

#[test]
fn an_org_that_is_gone_takes_nothing() {
    let mut home = Home::new();
    home.change(vec![ConfigUpdate::OrgDeleted { id: org_id() }]);
    for site in 1..5 {
        home.down(0, site);
    }
    assert_eq!((home.told().as_str(), home.engine.tally().unknown_site), ("", 4));
}

fn edge() -> Edge {
    Edge {
        id: Uuid::from_bytes([8; 16]),
        site_id: SiteId::of_org(org_id()),
        mac: "020000230522".parse().unwrap(),
        name: "edge-1".into(),
        mxcluster_id: None,
    }
}

#[test]
fn an_edge_of_no_site_is_the_orgs() {
    let mut home = Home::new();
    home.change(vec![ConfigUpdate::Edge(edge())]);
    let heartbeat = r#"{"kind":"edge-heartbeat","mac":"020000230522"}"#;
    home.line(0, heartbeat);
    home.engine = Engine::restore(home.engine.partition(), &home.engine.snapshot()).unwrap();
    home.tick(180);
    expect![[r#"
        mxedge-events 0 "ME_CONNECTED"
        mxedge-events 180 "ME_DISCONNECTED"
        alarms 180 "mist_edge_disconnected" 1
    "#]]
    .assert_eq(&home.told());
    let mac = edge().mac;
    home.change(vec![ConfigUpdate::EdgeRemoved { site_id: edge().site_id, mac }]);
    home.line(0, heartbeat);
    assert_eq!((home.told().as_str(), home.engine.tally().unknown_device), ("", 1));
}

fn suppress(secs: Option<i64>, now: i64) -> ConfigUpdate {
    let from = Timestamp(now * 1_000_000);
    let span = secs.map(|secs| Suppression { from, until: from + Micros::from_secs(secs) });
    ConfigUpdate::OrgSuppression { org_id: org_id(), span }
}

#[test]
fn an_org_that_is_suppressed_tells_no_alarms_of_its_own() {
    let mut home = Home::new();
    home.change(vec![suppress(Some(600), home.now)]);
    (1..4).for_each(|site| home.down(1, site));
    home.tick(596);
    assert_eq!(home.told(), "");
    home.tick(1);
    expect![[r#"
        alarms 1 "foghorn_sites_down" 1 "open" 3 ["site 1","site 2","site 3"]
    "#]]
    .assert_eq(&home.told());
}

#[test]
fn an_org_that_is_suppressed_holds_for_sites_that_are_made_meanwhile() {
    let mut world = World::new();
    world.enable(&["device_restarted", "missing_vlan"]);
    world.change(vec![suppress(Some(600), world.now)]);
    let missing = format!(r#"{{"kind":"alarm","type":"missing_vlan","mac":"{AP}","vlan":"7"}}"#);
    world.change(vec![ConfigUpdate::SiteDeleted { id: site_id() }]);
    world.change(vec![ConfigUpdate::Site(Site {
        id: site_id(),
        org_id: org_id(),
        name: "HQ".into(),
        setting: Setting::default(),
        alarmtemplate_id: None,
    })]);
    world.line(1, &missing);
    // The site's own span begins in the org's and ends after it.
    world.now += 500;
    world.suppress(Some(200));
    world.tick(198);
    assert_eq!(world.trace_of("alarms", &["type"]), "");
    world.tick(2);
    assert_eq!(world.trace_of("alarms", &["type"]), "alarms 1 missing_vlan\n");
}

#[test]
fn what_is_found_out_of_an_org_is_told_at_home_of_no_site() {
    let mut home = Home::new();
    let health = |failing: bool| {
        let since = Timestamp(START * 1_000_000);
        Command::WebhookHealth(WebhookHealth {
            webhook_id: foghorn_model::WebhookId::from_bytes([5; 16]),
            name: "ticketing".into(),
            org_id: org_id(),
            site_id: None,
            failing: failing.then(|| Failing { since, reason: "status 503".into() }),
        })
    };
    home.record(RecordBody::Command(health(true)));
    let failing: Vec<WebhookHealth> = home.engine.failing_webhooks().collect();
    assert_eq!((failing.len(), failing[0].org_id, failing[0].site_id), (1, org_id(), None));
    home.record(RecordBody::Command(health(true)));
    home.record(RecordBody::Command(health(false)));
    let quarantined = Quarantined { record: 2, org_id: Some(org_id()), site_id: None };
    home.record(RecordBody::Command(Command::Quarantined(quarantined)));
    let told: Vec<Value> = home.events.iter().map(Event::value).collect();
    assert!(told.iter().all(|alarm| alarm.get("site_id").is_none()), "{told:?}");
    let shown = told.iter().map(|alarm| (alarm["type"].as_str(), alarm["status"].as_str()));
    let failing = Some("foghorn_webhook_failing");
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            (failing, Some("open")),
            (failing, Some("resolved")),
            (Some("foghorn_input_quarantined"), None)
        ]
    );
}
