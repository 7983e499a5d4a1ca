//! Alarms about several sites against what the sites handed over to the home of their org.
//!
//! What is in the journal of the home is gone through by itself, each hand-over once, by what the
//! documentation says and not by the engine. What was told is taken from the event log, which those
//! wrote who were killed: so a hand-over that counts twice or never shows in the alarm itself, and
//! one that the fold takes wrong does too.

use super::handed;
use crate::journal::{Event, Journal};
use anyhow::{Result, ensure};
use foghorn_model::time::Micros;
use foghorn_model::{Matter, OrgId, Partition, SiteId, Timestamp, Topic};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const ALARM: &str = "foghorn_sites_down";
/// So many sites that go down within so long of each other are told.
const SITES: usize = 3;
const TOGETHER: Micros = Micros::from_mins(10);

/// An alarm: how often a site made it, or made it larger; which sites it was ever of; and whether it
/// is over.
#[derive(Debug, Default, PartialEq, Eq)]
struct Alarm {
    count: u64,
    sites: BTreeSet<String>,
    is_over: bool,
}

/// What is true of an org.
#[derive(Debug, Default)]
struct Truth {
    /// The sites that are down, since when, and which alarm each is in.
    down: BTreeMap<SiteId, (Timestamp, Option<usize>)>,
    alarms: Vec<Alarm>,
}

impl Truth {
    /// The alarm that is not over, which has the number of the last.
    fn open(&self) -> Option<usize> {
        self.alarms.len().checked_sub(1).filter(|last| !self.alarms[*last].is_over)
    }

    fn happens(&mut self, matter: &Matter, at: Timestamp) {
        match matter {
            Matter::SiteDown { site_id, .. } => {
                self.down.insert(*site_id, (at, None));
                self.gather(at);
            }
            Matter::SiteUp { site_id } => {
                self.down.remove(site_id);
                if let Some(open) = self.open() {
                    let left = self.down.values().filter(|(_, alarm)| *alarm == Some(open)).count();
                    self.alarms[open].is_over = left < SITES;
                }
            }
        }
    }

    /// A site went down. Whoever was in an alarm that is over counts for none.
    fn gather(&mut self, at: Timestamp) {
        let open = self.open();
        let is_near = |since: Timestamp| at.since(since).0.abs() < TOGETHER.0;
        let counts = |alarm: Option<usize>| alarm.is_none() || alarm == open;
        let near =
            self.down.iter_mut().filter(|(_, (since, alarm))| is_near(*since) && counts(*alarm));
        let near: Vec<_> = near.collect();
        if near.len() < SITES {
            return;
        }
        let number = open.unwrap_or(self.alarms.len());
        self.alarms.resize_with(number + 1, Alarm::default);
        self.alarms[number].count += 1;
        for (site, (_, alarm)) in near {
            *alarm = Some(number);
            self.alarms[number].sites.insert(site.to_string());
        }
    }
}

/// `events` are all that were told in the home of orgs.
pub(super) fn check(journal: &Journal, home: Partition, events: &[Event]) -> Result<()> {
    let mut truths: BTreeMap<OrgId, Truth> = BTreeMap::new();
    for it in handed::taken(journal, home)? {
        truths.entry(it.org_id).or_default().happens(&it.matter, it.at);
    }
    let mut told = told(events)?;
    for (org, truth) in truths {
        let told = told.remove(&org).unwrap_or_default();
        ensure!(
            told == truth.alarms,
            "handed over: of what partition {home} took of org {org} come {:?}, and told were \
             {told:?}",
            truth.alarms
        );
    }
    ensure!(told.is_empty(), "handed over: sites of {told:?} were told down, and none was");
    Ok(())
}

/// The last that was told of each alarm, in the order in which they were told first.
fn told(events: &[Event]) -> Result<BTreeMap<OrgId, Vec<Alarm>>> {
    let mut ids = Vec::new();
    let mut told: BTreeMap<OrgId, Vec<Alarm>> = BTreeMap::new();
    for event in events.iter().filter(|it| it.entry.topic == Topic::Alarms) {
        let value: Value = serde_json::from_slice(&event.json)?;
        if value["type"] != ALARM {
            continue;
        }
        let sites = value["site_ids"].as_array().into_iter().flatten();
        let alarm = Alarm {
            count: value["count"].as_u64().unwrap_or(0),
            sites: sites.filter_map(Value::as_str).map(str::to_owned).collect(),
            is_over: value["status"] == "resolved",
        };
        let alarms = told.entry(event.entry.org).or_default();
        let of_org: Vec<_> = ids.iter().filter(|(org, _)| *org == event.entry.org).collect();
        match of_org.iter().position(|(_, id)| *id == value["id"]) {
            Some(at) => alarms[at] = alarm,
            None => {
                ids.push((event.entry.org, value["id"].clone()));
                alarms.push(alarm);
            }
        }
    }
    Ok(told)
}
