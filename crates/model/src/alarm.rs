//! Which alarms are told, as the engine knows it, and what an alarm shows of its causes.

use crate::ids::{AdminId, AlarmId, AlarmTemplateId, OrgId, SiteId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The alarm template of an org: only what a site's template enables is told there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlarmTemplate {
    /// Its id.
    pub id: AlarmTemplateId,
    /// Its org.
    pub org_id: OrgId,
    /// The keys of the alarms that it enables.
    pub enabled: BTreeSet<String>,
}

/// A span in which the alarms of a site are not told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Suppression {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Suppression {
    /// Whether it holds at this time.
    pub fn holds(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// Whether an alarm goes on. Only alarms of conditions have a status; those of incidents do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlarmStatus {
    /// The condition holds.
    Open,
    /// It no longer does.
    Resolved,
}

impl AlarmStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// How many samples a member of an alarm shows.
pub const SAMPLES_MAX: usize = 10;

/// What an alarm shows of its causes: samples by the name of the member, each in the order in
/// which they came.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    samples: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    numbers: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<Entity>,
}

/// A thing that a conclusion is about: its members by name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entity(BTreeMap<String, String>);

impl Entity {
    /// A thing of this type.
    pub fn new(entity_type: &str) -> Self {
        Self::default().with("entity_type", entity_type)
    }

    /// With one more member, unless it is empty.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.0.insert(member.into(), value);
        }
        self
    }

    /// A member.
    pub fn get(&self, member: &str) -> Option<&str> {
        self.0.get(member).map(String::as_str)
    }

    /// The members, by name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(member, value)| (member.as_str(), value.as_str()))
    }
}

impl Evidence {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sample, unless it is there, or there are [`SAMPLES_MAX`] already.
    pub fn add(&mut self, member: &str, sample: impl Into<String>) {
        let sample = sample.into();
        if sample.is_empty() {
            return;
        }
        let samples = match self.samples.get_mut(member) {
            Some(samples) => samples,
            None => self.samples.entry(member.into()).or_default(),
        };
        if samples.len() < SAMPLES_MAX && !samples.contains(&sample) {
            samples.push(sample);
        }
    }

    /// Adds a sample, when there is one.
    pub fn add_opt(&mut self, member: &str, sample: Option<impl Into<String>>) {
        if let Some(sample) = sample {
            self.add(member, sample);
        }
    }

    /// Says how many, or since when.
    pub fn set(&mut self, member: &str, number: i64) {
        self.numbers.insert(member.into(), number);
    }

    /// Adds a thing that it is about, unless it is there, or there are [`SAMPLES_MAX`] already.
    pub fn involve(&mut self, entity: Entity) {
        if self.entities.len() < SAMPLES_MAX && !self.entities.contains(&entity) {
            self.entities.push(entity);
        }
    }

    /// Adds all samples and things of another, and takes over its numbers.
    pub fn merge(&mut self, other: &Self) {
        for (member, samples) in &other.samples {
            samples.iter().for_each(|sample| self.add(member, sample.as_str()));
        }
        for (member, number) in &other.numbers {
            self.set(member, *number);
        }
        other.entities.iter().for_each(|entity| self.involve(entity.clone()));
    }

    /// The things that it is about.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The members with their samples, by name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.samples.iter().map(|(member, samples)| (member.as_str(), samples.as_slice()))
    }

    /// The numbers, by name.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, i64)> {
        self.numbers.iter().map(|(member, number)| (member.as_str(), *number))
    }

    /// One of them.
    pub fn number(&self, member: &str) -> Option<i64> {
        self.numbers.get(member).copied()
    }
}

/// Which alarms are acknowledged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledged {
    /// All of the site, or of the org and none of its sites, that were raised before.
    All,
    /// These.
    Alarms(Vec<AlarmId>),
}

/// An acknowledgement of alarms of one site, or of an org's own, or its withdrawal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Their org.
    pub org_id: OrgId,
    /// Their site; none of those that are the org's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// Which ones.
    pub which: Acknowledged,
    /// Whether they are acknowledged from now on.
    pub acked: bool,
    /// Who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_id: Option<AdminId>,
    /// What that one is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_name: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_single_and_few() {
        let mut evidence = Evidence::new();
        for number in 0..20 {
            evidence.add("aps", format!("ap{}", number % 15));
        }
        evidence.add("reasons", "");
        let members: Vec<_> = evidence.members().collect();
        let (name, aps) = members[0];
        assert_eq!((members.len(), name, aps.len()), (1, "aps", SAMPLES_MAX));
        assert_eq!(aps[9], "ap9");
    }
}
