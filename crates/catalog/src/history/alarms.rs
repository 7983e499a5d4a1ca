//! Alarms: a row each, which later messages and acknowledgements change.
//!
//! Both come from the event log of the site's partition, where an acknowledgement stands after
//! the alarms that it is about; so a store that is filled anew ends as the one before.
//!
//! An alarm that was relayed is as its sender made it, and its id is one of that org and site only,
//! so that nobody changes what another said. One without an id is one of its own.

use super::{HistoryRecord, HistoryStore};
use crate::catalog::Scope;
use crate::error::CatalogError;
use crate::scan::{Condition, Counted, Found, Paging, Scan};
use foghorn_model::ids::AlarmId;
use foghorn_model::{OrgId, SiteId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Row, Transaction, params, params_from_iter};
use serde::Deserialize;

/// Which alarms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlarmFilter {
    /// Of this org, or of this site of it.
    pub scope: Scope,
    /// From this time on.
    pub start: Timestamp,
    /// Before this time.
    pub end: Timestamp,
    /// Whose members have one of these values, as texts.
    pub members: Vec<(AlarmMember, Vec<String>)>,
}

/// A member of an alarm that can be asked for and counted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are the members of the wire")]
pub enum AlarmMember {
    AckAdminName,
    Acked,
    Group,
    Severity,
    SiteId,
    Status,
    Type,
}

impl AlarmMember {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::AckAdminName => "ack_admin_name",
            Self::Acked => "acked",
            Self::Group => "group",
            Self::Severity => "severity",
            Self::SiteId => "site_id",
            Self::Status => "status",
            Self::Type => "type",
        }
    }

    fn expression(self) -> &'static str {
        match self {
            Self::AckAdminName => "ack_admin_name",
            Self::Acked => "iif(acked, 'true', 'false')",
            Self::Group => "\"group\"",
            Self::Severity => "severity",
            Self::SiteId => "site_id",
            Self::Status => "status",
            Self::Type => "type",
        }
    }
}

/// An alarm as it is known now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlarmRecord {
    /// The last message about it.
    pub json: String,
    /// Whether somebody has acknowledged it.
    pub acked: bool,
    /// When.
    pub acked_time: Option<Timestamp>,
    /// Who.
    pub ack_admin_id: Option<String>,
    /// What that one is called.
    pub ack_admin_name: Option<String>,
    /// What was noted with it.
    pub note: Option<String>,
}

impl AlarmRecord {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            json: row.get(0)?,
            acked: row.get(1)?,
            acked_time: row.get::<_, Option<i64>>(2)?.map(Timestamp),
            ack_admin_id: row.get(3)?,
            ack_admin_name: row.get(4)?,
            note: row.get(5)?,
        })
    }
}

impl AlarmFilter {
    /// Each of the four indices holds all that can be asked for, so that only rows that are told
    /// are read. A site that an org is asked for by, and one type, have their own.
    fn scan(&self) -> Scan {
        let (mut range, mut fits) = (Condition::default(), Condition::default());
        let text = |text: &dyn ToString| Value::Text(text.to_string());
        let one = |wanted| {
            let of = self.members.iter().position(|(member, _)| *member == wanted)?;
            (self.members[of].1.len() == 1).then_some(of)
        };
        let (of_type, of_site) = (one(AlarmMember::Type), one(AlarmMember::SiteId));
        let Scope { org, site } = self.scope;
        let of_site = of_site.filter(|_| site.is_none());
        let site = site.map(|site| site.to_string());
        let site = site.or_else(|| of_site.map(|at| self.members[at].1[0].clone()));
        match &site {
            None => range.and("org_id = ?", [text(&org)]),
            Some(site) => {
                range.and("site_id = ?", [text(site)]);
                fits.and("org_id = ?", [text(&org)]);
            }
        }
        if let Some(at) = of_type {
            range.and("type = ?", [text(&self.members[at].1[0])]);
        }
        for (at, (member, wanted)) in self.members.iter().enumerate() {
            if of_type == Some(at) || of_site == Some(at) {
                continue;
            }
            let marks = vec!["?"; wanted.len()].join(", ");
            let condition = format!("{} IN ({marks})", member.expression());
            fits.and(&condition, wanted.iter().map(|it| text(it)));
        }
        let index = match (&site, of_type) {
            (None, None) => "alarms_by_org",
            (None, Some(_)) => "alarms_by_type",
            (Some(_), None) => "alarms_by_site",
            (Some(_), Some(_)) => "alarms_by_type_of_site",
        };
        Scan {
            table: "alarms",
            index,
            range,
            start: self.start,
            end: self.end,
            fits,
            sorted_by: None,
        }
    }
}

impl HistoryStore {
    /// A page of the alarms of a filter.
    ///
    /// # Errors
    /// If the database fails.
    pub fn search_alarms(
        &self,
        filter: &AlarmFilter,
        paging: Paging,
    ) -> Result<Found<AlarmRecord>, CatalogError> {
        let columns = "json, acked, acked_time, ack_admin_id, ack_admin_name, note";
        filter.scan().page(&self.reader(), columns, paging, AlarmRecord::read)
    }

    /// How many alarms of a filter have each value of a member, the most frequent first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_alarms(
        &self,
        filter: &AlarmFilter,
        member: AlarmMember,
    ) -> Result<Counted, CatalogError> {
        filter.scan().count(&self.reader(), member.expression())
    }

    /// Whether these alarms of a scope are acknowledged or not, as `acked` says; or whether all
    /// of it are.
    ///
    /// # Errors
    /// If the database fails.
    pub fn are_acked(
        &self,
        scope: Scope,
        ids: Option<&[AlarmId]>,
        acked: bool,
    ) -> Result<bool, CatalogError> {
        if let Some(ids) = ids {
            return Ok(self.find_alarms(scope, ids)?.iter().all(|(.., is)| *is == acked));
        }
        let reader = self.reader();
        let mut query = reader.prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM alarms WHERE org_id = ?1
             AND (?2 IS NULL OR site_id = ?2) AND acked <> ?3)",
        )?;
        let site = scope.site.map(|site| site.to_string());
        Ok(query.query_row(params![scope.org.to_string(), site, acked], |row| row.get(0))?)
    }

    /// The site of each of these alarms that is of the scope, if it is of one, and whether it is
    /// acknowledged.
    ///
    /// # Errors
    /// If the database fails.
    pub fn find_alarms(
        &self,
        scope: Scope,
        ids: &[AlarmId],
    ) -> Result<Vec<(AlarmId, Option<SiteId>, bool)>, CatalogError> {
        let reader = self.reader();
        let mut query = reader.prepare_cached(
            "SELECT site_id, acked FROM alarms
             WHERE id = ?1 AND org_id = ?2 AND (?3 IS NULL OR site_id = ?3)",
        )?;
        let site = scope.site.map(|site| site.to_string());
        let mut found = Vec::new();
        for id in ids {
            let mut rows = query.query(params![id.to_string(), scope.org.to_string(), site])?;
            while let Some(row) = rows.next()? {
                let of: Option<String> = row.get(0)?;
                let of = of.map(|site| site.parse()).transpose();
                let of = of.map_err(|_| CatalogError::NotFound)?;
                found.push((*id, of, row.get(1)?));
            }
        }
        Ok(found)
    }
}

/// Takes over a message about an alarm.
pub(super) fn put(transaction: &Transaction<'_>, it: &HistoryRecord) -> Result<(), CatalogError> {
    let mut put = transaction.prepare_cached(
        "INSERT INTO alarms (id, org_id, site_id, at, type, \"group\", severity, status, json)
         VALUES (coalesce(?1 ->> '$.id', ?5), ?2, ?3, ?4, ?1 ->> '$.type', ?1 ->> '$.group',
                 ?1 ->> '$.severity', ?1 ->> '$.status', ?1)
         ON CONFLICT (id, org_id, coalesce(site_id, ''))
         DO UPDATE SET status = excluded.status, json = excluded.json",
    )?;
    let site = it.site_id.map(|site| site.to_string());
    put.execute(params![it.json, it.org_id.to_string(), site, it.at.0, it.key.to_string()])?;
    Ok(())
}

/// An acknowledgement as it stands in the event log.
#[derive(Deserialize)]
struct Acknowledging {
    acked: bool,
    admin_id: Option<String>,
    admin_name: Option<String>,
    alarm_ids: Option<Vec<AlarmId>>,
    note: Option<String>,
    org_id: OrgId,
    site_id: Option<SiteId>,
}

/// Takes over an acknowledgement.
pub(super) fn acknowledge(
    transaction: &Transaction<'_>,
    it: &HistoryRecord,
) -> Result<(), CatalogError> {
    let said: Acknowledging =
        serde_json::from_str(&it.json).map_err(CatalogError::stored("acknowledgement"))?;
    let (admin_id, admin_name) = (said.admin_id, said.admin_name);
    let values: [Value; 7] = [
        said.org_id.to_string().into(),
        said.site_id.map(|site| site.to_string()).into(),
        said.acked.into(),
        said.acked.then_some(it.at.0).into(),
        admin_id.filter(|_| said.acked).into(),
        admin_name.filter(|_| said.acked).into(),
        said.note.into(),
    ];
    let set = |condition: &str, values: &[Value]| {
        let query = format!(
            "UPDATE alarms SET acked = ?3, acked_time = ?4, ack_admin_id = ?5,
                 ack_admin_name = ?6, note = ?7
             WHERE org_id = ?1 AND site_id IS ?2 AND {condition}"
        );
        transaction.prepare_cached(&query)?.execute(params_from_iter(values))
    };
    match said.alarm_ids {
        // All that are there: none is before this that was raised after it.
        None => drop(set("acked <> ?3", &values)?),
        Some(ids) => {
            for id in ids {
                let mut values = values.to_vec();
                values.push(id.to_string().into());
                set("id = ?8", &values)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_search_looks_at_an_index_alone() {
        use AlarmMember::{AckAdminName, Acked, Group, Severity, SiteId as Site, Status, Type};
        let directory = tempfile::tempdir().unwrap();
        let store = HistoryStore::open(directory.path()).unwrap();
        let scope = |site| Scope { org: OrgId::from_bytes([1; 16]), site };
        let of_site = Some(SiteId::from_bytes([2; 16]));
        let members = [AckAdminName, Acked, Group, Severity, Site, Status, Type];
        for site in [None, of_site] {
            for chosen in 0..1 << members.len() {
                for values in [1, 2] {
                    let members = members.iter().enumerate();
                    let members = members.filter(|(at, _)| chosen >> at & 1 == 1);
                    let asked = members.map(|(_, it)| (*it, vec!["x".to_owned(); values]));
                    let (start, end) = (Timestamp(0), Timestamp(1));
                    let filter =
                        AlarmFilter { scope: scope(site), start, end, members: asked.collect() };
                    let plan = filter.scan().plan(&store.reader());
                    assert!(plan.contains("USING COVERING INDEX alarms_by_"), "{filter:?}: {plan}");
                }
            }
        }
    }
}
