//! The kinds of objects. Each has a module that says what its members must be, what the engine
//! must know of it, and how a change of it is called.

mod alarms;
pub(crate) mod device;
mod floor;
pub(crate) mod org;
pub(crate) mod setting;
pub(crate) mod shape;
pub(crate) mod site;
mod things;
pub(crate) mod token;
pub(crate) mod webhook;
mod webhook_type;

use crate::catalog::{Document, Scope};
use crate::error::CatalogError;
use foghorn_model::{AlarmTemplateId, ConfigUpdate, Mac, OrgId, SiteId};
use serde_json::{Map, Value};
use shape::Member;
use uuid::Uuid;

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
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
    /// A floor plan.
    Map,
    /// A polygon on a map.
    Zone,
    /// An area that APs hear.
    RssiZone,
    /// A virtual beacon.
    VBeacon,
    /// A beacon of another vendor.
    Beacon,
    /// A tag with a name.
    Asset,
    /// Which advertisements of tags count.
    AssetFilter,
    /// A wireless network.
    Wlan,
    /// A group of sites.
    SiteGroup,
    /// Which alarms are told, and to whom.
    AlarmTemplate,
    /// An edge of the inventory.
    MxEdge,
    /// A span in which the alarms of a site are not told.
    Suppression,
}

/// A kind by its name, and what its objects are made of.
#[derive(Debug)]
pub struct KindRow {
    /// The kind.
    pub kind: Kind,
    /// The name in the database.
    pub name: &'static str,
    /// As a sentence has it.
    pub noun: &'static str,
    /// The members that are known; others are kept as they are.
    pub members: &'static [Member],
    /// What the members alone do not say.
    check: fn(Scope, &Map<String, Value>) -> Result<(), CatalogError>,
    /// Whether an object of a site that is deleted stays in the org.
    is_inventory: bool,
    /// Whether an org lists only what is of no site.
    is_of_its_level: bool,
}

const fn row(
    kind: Kind,
    name: &'static str,
    noun: &'static str,
    members: &'static [Member],
) -> KindRow {
    let check = nothing_more;
    KindRow { kind, name, noun, members, check, is_inventory: false, is_of_its_level: false }
}

fn nothing_more(_: Scope, _: &Map<String, Value>) -> Result<(), CatalogError> {
    Ok(())
}

/// Every kind, in the order of [`Kind`].
pub const KINDS: &[KindRow] = &[
    row(Kind::Org, "org", "Org", org::MEMBERS),
    KindRow {
        check: |_, body| site::check(body),
        ..row(Kind::Site, "site", "Site", site::MEMBERS)
    },
    KindRow {
        check: |_, body| setting::validate(body),
        ..row(Kind::OrgSetting, "org_setting", "Org Settings", setting::MEMBERS)
    },
    KindRow {
        check: |_, body| setting::validate(body),
        ..row(Kind::SiteSetting, "site_setting", "Site Settings", setting::MEMBERS)
    },
    KindRow { is_inventory: true, ..row(Kind::Device, "device", "Device", device::MEMBERS) },
    KindRow {
        check: webhook::validate,
        is_of_its_level: true,
        ..row(Kind::Webhook, "webhook", "Webhook", webhook::MEMBERS)
    },
    KindRow {
        check: token::validate,
        is_of_its_level: true,
        ..row(Kind::Token, "token", "API Token", token::MEMBERS)
    },
    row(Kind::Map, "map", "Map", floor::MAP),
    KindRow {
        check: |_, body| floor::check_zone(body),
        ..row(Kind::Zone, "zone", "Zone", floor::ZONE)
    },
    KindRow {
        check: |_, body| floor::check_rssi_zone(body),
        ..row(Kind::RssiZone, "rssizone", "RSSI Zone", floor::RSSI_ZONE)
    },
    row(Kind::VBeacon, "vbeacon", "Virtual Beacon", floor::VBEACON),
    row(Kind::Beacon, "beacon", "Beacon", floor::BEACON),
    KindRow { is_of_its_level: true, ..row(Kind::Asset, "asset", "Asset", things::ASSET) },
    KindRow {
        check: |_, body| things::check_asset_filter(body),
        is_of_its_level: true,
        ..row(Kind::AssetFilter, "assetfilter", "Asset Filter", things::ASSET_FILTER)
    },
    KindRow { is_of_its_level: true, ..row(Kind::Wlan, "wlan", "WLAN", things::WLAN) },
    row(Kind::SiteGroup, "sitegroup", "Site Group", things::SITE_GROUP),
    row(Kind::AlarmTemplate, "alarmtemplate", "Alarm Template", alarms::TEMPLATE),
    KindRow { is_inventory: true, ..row(Kind::MxEdge, "mxedge", "Mist Edge", things::MX_EDGE) },
    row(Kind::Suppression, "suppression", "Alarm Suppression", alarms::SUPPRESSION),
];

impl Kind {
    /// Its row of the table.
    pub fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.name == name).map(|row| row.kind)
    }

    /// Whether an object of a site that is deleted stays in the org.
    pub(crate) fn is_inventory(self) -> bool {
        self.row().is_inventory
    }

    /// Whether an org lists and finds only what is of no site.
    pub(crate) fn is_of_its_level(self) -> bool {
        self.row().is_of_its_level
    }

    /// As a sentence has it.
    pub(crate) fn noun(self) -> &'static str {
        self.row().noun
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
    if kind == Kind::Map {
        // Where its picture is, is not for anybody to say.
        body.remove("url");
        body.remove("thumbnail_url");
    }
    // Where it belongs is not among its members.
    body.remove("site_id");
    shape::normalise(kind.row().members, body);
    if kind == Kind::Webhook {
        webhook::normalise(body);
    }
}

/// Checks every member that Foghorn knows; others are kept as they are.
pub(crate) fn validate(
    kind: Kind,
    scope: Scope,
    body: &Map<String, Value>,
) -> Result<(), CatalogError> {
    shape::check(kind.row().members, body)?;
    (kind.row().check)(scope, body)
}

/// Makes of the cells of a table, which are all text, what the members of a kind hold.
pub fn read_cells(kind: Kind, row: &mut Map<String, Value>) {
    shape::read_cells(kind.row().members, row);
}

/// Brings the members of a row into their one spelling, without filling any in.
pub(crate) fn spell(kind: Kind, row: &mut Map<String, Value>) {
    row.remove("site_id");
    shape::spell_all(kind.row().members, row);
}

/// The alarm template that a site or an org names.
fn alarmtemplate_id(body: &Map<String, Value>) -> Option<AlarmTemplateId> {
    body.get("alarmtemplate_id")?.as_str()?.parse().ok()
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
        Kind::MxEdge => things::edge_updates(before, after),
        Kind::AlarmTemplate if is_deleted => {
            vec![ConfigUpdate::AlarmTemplateDeleted { id: AlarmTemplateId(document.id) }]
        }
        Kind::AlarmTemplate => vec![ConfigUpdate::AlarmTemplate(alarms::template(document))],
        Kind::Suppression => alarms::suppression(before, after),
        _ => Vec::new(),
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
    format!("{verb} {noun} \"{}\"", document.title())
}

/// The longest name of anything.
const NAME_BYTES_MAX: usize = 255;
