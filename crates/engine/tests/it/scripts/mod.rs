//! A script of telemetry for each alarm of tier A and each topic that is derived: data for the
//! tests of `adversity`. Each begins, goes on and ends, with more evidence than is needed, so that
//! no single line decides.

mod infrastructure;
mod marvis;
mod security;
mod topics;

use crate::world::{START, World, edge, org_id, site_id};
use expect_test::Expect;
use foghorn_model::definitions::{AlarmGroup, alarm};
use foghorn_model::{ConfigUpdate, Device, DeviceType, Setting};

pub const AP2: &str = "5c5b35000002";
pub const SWITCH: &str = "5c5b35000003";
pub const GATEWAY: &str = "5c5b35000004";
/// What the site has beside what every world has.
const SWITCH2: &str = "5c5b35000005";
const GATEWAY2: &str = "5c5b35000006";

/// What is said, and what is told of it.
pub struct Script {
    /// The key of an alarm, or the name of a topic.
    pub about: &'static str,
    pub setting: Setting,
    /// Seconds since the start, and a line.
    pub said: Vec<Said>,
    /// Each line is told for itself, whenever it comes: there is no state that it could be too late
    /// for.
    pub is_carried: bool,
    /// What happens within some time is told together.
    pub gathers: bool,
    /// What it is about is that time passes.
    pub needs_time: bool,
    /// Seconds that are waited at the end.
    pub then: i64,
    /// The events about it.
    pub told: Expect,
}

#[derive(Clone)]
pub struct Said {
    /// When it happened, and when it comes, in seconds since the start.
    pub at: i64,
    pub received: i64,
    pub line: String,
}

impl Said {
    /// With more members.
    pub fn with(&self, more: &str) -> Self {
        let body = self.line.strip_suffix('}').unwrap();
        Self { line: format!("{body},{more}}}"), ..self.clone() }
    }

    /// With the time at which it happened, by the source's clock.
    pub fn timed(&self) -> Self {
        self.with(&format!(r#""time":{}"#, START + self.at))
    }

    /// And comes so much later.
    pub fn late(&self, secs: i64) -> Self {
        Self { received: self.received + secs, ..self.clone() }
    }
}

impl Script {
    fn new(about: &'static str, told: Expect) -> Self {
        Self {
            about,
            setting: Setting::default(),
            said: Vec::new(),
            is_carried: false,
            gathers: is_incident(about),
            needs_time: false,
            then: 7_200,
            told,
        }
    }

    fn gathers(mut self) -> Self {
        self.gathers = true;
        self
    }

    fn carried(mut self) -> Self {
        self.is_carried = true;
        self
    }

    fn needs_time(mut self) -> Self {
        self.needs_time = true;
        self
    }

    fn set(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// Waits some seconds, then says a line.
    fn say(mut self, after: i64, line: impl Into<String>) -> Self {
        let at = self.said.last().map_or(0, |said| said.at) + after;
        self.said.push(Said { at, received: at, line: line.into() });
        self
    }

    /// Says lines, so many seconds apart.
    fn each(self, after: i64, lines: impl IntoIterator<Item = String>) -> Self {
        lines.into_iter().fold(self, |script, line| script.say(after, line))
    }

    /// Whether it is of an alarm.
    pub fn is_of_alarm(&self) -> bool {
        alarm(self.about).is_some()
    }

    /// The site before anything is said.
    pub fn stage(&self) -> World {
        let mut world = World::new();
        let second = [(SWITCH2, DeviceType::Switch), (GATEWAY2, DeviceType::Gateway)];
        let second = second.map(|(mac, device_type)| {
            ConfigUpdate::Device(Device {
                mac: mac.parse().unwrap(),
                org_id: org_id(),
                site_id: Some(site_id()),
                name: mac.into(),
                device_type,
                model: String::new(),
                ip: None,
            })
        });
        world.change([ConfigUpdate::Edge(edge())].into_iter().chain(second).collect());
        if self.is_of_alarm() {
            world.enable(&[self.about]);
        }
        world.set(self.setting.clone());
        world
    }

    /// What becomes of it when this is said instead.
    pub fn play(&self, said: &[Said]) -> World {
        let mut world = self.stage();
        for it in said {
            world.now = START + it.received;
            world.line(0, &it.line);
        }
        world.tick(self.then);
        self.keep(&mut world);
        world
    }

    /// Keeps the events that it is about.
    pub fn keep(&self, world: &mut World) {
        let topic = if self.is_of_alarm() { "alarms" } else { self.about };
        world.events.retain(|event| event.topic == topic);
    }
}

fn is_incident(about: &str) -> bool {
    alarm(about).is_some_and(|row| row.group != AlarmGroup::Marvis)
}

/// Every script.
pub fn all() -> Vec<Script> {
    let of = [infrastructure::scripts(), marvis::scripts(), security::scripts(), topics::scripts()];
    of.into_iter().flatten().collect()
}

/// A line of a device.
fn device(kind: &str, mac: &str) -> String {
    format!(r#"{{"kind":"device-{kind}","mac":"{mac}"}}"#)
}

/// A step of a client.
fn step(kind: &str, who: u8, success: bool, more: &str) -> String {
    let mac = crate::world::client(who);
    format!(r#"{{"kind":"client-{kind}","mac":"{mac}","success":{success}{more}}}"#)
}
