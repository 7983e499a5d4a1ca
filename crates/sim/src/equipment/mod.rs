//! What equipment measures of itself and hears, with what is true of it: ports, paths, radios, the
//! air, an edge. Each thing is said to be somehow from report to report, in the order of time, so
//! that it is known how often it changed: so often that must be told, and what was wrong when the
//! world falls silent must be told to be over once it is.

mod air;
mod edge;
mod paths;
mod ports;
mod radios;

use crate::catalog::Place;
use crate::dice::Dice;
use air::Air;
use edge::Edge;
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Timestamp, Topic};
use paths::Path;
use ports::Port;
use radios::Radio;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// So many reports in a row are believed.
const BELIEVED: usize = 3;

/// How often something must be told: by the topic and the type of the event.
pub type Truth = BTreeMap<(Topic, &'static str), u64>;

/// What is said at a time, and what must come of it.
struct Says<'a> {
    /// By the clock of the site's equipment.
    now: Timestamp,
    lines: Vec<Value>,
    truth: &'a mut Truth,
}

impl Says<'_> {
    fn say(&mut self, line: Value) {
        self.lines.push(line);
    }

    fn count(&mut self, topic: Topic, kind: &'static str) {
        *self.truth.entry((topic, kind)).or_default() += 1;
    }
}

/// The equipment of a site.
#[derive(Debug)]
pub struct Equipment {
    /// How far its clock is behind, where its lines tell their time.
    behind: Option<Micros>,
    ports: Vec<Port>,
    paths: Vec<Path>,
    radios: Vec<Radio>,
    /// None at the place of what is at no site.
    air: Option<Air>,
    edge: Edge,
    /// What must come of all that was said.
    pub truth: Truth,
}

impl Equipment {
    /// The equipment of a place, all of it well.
    pub fn new(place: &Place, dice: &mut Dice) -> Self {
        let behind = dice.one_in(2).then(|| Micros(dice.between(0, 3_000_000)));
        let (mut ports, mut paths, mut air) = (Vec::new(), Vec::new(), None);
        if let Some([switch, gateway]) = place.wired {
            ports = vec![
                Port::new(place.aps[0], DeviceType::Ap, "eth0", false),
                Port::new(switch, DeviceType::Switch, "ge-0/0/1", true),
                Port::new(switch, DeviceType::Switch, "ge-0/0/2", false),
                Port::new(switch, DeviceType::Switch, "ge-0/0/3", false).stuck(),
                Port::new(gateway, DeviceType::Gateway, "ge-0/0/0", true),
            ];
            paths = vec![
                Path::uplink(gateway, "wan0", true),
                Path::uplink(gateway, "wan1", false),
                Path::of_vpn(gateway, "wan0", ("InternalVPN", switch)),
            ];
            air = Some(Air::new(place.aps.clone(), gateway));
        }
        Self {
            behind,
            ports,
            paths,
            radios: place.aps.iter().take(2).map(|ap| Radio::new(*ap)).collect(),
            air,
            edge: Edge::new(place.edge),
            truth: Truth::new(),
        }
    }

    /// Some of it says how it is.
    pub fn report(&mut self, dice: &mut Dice, now: Timestamp) -> Vec<Value> {
        let Self { ports, paths, radios, air, edge, .. } = self;
        let mut says = says(self.behind, now, &mut self.truth);
        let some =
            |dice: &mut Dice, count: usize| usize::try_from(dice.below(count as u64)).unwrap_or(0);
        for _ in 0..1 + dice.below(4) {
            match dice.below(8) {
                0..=2 if !ports.is_empty() => {
                    let at = some(dice, ports.len());
                    ports[at].report(dice, &mut says);
                }
                3 | 4 if !paths.is_empty() => {
                    let at = some(dice, paths.len());
                    paths[at].report(dice, &mut says);
                }
                5 if !radios.is_empty() => {
                    let at = some(dice, radios.len());
                    radios[at].report(dice, &mut says);
                }
                6 if let Some(air) = air => air.report(dice, &mut says),
                _ => edge.report(dice, &mut says),
            }
        }
        told(self.behind, says)
    }

    /// Everything that measures says how it is, and nothing of it has changed.
    pub fn say_all(&mut self, now: Timestamp) -> Vec<Value> {
        let mut says = says(self.behind, now, &mut self.truth);
        self.ports.iter_mut().for_each(|it| it.say(&mut says));
        self.paths.iter_mut().for_each(|it| it.say(&mut says));
        self.radios.iter_mut().for_each(|it| it.say(&mut says));
        told(self.behind, says)
    }

    /// All is as it should be, and says so until that is believed.
    pub fn calm_down(&mut self, now: Timestamp) -> Vec<Value> {
        let mut says = says(self.behind, now, &mut self.truth);
        self.ports.iter_mut().for_each(|it| it.calm_down(&mut says));
        self.paths.iter_mut().for_each(|it| it.calm_down(&mut says));
        self.radios.iter_mut().for_each(|it| it.calm_down(&mut says));
        told(self.behind, says)
    }
}

fn says(behind: Option<Micros>, now: Timestamp, truth: &mut Truth) -> Says<'_> {
    Says { now: now - behind.unwrap_or(Micros(0)), lines: Vec::new(), truth }
}

/// The lines, with their time where the equipment tells it.
fn told(behind: Option<Micros>, says: Says<'_>) -> Vec<Value> {
    let Says { now, mut lines, .. } = says;
    if behind.is_some() {
        lines.iter_mut().for_each(|line| line["time"] = json!(now.as_secs_f64()));
    }
    lines
}
