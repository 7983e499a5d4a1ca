//! Searching and counting the history.

use super::HistoryStore;
use crate::catalog::Scope;
use crate::error::CatalogError;
use crate::scan::{Condition, Counted, Found, Paging, Scan};
use foghorn_model::{AdminId, OrgId, Timestamp, Topic};
use rusqlite::types::Value;

/// Whose events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Of this topic, of an org or of a site of it.
    Scope(Scope, Topic),
    /// The audits of what somebody did, in these orgs.
    Doer(AdminId, Vec<OrgId>),
}

/// How a member of an event is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// As a text, this.
    Is(String),
    /// A text that has this in it.
    Contains(String),
    /// A text that has this in it, or else one of these members is.
    ContainsHereOr(&'static [&'static str], String),
    /// A list that this is one of, or this alone.
    Has(String),
}

/// Which events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryFilter {
    /// Whose.
    pub whose: Whose,
    /// From this time on.
    pub start: Timestamp,
    /// Before this time.
    pub end: Timestamp,
    /// Whose members are so. The names are ours, never a caller's.
    pub members: Vec<(&'static str, Match)>,
    /// The member that they are sorted by before their time, if one, and whether downwards.
    pub sorted_by: Option<(&'static str, bool)>,
}

impl HistoryFilter {
    /// Each kind of range has its index; what is beside it is looked at row by row.
    fn scan(&self) -> Scan {
        let (mut range, mut fits) = (Condition::default(), Condition::default());
        let text = |text: &dyn ToString| Value::Text(text.to_string());
        let index = match &self.whose {
            Whose::Scope(Scope { org, site: None }, topic) => {
                range.and("org_id = ? AND topic = ?", [text(org), text(&topic.name())]);
                "events_by_org"
            }
            Whose::Scope(Scope { org, site: Some(site) }, topic) => {
                range.and("site_id = ? AND topic = ?", [text(site), text(&topic.name())]);
                fits.and("org_id = ?", [text(org)]);
                "events_by_site"
            }
            Whose::Doer(admin, orgs) => {
                range.and("topic = 'audits' AND json ->> '$.admin_id' = ?", [text(admin)]);
                let places = vec!["?"; orgs.len()].join(", ");
                fits.and(&format!("org_id IN ({places})"), orgs.iter().map(|org| text(org)));
                "events_by_doer"
            }
        };
        for (name, wanted) in &self.members {
            let within = |name: &str| format!("instr({}, ?) > 0", member(name));
            match wanted {
                Match::Is(value) => fits.and(&format!("{} = ?", member(name)), [text(value)]),
                Match::Contains(part) => fits.and(&within(name), [text(part)]),
                Match::ContainsHereOr(others, part) => {
                    let all = [&[*name], *others].concat();
                    let sql: Vec<String> = all.iter().map(|name| within(name)).collect();
                    fits.and(&format!("({})", sql.join(" OR ")), all.iter().map(|_| text(part)));
                }
                Match::Has(value) => {
                    // It has a column `json` of its own.
                    let each = format!("json_each(events.json, '$.{name}')");
                    let sql = format!("EXISTS (SELECT 1 FROM {each} WHERE value = ?)");
                    fits.and(&sql, [text(value)]);
                }
            }
        }
        let sorted_by = self.sorted_by.map(|(name, downwards)| {
            format!("{} {}", member(name), if downwards { "DESC" } else { "ASC" })
        });
        Scan { table: "events", index, range, start: self.start, end: self.end, fits, sorted_by }
    }
}

/// A member of an event as a text; of a flag `true` or `false`.
fn member(name: &str) -> String {
    let kind = format!("json_type(json, '$.{name}')");
    format!("iif({kind} IN ('true', 'false'), {kind}, CAST(json ->> '$.{name}' AS TEXT))")
}

impl HistoryStore {
    /// A page of the events of a filter, as JSON.
    ///
    /// # Errors
    /// If the database fails.
    pub fn search(
        &self,
        filter: &HistoryFilter,
        paging: Paging,
    ) -> Result<Found<String>, CatalogError> {
        filter.scan().page(&self.reader(), "json", paging, |row| row.get(0))
    }

    /// How many events of a filter have each value of a member, the most frequent first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count(
        &self,
        filter: &HistoryFilter,
        name: &'static str,
    ) -> Result<Counted, CatalogError> {
        filter.scan().count(&self.reader(), &member(name))
    }
}
