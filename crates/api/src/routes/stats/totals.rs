//! How many there are of what, in an org and in a site.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::Ids;
use crate::resources::Level;
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Document, Kind, Right, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

/// The level, the path, the name, the kind, the name of the schema.
const TOTALS: [(Level, &str, &str, Kind, &str); 2] = [
    (Level::Org, "/api/v1/orgs/{org_id}/stats", "getOrgStats", Kind::Org, "OrgStats"),
    (Level::Site, "/api/v1/sites/{site_id}/stats", "getSiteStats", Kind::Site, "SiteStats"),
];

pub(super) fn routes() -> Routes {
    TOTALS.into_iter().fold(Routes::default(), |routes, (level, path, id, kind, shape)| {
        let summary = "How many devices and clients there are, and how many devices are up";
        let operation = Operation::new(Method::Get, path, id, "stats", summary);
        routes.at(
            operation.answers(reference(shape)),
            move |caller: Caller, State(api): State<Api>, Ids(id): Ids<Uuid>| async move {
                let scope = level.scope(&caller, id, Right::Read)?;
                totals(&api, kind, scope, id).await
            },
        )
    })
}

async fn totals(api: &Api, kind: Kind, scope: Scope, id: Uuid) -> Result<Json<Value>, Error> {
    let of_org = Scope { site: None, ..scope };
    let itself = api.blocking(move |catalog| catalog.get(kind, of_org, id)).await?;
    let documents = api.all(Kind::Device, scope).await?;
    let live = api.live_devices(&documents).await?;
    let is_up = |at: &usize| live[*at].as_ref().is_some_and(|it| it.is_up == Some(true));
    let assigned = |it: &Document| it.site_id.is_some();
    let of = |wanted: &dyn Fn(&Document) -> bool| -> (usize, usize) {
        let all = (0..documents.len()).filter(|at| wanted(&documents[*at]));
        let all: Vec<usize> = all.collect();
        (all.len(), all.iter().filter(|at| is_up(at)).count())
    };
    let (devices, connected) = of(&assigned);
    let mut row = itself.to_json(false);
    row["num_devices"] = json!(devices);
    row["num_devices_connected"] = json!(connected);
    if scope.site.is_none() {
        row["num_devices_disconnected"] = json!(devices - connected);
        row["num_inventory"] = json!(documents.len());
        row["num_sites"] = json!(api.sites(scope).len());
        // Foghorn measures none; the member is always there.
        row["sle"] = json!([]);
        // Nobody but the org's own admins sees it, and it is in no group of orgs.
        row["allow_mist"] = json!(false);
        row["orggroup_ids"] = json!([]);
        return Ok(Json(row));
    }
    for kind in ["ap", "switch", "gateway"] {
        let (all, up) = of(&|it| it.text("type") == kind);
        row[format!("num_{kind}")] = json!(all);
        row[format!("num_{kind}_connected")] = json!(up);
    }
    let clients = match scope.site {
        Some(site) => api.client_count(site).await?,
        None => 0,
    };
    row["num_clients"] = json!(clients);
    Ok(Json(row))
}
