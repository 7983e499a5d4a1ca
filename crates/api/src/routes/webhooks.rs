//! Webhooks of orgs and sites.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::{Object, Paged, listing};
use crate::schema::{Problem, Webhook};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use foghorn_catalog::{Kind, Page, Scope};
use foghorn_ingest::journal::Refused;
use foghorn_model::{OrgId, SiteId, WebhookId};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_of_org, create_of_org))
        .routes(routes!(show_of_org, update_of_org, remove_of_org))
        .routes(routes!(ping_of_org))
        .routes(routes!(list_of_site, create_of_site))
        .routes(routes!(show_of_site, update_of_site, remove_of_site))
        .routes(routes!(ping_of_site))
}

async fn list(api: &Api, caller: &Caller, scope: Scope, page: Page) -> Result<Response, Error> {
    let found = api.blocking(move |catalog| catalog.list(Kind::Webhook, scope, page)).await?;
    Ok(listing(page, found, caller.sees_secrets()))
}

async fn create(
    api: &Api,
    caller: Caller,
    scope: Scope,
    body: Map<String, Value>,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    check(api, &body).await?;
    let made = api
        .blocking(move |catalog| catalog.create(Kind::Webhook, scope, &caller.actor, body))
        .await?;
    Ok(Json(made.to_json(true)))
}

async fn show(api: &Api, caller: &Caller, scope: Scope, id: Uuid) -> Result<Json<Value>, Error> {
    let found = api.blocking(move |catalog| catalog.get(Kind::Webhook, scope, id)).await?;
    Ok(Json(found.to_json(caller.sees_secrets())))
}

async fn update(
    api: &Api,
    caller: Caller,
    scope: Scope,
    id: Uuid,
    body: Map<String, Value>,
) -> Result<Json<Value>, Error> {
    caller.may_write()?;
    check(api, &body).await?;
    let updated = api
        .blocking(move |catalog| catalog.update(Kind::Webhook, scope, id, &caller.actor, body))
        .await?;
    Ok(Json(updated.to_json(true)))
}

async fn remove(api: &Api, caller: Caller, scope: Scope, id: Uuid) -> Result<(), Error> {
    caller.may_write()?;
    api.blocking(move |catalog| catalog.delete(Kind::Webhook, scope, id, &caller.actor)).await
}

/// Answered when the command is durable; the delivery follows.
async fn ping(api: &Api, caller: &Caller, scope: Scope, id: Uuid) -> Result<(), Error> {
    if !caller.principal.role.reads() {
        return Err(Error::Forbidden);
    }
    let view = api.catalog.view();
    let webhook = view
        .webhooks
        .get(&WebhookId(id))
        .filter(|webhook| webhook.org_id == scope.org && webhook.site_id == scope.site);
    let durable = api.backend.ping(webhook.ok_or(Error::NotFound)?)?;
    let retry_after = Duration::from_secs(5);
    durable.await.map_err(|_| Error::Refused(Refused::Full { retry_after }))
}

/// Where a webhook goes and what it carries is checked when it is saved, and again at each send.
async fn check(api: &Api, body: &Map<String, Value>) -> Result<(), Error> {
    if let Some(url) = body.get("url").and_then(Value::as_str) {
        api.backend
            .check_url(url)
            .await
            .map_err(|reason| Error::Field { field: "url".into(), reason })?;
    }
    if let Some(headers) = body.get("headers").and_then(Value::as_object) {
        let headers: BTreeMap<String, String> = headers
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        api.backend
            .check_headers(&headers)
            .map_err(|reason| Error::Field { field: "headers".into(), reason })?;
    }
    Ok(())
}

/// The webhooks of an org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/webhooks", tag = "webhooks", params(("org_id" = Uuid, Path)), responses((status = 200, body = Vec<Webhook>)))]
async fn list_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.org(org)?;
    list(&api, &caller, scope, page).await
}

/// Makes a webhook of an org.
#[utoipa::path(post, path = "/api/v1/orgs/{org_id}/webhooks", tag = "webhooks", params(("org_id" = Uuid, Path)), request_body = Webhook, responses((status = 200, body = Webhook), (status = 400, body = Problem)))]
async fn create_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path(org): Path<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    create(&api, caller, scope, body).await
}

/// A webhook of an org.
#[utoipa::path(get, path = "/api/v1/orgs/{org_id}/webhooks/{webhook_id}", tag = "webhooks", params(("org_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200, body = Webhook), (status = 404, body = Problem)))]
async fn show_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    show(&api, &caller, scope, id).await
}

/// Changes a webhook of an org.
#[utoipa::path(put, path = "/api/v1/orgs/{org_id}/webhooks/{webhook_id}", tag = "webhooks", params(("org_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), request_body = Webhook, responses((status = 200, body = Webhook), (status = 400, body = Problem)))]
async fn update_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org)?;
    update(&api, caller, scope, id, body).await
}

/// Deletes a webhook of an org.
#[utoipa::path(delete, path = "/api/v1/orgs/{org_id}/webhooks/{webhook_id}", tag = "webhooks", params(("org_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn remove_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
) -> Result<(), Error> {
    let scope = caller.org(org)?;
    remove(&api, caller, scope, id).await
}

/// Sends a `ping` event to a webhook of an org.
#[utoipa::path(post, path = "/api/v1/orgs/{org_id}/webhooks/{webhook_id}/ping", tag = "webhooks", params(("org_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn ping_of_org(
    caller: Caller,
    State(api): State<Api>,
    Path((org, id)): Path<(OrgId, Uuid)>,
) -> Result<(), Error> {
    let scope = caller.org(org)?;
    ping(&api, &caller, scope, id).await
}

/// The webhooks of a site.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/webhooks", tag = "webhooks", params(("site_id" = Uuid, Path)), responses((status = 200, body = Vec<Webhook>)))]
async fn list_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let scope = caller.site(site)?;
    list(&api, &caller, scope, page).await
}

/// Makes a webhook of a site.
#[utoipa::path(post, path = "/api/v1/sites/{site_id}/webhooks", tag = "webhooks", params(("site_id" = Uuid, Path)), request_body = Webhook, responses((status = 200, body = Webhook), (status = 400, body = Problem)))]
async fn create_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path(site): Path<SiteId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    create(&api, caller, scope, body).await
}

/// A webhook of a site.
#[utoipa::path(get, path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}", tag = "webhooks", params(("site_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200, body = Webhook), (status = 404, body = Problem)))]
async fn show_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    show(&api, &caller, scope, id).await
}

/// Changes a webhook of a site.
#[utoipa::path(put, path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}", tag = "webhooks", params(("site_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), request_body = Webhook, responses((status = 200, body = Webhook), (status = 400, body = Problem)))]
async fn update_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.site(site)?;
    update(&api, caller, scope, id, body).await
}

/// Deletes a webhook of a site.
#[utoipa::path(delete, path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}", tag = "webhooks", params(("site_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn remove_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
) -> Result<(), Error> {
    let scope = caller.site(site)?;
    remove(&api, caller, scope, id).await
}

/// Sends a `ping` event to a webhook of a site.
#[utoipa::path(post, path = "/api/v1/sites/{site_id}/webhooks/{webhook_id}/ping", tag = "webhooks", params(("site_id" = Uuid, Path), ("webhook_id" = Uuid, Path)), responses((status = 200), (status = 404, body = Problem)))]
async fn ping_of_site(
    caller: Caller,
    State(api): State<Api>,
    Path((site, id)): Path<(SiteId, Uuid)>,
) -> Result<(), Error> {
    let scope = caller.site(site)?;
    ping(&api, &caller, scope, id).await
}
