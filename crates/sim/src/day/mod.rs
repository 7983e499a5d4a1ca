//! A day of a site, from a seed: its devices and clients, what their sources tell, and the truth.
//!
//! People come in the morning and leave in the evening, roam, doze and vanish; devices restart,
//! fail and come back; a switch loses its power and takes its APs with it, and later the whole site
//! does; a DHCP server is out of order for a while. Some clients use 802.1X, of which access control
//! and RADIUS accounting tell, and some are guests, whom a portal lets in. The day is an iterator over lines in the order
//! of time, so that a day of fifty thousand clients needs no more memory than its clients. Beside
//! the lines it tells the events that must come of them ([`Expected`]), worked out of what it knows
//! to be true and of what the documentation promises, not of the engine.
//!
//! **What is equal is ordered by who it is.** Whatever a device does falls on microseconds that are
//! its own within every ten seconds, so no two deadlines of alarms coincide.
//!
//! **A day may be [sure](Size::is_sure).** Then nobody is away for a span of which it depends on the
//! delays of a failing server whether it counts: away is either far too short, or long enough for
//! every deferral. Each line has an id, since what is not acknowledged is told again.

mod accounts;
mod alarms;
mod balance;
mod clients;
mod devices;
mod fold;
mod gathered;
mod site;
mod truth;

pub use balance::{Balance, Told};
pub use fold::{Folding, fold};
pub use gathered::{LATENCY_EACH, LEVELS_EACH, TOLD_AFTER};
pub use site::{Layout, Size};
pub use truth::{Cause, Expected};

use crate::dice::Dice;
use clients::{Client, ClientAct};
use devices::{Device, DeviceAct};
use foghorn_model::time::Micros;
use foghorn_model::{SiteId, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use truth::Truth;

/// From midnight to midnight.
pub const LENGTH: Micros = Micros::from_mins(24 * 60);
/// After so long in silence nothing is due any more.
pub const REST: Micros = Micros::from_mins(45);
/// When the whole site loses its power, and when all that comes of its return is told.
pub const STORM: (Micros, Micros) =
    (Micros::from_mins(devices::SITE_CUT_MINS), Micros::from_mins(devices::SITE_CUT_MINS + 90));
/// When nobody gets an address.
const NO_DHCP: (Micros, Micros) = (Micros::from_mins(13 * 60), Micros::from_mins(13 * 60 + 20));

/// What somebody tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Telemetry.
    pub text: String,
}

/// Who does something next. What is due at one time comes in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Device(usize, DeviceAct),
    Client(usize, ClientAct),
}

/// The day.
#[derive(Debug)]
pub struct Day {
    layout: Layout,
    begins: Timestamp,
    devices: Vec<Device>,
    clients: Vec<Client>,
    agenda: BinaryHeap<Reverse<(Timestamp, Act)>>,
    truth: Truth,
    told: u64,
}

/// What those who act see of the day around them.
struct Around<'a> {
    now: Timestamp,
    begins: Timestamp,
    truth: &'a mut Truth,
}

impl Around<'_> {
    fn ends(&self) -> Timestamp {
        self.begins + LENGTH
    }

    fn has_dhcp(&self) -> bool {
        let (from, until) = (self.begins + NO_DHCP.0, self.begins + NO_DHCP.1);
        !(from..until).contains(&self.now)
    }
}

impl Day {
    /// The day of a site of this size that begins at `begins`.
    pub fn new(seed: u64, size: Size, site: SiteId, begins: Timestamp) -> Self {
        let mut dice = Dice::new(seed);
        let layout = Layout::new(size, site);
        let devices = devices::plan(&layout, begins, &mut dice.fork(1));
        let mut of_clients = dice.fork(2);
        let clients = (0..size.clients)
            .map(|at| Client::new(at, &layout, begins, of_clients.fork(at as u64)))
            .collect::<Vec<_>>();
        let mut day = Self {
            truth: Truth::new(&layout, begins),
            agenda: BinaryHeap::new(),
            layout,
            begins,
            devices,
            clients,
            told: 0,
        };
        for (at, device) in day.devices.iter().enumerate() {
            day.agenda.push(Reverse((device.first(begins), Act::Device(at, DeviceAct::Beat))));
        }
        for (at, client) in day.clients.iter().enumerate() {
            if let Some((when, act)) = client.first() {
                day.agenda.push(Reverse((when, Act::Client(at, act))));
            }
        }
        day
    }

    /// The site with what it has.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// When it is over. Nothing is due any more [`REST`] later.
    pub fn ends(&self) -> Timestamp {
        self.begins + LENGTH
    }

    /// When somebody does something next, of which there may be a line.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.agenda.peek().map(|Reverse((at, _))| *at)
    }

    /// The next line, if it comes by then.
    pub fn next_by(&mut self, by: Timestamp) -> Option<Line> {
        while self.next_at().is_some_and(|at| at <= by) {
            let Reverse((now, act)) = self.agenda.pop()?;
            self.truth.advance(now);
            let mut around = Around { now, begins: self.begins, truth: &mut self.truth };
            let (line, next) = match act {
                Act::Device(at, act) => {
                    let (line, next) = self.devices[at].act(at, act, &self.layout, &mut around);
                    (line, next.map(|(when, act)| (when, Act::Device(at, act))))
                }
                Act::Client(at, act) => {
                    let devices = &self.devices;
                    let (line, next) =
                        self.clients[at].act(act, devices, &self.layout, &mut around);
                    (line, next.map(|(when, act)| (when, Act::Client(at, act))))
                }
            };
            self.agenda.extend(next.map(Reverse));
            if let Some(text) = line {
                self.told += 1;
                let text = if self.layout.size.is_sure {
                    format!(r#"{{"id":"{}",{}"#, self.told, &text[1..])
                } else {
                    text
                };
                return Some(Line { at: now, text });
            }
        }
        None
    }

    /// What is known by now to be true and was not taken before: events of what was told, and such
    /// as will come since nothing is told until then.
    pub fn take_expected(&mut self) -> Vec<Expected> {
        if self.agenda.is_empty() {
            self.truth.advance(self.ends() + REST);
        }
        self.truth.take()
    }

    /// How many incidents each alarm is of.
    pub fn incidents(&self) -> &BTreeMap<&'static str, u64> {
        self.truth.incidents()
    }
}

impl Iterator for Day {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        self.next_by(Timestamp(i64::MAX))
    }
}

/// A time as telemetry has it, to the microsecond.
fn time(at: Timestamp) -> String {
    format!("{}.{:06}", at.secs(), at.0.rem_euclid(1_000_000))
}
