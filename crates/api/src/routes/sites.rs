//! Sites: made and listed in their org, and addressed by themselves.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged};
use crate::resources::PAGE;
use crate::resources::handlers::{self, Removal};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Kind, Right, Scope};
use foghorn_model::{OrgId, SiteId};
use serde_json::Value;

const ALL: &str = "/api/v1/orgs/{org_id}/sites";
const ONE: &str = "/api/v1/sites/{site_id}";

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "sites", summary);
    let site = || reference("Site");
    let change = "Changes the given members of a site";
    let changed =
        |method, id| new(method, ONE, id, change).takes(reference("SiteChange")).answers(site());
    Routes::default()
        .at(
            new(Method::Get, ALL, "listOrgSites", "The sites of an org")
                .asks(&PAGE)
                .answers(array_of(site())),
            list,
        )
        .at(
            new(Method::Post, ALL, "createOrgSite", "Makes a site").takes(site()).answers(site()),
            create,
        )
        .at(new(Method::Get, ONE, "getSiteInfo", "A site").answers(site()), show)
        .at(changed(Method::Put, "updateSiteInfo"), update)
        .at(changed(Method::Post, "updateSiteInfoByPost"), update)
        .at(
            new(
                Method::Delete,
                ONE,
                "deleteSite",
                "Deletes a site and what belongs to it; its devices go back to the inventory",
            ),
            remove,
        )
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org, Right::Read)?;
    handlers::list(&api, &caller, Kind::Site, scope, page).await
}

async fn create(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Write)?;
    handlers::create(&api, caller, Kind::Site, scope, body).await
}

async fn show(
    caller: Caller,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
) -> Result<Json<Value>, Error> {
    let scope = of_org(caller.site(site, Right::Read)?);
    handlers::show(&api, &caller, Kind::Site, scope, site.0).await
}

async fn update(
    caller: Caller,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = of_org(caller.site(site, Right::Write)?);
    handlers::update(&api, caller, Kind::Site, scope, site.0, body).await
}

async fn remove(
    caller: Caller,
    State(api): State<Api>,
    Ids(site): Ids<SiteId>,
    removal: Removal,
) -> Result<Response, Error> {
    let scope = of_org(caller.site(site, Right::Write)?);
    handlers::remove(&api, caller, Kind::Site, scope, site.0, removal).await
}

/// A site is an object of its org.
fn of_org(scope: Scope) -> Scope {
    Scope { site: None, ..scope }
}
