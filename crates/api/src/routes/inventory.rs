//! The inventory of an org: its devices, assigned to a site or not.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged, page_of};
use crate::query::Query;
use crate::resources::{Level, Objects, PAGE, handlers};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Catalog, CatalogError, Document, Kind, Page, Right, Scope};
use foghorn_model::{Actor, Mac, OrgId, SiteId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Devices of one assignment.
const DEVICES_MAX: usize = 1000;
const ALL: &str = "/api/v1/orgs/{org_id}/inventory";
const ONE: &str = "/api/v1/orgs/{org_id}/inventory/{device_id}";
const DEVICES: Objects =
    Objects { level: Level::Org, kind: Kind::Device, sees: Right::Read, changes: Right::Install };

const WHICH: [Parameter; 7] = [
    ("serial", "string", "the one with this serial number"),
    ("model", "string", "those of this model"),
    ("type", "string", "ap, switch or gateway"),
    ("mac", "string", "the one with this address"),
    ("site_id", "string", "those of this site"),
    ("unassigned", "boolean", "those of no site, or those of one"),
    ("modified_after", "integer", "those that changed since then, epoch seconds"),
];

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "inventory", summary);
    let device = || reference("Device");
    let listed = new(Method::Get, ALL, "getOrgInventory", "The devices of an org, assigned or not")
        .asks(&WHICH)
        .asks(&PAGE)
        .answers(array_of(device()));
    let add = new(Method::Post, ALL, "addOrgInventory", "Adds a device without a site (extension)");
    let reassigned = new(
        Method::Put,
        ALL,
        "updateOrgInventoryAssignment",
        "Assigns devices to a site, takes them back, or deletes them, by MAC or serial",
    )
    .takes(assignment())
    .answers(reference("InventoryAnswer"));
    let assign = new(
        Method::Put,
        ONE,
        "assignOrgDevice",
        "Changes a device; `site_id` assigns it, null takes it back (extension)",
    );
    let routes = Routes::default().at(listed, list);
    let routes = DEVICES.creates(routes, add.takes(device()).answers(device()));
    let routes = routes.at(reassigned, reassign);
    DEVICES.updates(routes, assign.takes(reference("DeviceChange")).answers(device()))
}

fn assignment() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" }, "maxItems": DEVICES_MAX });
    json!({
        "type": "object",
        "properties": {
            "op": { "type": "string", "enum": ["assign", "unassign", "delete"] },
            "macs": texts,
            "serials": texts,
            "site_id": { "type": "string", "format": "uuid" },
            "no_reassign": { "type": "boolean" },
        },
        "required": ["op"],
    })
}

/// What is to be done with some devices.
#[derive(Deserialize)]
struct Assignment {
    op: Op,
    #[serde(default)]
    macs: Vec<String>,
    #[serde(default)]
    serials: Vec<String>,
    site_id: Option<SiteId>,
    /// Whether a device of another site stays there.
    #[serde(default)]
    no_reassign: bool,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Op {
    Assign,
    Unassign,
    Delete,
}

/// Each device by itself: what cannot be done is told, and the rest is done.
async fn reassign(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Install)?;
    let name = body.get("op").cloned().unwrap_or_default();
    let asked: Assignment = serde_json::from_value(Value::Object(body))
        .map_err(|error| Error::Bad(format!("JSON parse error - {error}")))?;
    if asked.macs.len() + asked.serials.len() > DEVICES_MAX {
        return Err(Error::Bad(format!("more than {DEVICES_MAX} devices")));
    }
    if asked.op == Op::Assign && asked.site_id.is_none() {
        let reason = "it is missing".into();
        return Err(Error::Field { field: "site_id".into(), reason });
    }
    let (mut success, mut error, mut reason) = (Vec::new(), Vec::new(), Vec::new());
    let actor = caller.actor;
    let done = api
        .blocking(move |catalog| {
            let all = Page { limit: u32::MAX, page: 1 };
            let (devices, _) = catalog.list(Kind::Device, scope, all)?;
            let macs = asked.macs.iter().map(|mac| ("mac", mac));
            for (key, text) in macs.chain(asked.serials.iter().map(|it| ("serial", it))) {
                let wanted = match text.parse::<Mac>() {
                    Ok(mac) if key == "mac" => mac.to_string(),
                    _ => text.clone(),
                };
                // A device without a serial has an empty one, which names nothing.
                let is_it = |it: &&Document| !wanted.is_empty() && it.text(key) == wanted;
                let device = devices.iter().find(is_it).ok_or(CatalogError::NotFound);
                match device.and_then(|it| carry_out(catalog, scope, &actor, it, &asked)) {
                    Ok(()) => success.push(wanted),
                    Err(
                        why @ (CatalogError::NotFound
                        | CatalogError::Conflict(_)
                        | CatalogError::Invalid { .. }),
                    ) => {
                        reason.push(why.to_string());
                        error.push(wanted);
                    }
                    Err(why) => return Err(why),
                }
            }
            Ok((success, error, reason))
        })
        .await?;
    let (success, error, reason) = done;
    Ok(Json(json!({ "op": name, "success": success, "error": error, "reason": reason })))
}

fn carry_out(
    catalog: &Catalog,
    scope: Scope,
    actor: &Actor,
    device: &Document,
    asked: &Assignment,
) -> Result<(), CatalogError> {
    let elsewhere = device.site_id.is_some() && device.site_id != asked.site_id;
    let assign = |site: Value| {
        let patch = Map::from_iter([("site_id".to_owned(), site)]);
        catalog.update(Kind::Device, scope, device.id, actor, patch).map(drop)
    };
    match asked.op {
        Op::Assign if asked.no_reassign && elsewhere => {
            Err(CatalogError::Conflict("it is assigned already".into()))
        }
        Op::Assign => assign(json!(asked.site_id)),
        Op::Unassign => assign(Value::Null),
        Op::Delete => catalog.delete(Kind::Device, scope, device.id, actor),
    }
}

/// Which devices are asked for.
#[derive(Deserialize, Default, PartialEq)]
struct Which {
    serial: Option<String>,
    model: Option<String>,
    r#type: Option<String>,
    mac: Option<String>,
    site_id: Option<SiteId>,
    unassigned: Option<bool>,
    modified_after: Option<f64>,
}

impl Which {
    fn takes(&self, device: &Document) -> bool {
        let is = |wanted: &Option<String>, key: &str| {
            wanted.as_ref().is_none_or(|wanted| device.text(key) == wanted)
        };
        // In any spelling; what is no address is nobody's.
        let mac = self
            .mac
            .as_ref()
            .map(|text| text.parse::<Mac>().map_or_else(|_| text.clone(), |mac| mac.to_string()));
        is(&self.serial, "serial")
            && is(&self.model, "model")
            && is(&self.r#type, "type")
            && is(&mac, "mac")
            && self.site_id.is_none_or(|site| device.site_id == Some(site))
            && self.unassigned.is_none_or(|wanted| device.site_id.is_none() == wanted)
            && self.modified_after.is_none_or(|after| device.modified.as_secs_f64() > after)
    }
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Query(which): Query<Which>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org, Right::Read)?;
    if which == Which::default() {
        return handlers::list(&api, &caller, Kind::Device, scope, page).await;
    }
    let mut devices = api.all(Kind::Device, scope).await?;
    devices.retain(|device| which.takes(device));
    let secrets = caller.sees_secrets(scope);
    Ok(page_of(page, devices, |device| device.to_json(secrets)))
}
