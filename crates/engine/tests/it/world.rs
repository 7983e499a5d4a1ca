//! A site with two APs, a switch and a gateway, a script of lines, and a trace of events.

use foghorn_engine::{Engine, Output};
use foghorn_model::event::block::EventBlock;
use foghorn_model::time::Micros;
use foghorn_model::{
    AlarmTemplate, AlarmTemplateId, Change, ConfigUpdate, Device, DeviceType, Edge, HandOver, Mac,
    Org, OrgId, Partition, Record, RecordBody, Setting, Site, SiteId, Suppression, Timestamp,
};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

pub const AP: &str = "5c5b35000001";
pub const EDGE: &str = "020000230522";
pub const START: i64 = 1_700_000_000;

pub fn org_id() -> OrgId {
    OrgId::from_bytes([1; 16])
}

pub fn site_id() -> SiteId {
    SiteId::from_bytes([2; 16])
}

pub struct World {
    pub engine: Engine,
    pub now: i64,
    number: u64,
    seq: u64,
    /// Every record, for folding it again.
    pub journal: Vec<Record<'static>>,
    pub events: Vec<Event>,
    /// What was handed over, for whoever asks.
    pub handed: Vec<HandOver>,
}

/// An event as the lanes get it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub key: String,
    pub topic: String,
    pub json: String,
}

impl Event {
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap()
    }
}

impl World {
    pub fn new() -> Self {
        let mut world = Self {
            engine: Engine::new(Partition::of_site(site_id())),
            now: START,
            number: 0,
            seq: 0,
            journal: Vec::new(),
            events: Vec::new(),
            handed: Vec::new(),
        };
        let org = Org {
            id: org_id(),
            name: "Acme".into(),
            setting: Setting::default(),
            alarmtemplate_id: None,
        };
        world.change(vec![ConfigUpdate::Org(org)]);
        world.set(Setting::default());
        let devices = [
            (AP, "AP1", DeviceType::Ap),
            ("5c5b35000002", "AP2", DeviceType::Ap),
            ("5c5b35000003", "SW1", DeviceType::Switch),
            ("5c5b35000004", "GW1", DeviceType::Gateway),
        ];
        for (mac, name, device_type) in devices {
            world.change(vec![ConfigUpdate::Device(Device {
                mac: mac.parse().unwrap(),
                org_id: org_id(),
                site_id: Some(site_id()),
                name: name.into(),
                device_type,
                model: String::new(),
                ip: None,
            })]);
        }
        world
    }

    pub fn set(&mut self, setting: Setting) {
        let site = Site {
            id: site_id(),
            org_id: org_id(),
            name: "HQ".into(),
            setting,
            alarmtemplate_id: None,
        };
        self.change(vec![ConfigUpdate::Site(site)]);
    }

    /// A template of the org that enables these alarms.
    pub fn enable(&mut self, alarms: &[&str]) {
        let id = AlarmTemplateId::from_bytes([3; 16]);
        let enabled = alarms.iter().map(|key| (*key).to_owned()).collect();
        let template = AlarmTemplate { id, org_id: org_id(), enabled };
        let setting = Setting::default();
        let org = Org { id: org_id(), name: "Acme".into(), setting, alarmtemplate_id: Some(id) };
        self.change(vec![ConfigUpdate::AlarmTemplate(template), ConfigUpdate::Org(org)]);
    }

    /// Tells no alarms from now on for so many seconds; lifts that with none.
    pub fn suppress(&mut self, secs: Option<i64>) {
        let from = Timestamp(self.now * 1_000_000);
        let span = secs.map(|secs| Suppression { from, until: from + Micros::from_secs(secs) });
        self.change(vec![ConfigUpdate::Suppression { site_id: site_id(), span }]);
    }

    pub fn change(&mut self, updates: Vec<ConfigUpdate>) {
        self.seq += 1;
        let change = Change {
            seq: self.seq,
            at: Timestamp(self.now * 1_000_000),
            org_id: org_id(),
            updates,
            audit: None,
        };
        self.record(RecordBody::Change(Box::new(change)));
    }

    pub fn record(&mut self, body: RecordBody<'static>) {
        let site = matches!(body, RecordBody::Telemetry(_)).then(site_id);
        let received_at = Timestamp(self.now * 1_000_000);
        self.take(Record { received_at, catalog_seq: self.seq, site, body });
    }

    /// Folds a record as it is.
    pub fn take(&mut self, record: Record<'static>) {
        self.number += 1;
        let mut out = Output::default();
        self.engine.fold(self.number, &record, &mut out);
        self.events.extend(events_of(self.engine.partition(), &out));
        self.handed.extend(out.handed);
        self.journal.push(record);
    }

    /// Waits some seconds, then takes a line in.
    pub fn line(&mut self, after: i64, line: &str) {
        self.now += after;
        self.record(RecordBody::Telemetry(Cow::Owned(line.as_bytes().to_vec())));
    }

    pub fn tick(&mut self, after: i64) {
        self.now += after;
        self.record(RecordBody::Tick);
    }

    /// What a device or client kind says of a MAC.
    pub fn say(&mut self, after: i64, kind: &str, mac: &str) {
        self.line(after, &format!(r#"{{"kind":"{kind}","mac":"{mac}"}}"#));
    }

    /// The events since the last time, a line each: topic, seconds since the start, and members.
    /// Without those that only searches are told, and without the sums of hours.
    pub fn trace(&mut self, members: &[&str]) -> String {
        self.events.retain(|event| {
            !["client-events", "otherdevice-events", "site-sle"].contains(&event.topic.as_str())
        });
        lines(&std::mem::take(&mut self.events), members)
    }

    /// The same of one topic; the others are forgotten.
    pub fn trace_of(&mut self, topic: &str, members: &[&str]) -> String {
        self.events.retain(|event| event.topic == topic);
        lines(&std::mem::take(&mut self.events), members)
    }
}

fn lines(events: &[Event], members: &[&str]) -> String {
    let mut trace = String::new();
    for event in events {
        let value = event.value();
        let at = value["timestamp"].as_f64().unwrap();
        let secs = if event.topic == "nac-accounting" { at / 1000.0 } else { at };
        trace.push_str(&format!("{} {}", event.topic, secs - START as f64));
        for member in members {
            match &value[member] {
                Value::Null => {}
                Value::String(text) => trace.push_str(&format!(" {text}")),
                other => trace.push_str(&format!(" {other}")),
            }
        }
        trace.push('\n');
    }
    trace
}

pub fn fold(engine: &mut Engine, number: u64, record: &Record<'_>) -> Vec<Event> {
    let mut out = Output::default();
    engine.fold(number, record, &mut out);
    events_of(engine.partition(), &out)
}

fn events_of(partition: Partition, out: &Output) -> Vec<Event> {
    let events = EventBlock::new(partition, &out.record.body);
    let event = |event: Result<foghorn_model::EventRef<'_>, _>| {
        let event = event.unwrap();
        Event {
            key: event.entry.key.to_string(),
            topic: event.entry.topic.to_string(),
            json: String::from_utf8(event.json.to_vec()).unwrap(),
        }
    };
    events.map(event).collect()
}

pub fn client(number: u8) -> Mac {
    Mac([0x70, 0xef, 0, 0x71, 0x53, number])
}

pub fn associated(mac: Mac, ap: &str, bssid: &str) -> String {
    format!(
        r#"{{"kind":"client-associated","mac":"{mac}","ap":"{ap}","bssid":"{bssid}","ssid":"Maui","band":"5","rssi":-54}}"#
    )
}

pub fn edge() -> Edge {
    Edge {
        id: Uuid::from_bytes([8; 16]),
        site_id: site_id(),
        mac: EDGE.parse().unwrap(),
        name: "edge-1".into(),
        mxcluster_id: Some(Uuid::from_bytes([9; 16])),
    }
}
