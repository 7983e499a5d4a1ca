//! Alarm `foghorn_sites_down`: several sites of an org went down together, which points at what they have
//! in common: a provider, a hub, a change to all of them.
//!
//! It is made in the org's home partition of what the sites' partitions hand over. Sites that are
//! down for reasons of their own, one now and then, are no alarm however many they become.

use super::Scene;
use super::alarms::{self, Incident};
use foghorn_model::alarm::Evidence;
use foghorn_model::time::Micros;
use foghorn_model::{SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many sites that went down within so long of each other are an alarm; it is resolved when
/// fewer of them are still down.
const SITES: usize = 3;
const TOGETHER: Micros = Micros::from_mins(10);
/// Sites that are followed of an org while they are down.
const SITES_MAX: usize = 100_000;

/// The sites of an org that are down.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SitesDown {
    by_id: BTreeMap<SiteId, Down>,
    /// How many of them the alarm is about; none, while there is no alarm.
    #[serde(skip_serializing_if = "is_zero")]
    together: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Down {
    name: String,
    at: Timestamp,
    #[serde(default)]
    part: Part,
}

/// What an outage of a site has to do with the alarm. It counts for one only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
enum Part {
    /// There is none that is about it.
    #[default]
    None,
    /// The alarm is about it too.
    Open,
    /// One was, and is resolved.
    Over,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl SitesDown {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A site went down.
    pub(crate) fn on_down(&mut self, site: SiteId, name: &str, scene: &mut Scene<'_, '_>) {
        let at = scene.at;
        if self.by_id.len() >= SITES_MAX {
            scene.tally.over_limit += 1;
            return;
        }
        self.by_id.insert(site, Down { name: name.into(), at, part: Part::None });
        let near = |down: &Down| {
            down.part != Part::Over && down.at + TOGETHER > at && at + TOGETHER > down.at
        };
        let near = self.by_id.iter().filter(|(_, down)| near(down));
        let mut near: Vec<_> = near.map(|(site, down)| (down.at, *site)).collect();
        near.sort_unstable();
        if near.len() < SITES {
            return;
        }
        let mut evidence = Evidence::new();
        for (_, site) in &near {
            let Some(down) = self.by_id.get_mut(site) else { continue };
            if std::mem::replace(&mut down.part, Part::Open) == Part::None {
                self.together += 1;
                evidence.add("sites", down.name.as_str());
                evidence.add("site_ids", site.to_string());
            }
        }
        evidence.set("site_count", i64::try_from(self.together).unwrap_or(i64::MAX));
        let at = if self.together == near.len() { near[0].0 } else { at };
        scene.raise(&Incident { row: alarms::row("foghorn_sites_down"), about: "", at, evidence });
    }

    /// A site is back, or is gone.
    pub(crate) fn on_up(&mut self, site: SiteId, scene: &mut Scene<'_, '_>) {
        let Some(down) = self.by_id.remove(&site) else { return };
        if down.part != Part::Open {
            return;
        }
        self.together -= 1;
        if self.together < SITES {
            self.together = 0;
            let open = self.by_id.values_mut().filter(|down| down.part == Part::Open);
            open.for_each(|down| down.part = Part::Over);
            scene.resolve(alarms::row("foghorn_sites_down"), "", scene.at);
        }
    }
}
