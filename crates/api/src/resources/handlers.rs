//! What is done with an object, whatever it is.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::page::listing;
use axum::Json;
use axum::response::{IntoResponse, Response};
use foghorn_catalog::{Document, Kind, Page, Scope};
use foghorn_model::{Timestamp, TokenId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How an object is deleted.
#[derive(Deserialize, Clone, Copy, Debug, Default)]
pub(crate) struct Removal {
    /// Only to tell what would go, and what would change.
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn list(
    api: &Api,
    caller: &Caller,
    kind: Kind,
    scope: Scope,
    page: Page,
) -> Result<Response, Error> {
    let mut found = api.blocking(move |catalog| catalog.list(kind, scope, page)).await?;
    derive(api, scope, &mut found.0).await?;
    Ok(listing(page, found, caller.sees_secrets(scope)))
}

pub(crate) async fn show(
    api: &Api,
    caller: &Caller,
    kind: Kind,
    scope: Scope,
    id: Uuid,
) -> Result<Json<Value>, Error> {
    let mut found = api.blocking(move |catalog| catalog.get(kind, scope, id)).await?;
    derive(api, scope, std::slice::from_mut(&mut found)).await?;
    Ok(Json(found.to_json(caller.sees_secrets(scope))))
}

pub(crate) async fn create(
    api: &Api,
    caller: Caller,
    kind: Kind,
    scope: Scope,
    mut body: Map<String, Value>,
) -> Result<Json<Value>, Error> {
    remove_derived(kind, &mut body);
    check(api, kind, &body).await?;
    let secrets = caller.sees_secrets(scope);
    let mut made =
        api.blocking(move |catalog| catalog.create(kind, scope, &caller.actor, body)).await?;
    derive(api, scope, std::slice::from_mut(&mut made)).await?;
    Ok(Json(made.to_json(secrets)))
}

pub(crate) async fn update(
    api: &Api,
    caller: Caller,
    kind: Kind,
    scope: Scope,
    id: Uuid,
    mut body: Map<String, Value>,
) -> Result<Json<Value>, Error> {
    if scope.site.is_some() {
        body.remove("site_id");
    }
    if kind == Kind::Device {
        // By its address it is what it is.
        body.remove("mac");
    }
    remove_derived(kind, &mut body);
    check(api, kind, &body).await?;
    let secrets = caller.sees_secrets(scope);
    let mut updated =
        api.blocking(move |catalog| catalog.update(kind, scope, id, &caller.actor, body)).await?;
    derive(api, scope, std::slice::from_mut(&mut updated)).await?;
    Ok(Json(updated.to_json(secrets)))
}

/// What nobody sets: the key of a token is what it is, and which sites are in a group they say.
fn remove_derived(kind: Kind, body: &mut Map<String, Value>) {
    let members: &[&str] = match kind {
        Kind::Token => &["key", "key_hash", "created_by", "last_used"],
        Kind::SiteGroup => &["site_ids"],
        _ => &[],
    };
    body.retain(|member, _| !members.contains(&member.as_str()));
}

/// What objects are answered with that they do not hold themselves: when a token was last used,
/// and the sites of a group.
async fn derive(api: &Api, scope: Scope, documents: &mut [Document]) -> Result<(), Error> {
    let has_groups = documents.iter().any(|document| document.kind == Kind::SiteGroup);
    let of_org = Scope { site: None, ..scope };
    let sites = if has_groups { api.all(Kind::Site, of_org).await? } else { Vec::new() };
    for document in documents {
        let (key, value) = match document.kind {
            Kind::Token => {
                let at = api.catalog.last_used(TokenId(document.id));
                ("last_used", json!(at.map(Timestamp::secs)))
            }
            Kind::SiteGroup => {
                let id = document.id;
                let is_it =
                    |group: &Value| group.as_str().and_then(|it| it.parse().ok()) == Some(id);
                let is_in = |site: &&Document| {
                    let groups = site.body.get("sitegroup_ids").and_then(Value::as_array);
                    groups.is_some_and(|groups| groups.iter().any(is_it))
                };
                let ids: Vec<Uuid> = sites.iter().filter(is_in).map(|site| site.id).collect();
                ("site_ids", json!(ids))
            }
            _ => continue,
        };
        document.body.insert(key.into(), value);
    }
    Ok(())
}

/// Deletes an object, or tells what that would mean.
pub(crate) async fn remove(
    api: &Api,
    caller: Caller,
    kind: Kind,
    scope: Scope,
    id: Uuid,
    removal: Removal,
) -> Result<Response, Error> {
    if !removal.dry_run {
        api.blocking(move |catalog| catalog.delete(kind, scope, id, &caller.actor)).await?;
        return Ok(().into_response());
    }
    let (goes, stays) = api.blocking(move |catalog| catalog.would_delete(kind, scope, id)).await?;
    let named = |list: &[Document]| -> Vec<Value> {
        let one =
            |it: &Document| json!({ "kind": it.kind.row().name, "id": it.id, "name": it.title() });
        list.iter().map(one).collect()
    };
    Ok(Json(json!({ "deleted": named(&goes), "changed": named(&stays) })).into_response())
}

/// Where a webhook goes and what it carries is checked when it is saved, and again at each send.
async fn check(api: &Api, kind: Kind, body: &Map<String, Value>) -> Result<(), Error> {
    if kind != Kind::Webhook {
        return Ok(());
    }
    for field in ["url", "oauth2_token_url"] {
        let url = body.get(field).and_then(Value::as_str);
        // An empty one is none: whether one is needed, the catalog knows.
        if let Some(url) = url.filter(|url| !url.is_empty() || field == "url") {
            let refused = |reason| Error::Field { field: field.into(), reason };
            api.backend.check_url(url).await.map_err(refused)?;
        }
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
