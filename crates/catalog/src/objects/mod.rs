//! The kinds of objects. Each has a module that says what its members must be, what the engine
//! must know of it, and how a change of it is called.

pub(crate) mod device;
pub(crate) mod org;
pub(crate) mod setting;
pub(crate) mod site;
pub(crate) mod token;
pub(crate) mod webhook;

use crate::catalog::{Document, Scope};
use crate::error::CatalogError;
use foghorn_model::{ConfigUpdate, Mac, OrgId, SiteId};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// An org.
    Org,
    /// A site.
    Site,
    /// The setting of an org.
    OrgSetting,
    /// The setting of a site.
    SiteSetting,
    /// A device of the inventory.
    Device,
    /// A webhook of an org or a site.
    Webhook,
    /// An API token of an org.
    Token,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Org,
        Self::Site,
        Self::OrgSetting,
        Self::SiteSetting,
        Self::Device,
        Self::Webhook,
        Self::Token,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Site => "site",
            Self::OrgSetting => "org_setting",
            Self::SiteSetting => "site_setting",
            Self::Device => "device",
            Self::Webhook => "webhook",
            Self::Token => "token",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// As a sentence has it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Org => "Org",
            Self::Site => "Site",
            Self::OrgSetting => "Org Settings",
            Self::SiteSetting => "Site Settings",
            Self::Device => "Device",
            Self::Webhook => "Webhook",
            Self::Token => "API Token",
        }
    }
}

/// The id that an object has by what it is; `None` when it is given one.
pub(crate) fn id_of(kind: Kind, body: &Map<String, Value>) -> Result<Option<Uuid>, CatalogError> {
    match kind {
        Kind::Device => device::mac(body).map(|mac| Some(mac.device_id())),
        _ => Ok(None),
    }
}

/// Brings members into the form that is stored.
pub(crate) fn normalise(kind: Kind, body: &mut Map<String, Value>) {
    for key in ["id", "org_id", "for_site", "created_time", "modified_time"] {
        body.remove(key);
    }
    if kind != Kind::Device {
        body.remove("site_id");
    }
    match kind {
        Kind::Device => device::normalise(body),
        Kind::Webhook => webhook::normalise(body),
        Kind::Org | Kind::Site | Kind::OrgSetting | Kind::SiteSetting | Kind::Token => {}
    }
}

/// Checks every member that Foghorn knows; others are kept as they are.
pub(crate) fn validate(
    kind: Kind,
    scope: Scope,
    body: &Map<String, Value>,
) -> Result<(), CatalogError> {
    match kind {
        Kind::Org => org::validate(body),
        Kind::Site => site::validate(body),
        Kind::OrgSetting | Kind::SiteSetting => setting::validate(body),
        Kind::Device => device::validate(body),
        Kind::Webhook => webhook::validate(scope, body),
        Kind::Token => token::validate(body),
    }
}

/// The site that an object belongs to after a write.
pub(crate) fn site_of(kind: Kind, document: &Document) -> Result<Option<SiteId>, CatalogError> {
    match kind {
        Kind::Device => device::site(&document.body, document.site_id),
        _ => Ok(document.site_id),
    }
}

pub(crate) fn device_mac(document: &Document) -> Option<Mac> {
    (document.kind == Kind::Device).then(|| device::mac(&document.body).ok())?
}

type Settings<'a> = &'a dyn Fn(Kind, Uuid) -> Result<Map<String, Value>, CatalogError>;
type OrgBody<'a> = &'a dyn Fn(OrgId) -> Result<Option<Map<String, Value>>, CatalogError>;

/// What the engine must take over.
pub(crate) fn updates(
    before: Option<&Document>,
    after: Option<&Document>,
    settings: Settings<'_>,
    org_body: OrgBody<'_>,
) -> Result<Vec<ConfigUpdate>, CatalogError> {
    let Some(document) = after.or(before) else { return Ok(Vec::new()) };
    let is_deleted = after.is_none();
    Ok(match document.kind {
        Kind::Org if is_deleted => vec![ConfigUpdate::OrgDeleted { id: document.org_id }],
        Kind::Org => {
            let setting = settings(Kind::OrgSetting, document.id)?;
            vec![ConfigUpdate::Org(org::org(document.org_id, &document.body, &setting))]
        }
        Kind::OrgSetting => {
            let body = org_body(document.org_id)?.unwrap_or_default();
            vec![ConfigUpdate::Org(org::org(document.org_id, &body, &document.body))]
        }
        Kind::Site if is_deleted => {
            vec![ConfigUpdate::SiteDeleted { id: SiteId(document.id) }]
        }
        Kind::Site => {
            let mut site = site::site(document);
            site.setting = setting::engine(&settings(Kind::SiteSetting, document.id)?);
            vec![ConfigUpdate::Site(site)]
        }
        Kind::SiteSetting => {
            let body = settings(Kind::Site, document.id)?;
            let site = Document { kind: Kind::Site, body, ..document.clone() };
            let mut site = site::site(&site);
            site.setting = setting::engine(&document.body);
            vec![ConfigUpdate::Site(site)]
        }
        Kind::Device => device::updates(before, after),
        Kind::Webhook | Kind::Token => Vec::new(),
    })
}

/// How the change is called in the audit log.
pub(crate) fn message(before: Option<&Document>, after: Option<&Document>) -> String {
    let Some(document) = after.or(before) else { return String::new() };
    let noun = document.kind.noun();
    if matches!(document.kind, Kind::OrgSetting | Kind::SiteSetting) {
        return format!("Update {noun}");
    }
    let verb = match (before, after) {
        (None, _) => "Add",
        (Some(_), Some(_)) => "Update",
        (Some(_), None) => "Delete",
    };
    let name = document.text("name");
    let name = if name.is_empty() { document.text("mac") } else { name };
    format!("{verb} {noun} \"{name}\"")
}

/// The longest name of anything.
const NAME_BYTES_MAX: usize = 255;

pub(crate) fn check_name(body: &Map<String, Value>, required: bool) -> Result<(), CatalogError> {
    match body.get("name") {
        None if required => Err(CatalogError::invalid("name", "it is missing")),
        None => Ok(()),
        Some(Value::String(name)) if name.len() > NAME_BYTES_MAX => {
            Err(CatalogError::invalid("name", format!("longer than {NAME_BYTES_MAX} bytes")))
        }
        Some(Value::String(name)) if required && name.trim().is_empty() => {
            Err(CatalogError::invalid("name", "it is empty"))
        }
        Some(Value::String(_)) => Ok(()),
        Some(_) => Err(CatalogError::invalid("name", "not text")),
    }
}

pub(crate) fn check_text(body: &Map<String, Value>, key: &str) -> Result<(), CatalogError> {
    match body.get(key) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(_) => Err(CatalogError::invalid(key, "not text")),
    }
}

pub(crate) fn check_flag(body: &Map<String, Value>, key: &str) -> Result<(), CatalogError> {
    match body.get(key) {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(CatalogError::invalid(key, "not true or false")),
    }
}
