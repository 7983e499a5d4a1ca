//! Settings of orgs and sites.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{Ids, Object};
use crate::resources::Level;
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Kind, Right, Scope};
use foghorn_model::SiteId;
use serde_json::Value;
use uuid::Uuid;

/// By level: the path, the kind, the names of the operations.
const SETTINGS: [(Level, &str, Kind, [&str; 3]); 2] = [
    (
        Level::Org,
        "/api/v1/orgs/{org_id}/setting",
        Kind::OrgSetting,
        ["getOrgSettings", "updateOrgSettings", "updateOrgSettingsByPost"],
    ),
    (
        Level::Site,
        "/api/v1/sites/{site_id}/setting",
        Kind::SiteSetting,
        ["getSiteSetting", "updateSiteSettings", "updateSiteSettingsByPost"],
    ),
];

/// The setting in force at a site: its own, over that of its org.
async fn derived(
    caller: Caller,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site, Right::Read)?;
    let of_org = Scope { site: None, ..scope };
    let (over, own) = api
        .blocking(move |catalog| {
            let over = catalog.setting(Kind::OrgSetting, of_org, scope.org.0)?;
            Ok((over, catalog.setting(Kind::SiteSetting, scope, site.0)?))
        })
        .await?;
    let mut derived = own.clone();
    for (key, value) in over.body {
        // Null is as good as absent.
        if derived.body.get(&key).is_none_or(Value::is_null) {
            derived.body.insert(key, value);
        }
    }
    Ok(Json(derived.to_json(caller.sees_secrets(of_org))))
}

pub(super) fn routes() -> Routes {
    let summary = "The setting in force at a site: its own, over that of its org";
    let in_force = Operation::new(
        Method::Get,
        "/api/v1/sites/{site_id}/setting/derived",
        "getSiteSettingDerived",
        "settings",
        summary,
    );
    let routes = Routes::default().at(in_force.answers(reference("Setting")), derived);
    SETTINGS.into_iter().fold(routes, |routes, (level, path, kind, [get, put, post])| {
        let new = |method, id, summary| {
            Operation::new(method, path, id, "settings", summary).answers(reference("Setting"))
        };
        let show = move |caller: Caller, State(api): State<Api>, Ids(id): Ids<Uuid>| async move {
            let scope = level.scope(&caller, id, Right::Read)?;
            let found = api.blocking(move |catalog| catalog.setting(kind, scope, id)).await?;
            Ok::<Json<Value>, Error>(Json(found.to_json(caller.sees_secrets(scope))))
        };
        let update = move |caller: Caller,
                           State(api): State<Api>,
                           Ids(id): Ids<Uuid>,
                           Object(body): Object| async move {
            let scope = level.scope(&caller, id, Right::Write)?;
            let updated = api
                .blocking(move |catalog| {
                    catalog.update_setting(kind, scope, id, &caller.actor, body)
                })
                .await?;
            Ok::<Json<Value>, Error>(Json(updated.to_json(true)))
        };
        let change = |method, id| {
            new(method, id, "Changes the given members of a setting").takes(reference("Setting"))
        };
        routes
            .at(new(Method::Get, get, "A setting"), show)
            .at(change(Method::Put, put), update)
            .at(change(Method::Post, post), update)
    })
}
