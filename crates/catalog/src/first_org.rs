//! The first org of a data directory: it may have a site, and every alarm is told.

use crate::catalog::{Catalog, Scope, new_id};
use crate::error::CatalogError;
use crate::objects::Kind;
use crate::write::Write;
use foghorn_model::definitions::{ALARMS, AlarmRow};
use foghorn_model::{Actor, OrgId, SiteId};
use serde_json::{Map, Value, json};

impl Catalog {
    /// Makes an org with an alarm template that enables every alarm, and, if it is named, a site.
    ///
    /// # Errors
    /// [`CatalogError::Invalid`] names the field.
    pub fn create_first_org(
        &self,
        actor: &Actor,
        name: &str,
        site_name: Option<&str>,
    ) -> Result<(OrgId, Option<SiteId>), CatalogError> {
        let org = OrgId(new_id()?);
        self.write(|write| Ok((org, write.create_first_org(org, actor, name, site_name)?)))
    }
}

impl Write<'_> {
    /// [`Catalog::create_first_org`], within a write.
    pub(crate) fn create_first_org(
        &mut self,
        org: OrgId,
        actor: &Actor,
        name: &str,
        site_name: Option<&str>,
    ) -> Result<Option<SiteId>, CatalogError> {
        let scope = Scope { org, site: None };
        let only = |key: &str, value: Value| Map::from_iter([(key.to_owned(), value)]);
        self.create(Kind::Org, org.0, scope, actor, only("name", name.into()))?;
        let template = self.create_new(Kind::AlarmTemplate, scope, actor, every_alarm())?;
        let assigned = only("alarmtemplate_id", template.id.to_string().into());
        self.update(Kind::Org, scope, org.0, actor, assigned)?;
        let Some(name) = site_name else { return Ok(None) };
        let site = self.create_new(Kind::Site, scope, actor, only("name", name.into()))?;
        Ok(Some(SiteId(site.id)))
    }
}

fn every_alarm() -> Map<String, Value> {
    let rule = |row: &AlarmRow| (row.key.to_owned(), json!({ "enabled": true }));
    let rules: Map<String, Value> = ALARMS.iter().map(rule).collect();
    Map::from_iter([
        ("name".to_owned(), "every alarm".into()),
        ("delivery".to_owned(), json!({ "enabled": false })),
        ("rules".to_owned(), rules.into()),
    ])
}
