//! Spans in which the alarms of sites, or of the org itself, are not told.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::{Ids, Object};
use crate::query::Query;
use crate::search::field;
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{Document, Kind, Right, Scope};
use foghorn_model::{OrgId, SiteId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const PATH: &str = "/api/v1/orgs/{org_id}/alarmtemplates/suppress";
const DURATION_SECS: i64 = 3600;
/// 180 days.
const DURATION_SECS_MAX: i64 = 180 * 86_400;
/// How far ahead a span may begin.
const AHEAD_SECS_MAX: i64 = 7 * 86_400;
/// Clocks differ a little: what begins now may have begun so long ago.
const BEHIND_SECS_MAX: i64 = 300;

pub(super) fn routes() -> Routes {
    let new = |method, id, summary| Operation::new(method, PATH, id, "alarms", summary);
    Routes::default()
        .at(
            new(Method::Post, "suppressOrgAlarm", "Tells no alarms for a while")
                .takes(reference("Suppression"))
                .answers(reference("Suppressions")),
            suppress,
        )
        .at(
            new(Method::Get, "listOrgSuppressedAlarms", "Where no alarms are told")
                .asks(&[("scope", "string", "site or org")])
                .answers(reference("Suppressions")),
            list,
        )
        .at(new(Method::Delete, "unsuppressOrgSuppressedAlarms", "Tells alarms again"), lift)
}

#[derive(Deserialize)]
struct Asked {
    scope: Option<String>,
}

/// What a suppression is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Site,
    Org,
}

impl Of {
    fn read(scope: Option<&str>) -> Result<Self, Error> {
        match scope {
            None | Some("site") => Ok(Self::Site),
            Some("org") => Ok(Self::Org),
            Some(_) => Err(field("scope", "not one of site, org")),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Org => "org",
        }
    }
}

async fn suppress(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Write)?;
    let now = api.backend.now();
    let of = Of::read(body.get("scope").and_then(Value::as_str))?;
    let duration = whole(&body, "duration", DURATION_SECS)?;
    if !(0..=DURATION_SECS_MAX).contains(&duration) {
        return Err(field("duration", format!("not from 0 to {DURATION_SECS_MAX} seconds")));
    }
    let start = whole(&body, "scheduled_time", now.secs())?;
    if !(now.secs() - BEHIND_SECS_MAX..=now.secs() + AHEAD_SECS_MAX).contains(&start) {
        return Err(field("scheduled_time", "not from now to 7 days ahead"));
    }
    let places = match of {
        Of::Org => {
            is_of(scope, body.get("applies"))?;
            vec![scope]
        }
        Of::Site => {
            let sites = sites(&api, scope, body.get("applies")).await?;
            sites.into_iter().map(|site| Scope { site: Some(site), ..scope }).collect()
        }
    };
    let span = json!({ "scheduled_time": start, "expire_time": start + duration });
    let span = span.as_object().cloned().unwrap_or_default();
    api.blocking(move |catalog| {
        for place in places {
            let id = place.site.map_or(place.org.0, |site| site.0);
            if duration == 0 {
                catalog.delete_if_there(Kind::Suppression, place, id, &caller.actor)?;
            } else {
                let (kind, span) = (Kind::Suppression, span.clone());
                catalog.update_setting(kind, place, id, &caller.actor, span)?;
            }
        }
        Ok(())
    })
    .await?;
    in_force(&api, scope, of, now).await
}

fn whole(body: &Map<String, Value>, key: &str, default: i64) -> Result<i64, Error> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            let secs = value.as_i64().or_else(|| value.as_f64().map(|secs| secs as i64));
            secs.ok_or_else(|| field(key, "not a number"))
        }
    }
}

/// Whether it is said to apply to the org, which can be no other.
fn is_of(scope: Scope, applies: Option<&Value>) -> Result<bool, Error> {
    match applies.and_then(|applies| applies.get("org_id")) {
        None | Some(Value::Null) => Ok(false),
        Some(id) if *id == json!(scope.org) => Ok(true),
        Some(_) => Err(field("applies.org_id", "not this org")),
    }
}

/// The sites that a suppression applies to: those of the org, of its groups, or named ones.
async fn sites(api: &Api, scope: Scope, applies: Option<&Value>) -> Result<Vec<SiteId>, Error> {
    let whole_org = is_of(scope, applies)?;
    let applies = applies.and_then(Value::as_object);
    let applies = applies.ok_or_else(|| field("applies", "not an object"))?;
    let ids = |key: &str| -> Result<BTreeSet<Uuid>, Error> {
        let list =
            applies.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let read = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let ids: Option<_> = list.iter().map(read).collect();
        ids.ok_or_else(|| field(&format!("applies.{key}"), "not a list of ids"))
    };
    let (groups, named) = (ids("sitegroup_ids")?, ids("site_ids")?);
    let all = api.blocking(move |catalog| catalog.all(Kind::Site, scope)).await?;
    let unknown = named.iter().find(|id| !all.iter().any(|site| site.id == **id));
    if let Some(id) = unknown {
        return Err(field("applies.site_ids", format!("there is no Site {id} here")));
    }
    let in_group = |site: &Document| {
        let of = site.body.get("sitegroup_ids").and_then(Value::as_array);
        of.into_iter()
            .flatten()
            .filter_map(|id| id.as_str()?.parse().ok())
            .any(|id: Uuid| groups.contains(&id))
    };
    let meant = all.iter().filter(|site| whole_org || named.contains(&site.id) || in_group(site));
    let meant: Vec<SiteId> = meant.map(|site| SiteId(site.id)).collect();
    if meant.is_empty() && !whole_org {
        return Err(field("applies", "no site of this org"));
    }
    Ok(meant)
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Error> {
    let scope = caller.org(org, Right::Read)?;
    let of = Of::read(asked.scope.as_deref())?;
    in_force(&api, scope, of, api.backend.now()).await
}

/// The suppressions that are not over.
async fn in_force(api: &Api, scope: Scope, of: Of, now: Timestamp) -> Result<Json<Value>, Error> {
    let all = api.blocking(move |catalog| catalog.all(Kind::Suppression, scope)).await?;
    let results = all.iter().filter(|it| it.site_id.is_some() == (of == Of::Site));
    let results = results.filter_map(|it| {
        let at = |key: &str| it.body.get(key).and_then(Value::as_i64);
        let (start, end) = (at("scheduled_time")?, at("expire_time")?);
        let left = end - now.secs().max(start);
        (left > 0).then(|| {
            let mut row = json!({
                "scope": of.name(),
                "scheduled_time": start,
                "expire_time": end,
                "duration": left,
            });
            if let Some(site) = it.site_id {
                row["site_id"] = json!(site);
            }
            row
        })
    });
    Ok(Json(json!({ "results": results.collect::<Vec<Value>>() })))
}

async fn lift(caller: Caller, State(api): State<Api>, Ids(org): Ids<OrgId>) -> Result<(), Error> {
    let scope = caller.org(org, Right::Write)?;
    api.blocking(move |catalog| {
        for it in catalog.all(Kind::Suppression, scope)? {
            let place = Scope { site: it.site_id, ..scope };
            catalog.delete_if_there(Kind::Suppression, place, it.id, &caller.actor)?;
        }
        Ok(())
    })
    .await
}
