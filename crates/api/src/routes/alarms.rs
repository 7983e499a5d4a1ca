//! Alarms: search and count, and their acknowledgement, which is journaled as a command.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Parameter, Routes, reference};
use crate::page::{Ids, MaybeObject};
use crate::resources::Level;
use crate::schema::search_of;
use crate::search::{
    self, Asked, COUNTED, FLAGS, SPAN, Search, Searched, Span, field, one_of, wanted,
};
use axum::Json;
use axum::extract::State;
use foghorn_catalog::{AlarmFilter, AlarmMember, AlarmRecord, Right, Scope};
use foghorn_ingest::journal::Refused;
use foghorn_model::alarm::{Acknowledged, Acknowledgement};
use foghorn_model::ids::AlarmId;
use foghorn_model::{SiteId, Timestamp};
use http::Uri;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How many alarms one request may name.
const NAMED_MAX: usize = 1000;
/// How long the note of an acknowledgement may be.
const NOTE_BYTES_MAX: usize = 1024;
/// How long an answer waits until searches show what it acknowledges.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EACH: Duration = Duration::from_millis(5);

/// Where, and what Mist puts behind the verbs there.
const LEVELS: [(Level, &str, &str); 2] =
    [(Level::Org, "/api/v1/orgs/{org_id}/alarms", "Org"), (Level::Site, SITE, "Site")];
const SITE: &str = "/api/v1/sites/{site_id}/alarms";

/// What may be asked for beside the span of time.
const WHICH: [Parameter; 7] = [
    ("type", "string", "keys of alarms, separated by commas"),
    ("group", "string", "infrastructure, marvis, security"),
    ("severity", "string", "critical, warn, info"),
    ("status", "string", "open or resolved"),
    ("acked", "boolean", "whether somebody has acknowledged it"),
    ("ack_admin_name", "string", "who has, several separated by commas"),
    ("site_id", "string", "of this site"),
];
const MEMBERS: [AlarmMember; 7] = [
    AlarmMember::Type,
    AlarmMember::Group,
    AlarmMember::Severity,
    AlarmMember::Status,
    AlarmMember::Acked,
    AlarmMember::AckAdminName,
    AlarmMember::SiteId,
];

/// What these may be asked for as. Groups stay open: relayed alarms may have others.
const WORDS: [(AlarmMember, &[&str]); 3] = [
    (AlarmMember::Severity, &["critical", "warn", "info"]),
    (AlarmMember::Status, &["open", "resolved"]),
    (AlarmMember::Acked, FLAGS),
];

pub(super) fn routes() -> Routes {
    LEVELS.into_iter().fold(Routes::default(), |routes, (level, path, name)| {
        routes.merge(looked_up(level, path, name)).merge(acknowledged(level, path, name))
    })
}

fn looked_up(level: Level, path: &str, name: &str) -> Routes {
    let new = |part: &str, id: String, summary: &str| {
        let path = format!("{path}/{part}");
        Operation::new(Method::Get, path, id, "alarms", summary).asks(&WHICH)
    };
    Routes::default()
        .at(
            new("search", format!("search{name}Alarms"), "Alarms, the newest first")
                .asks(&SPAN)
                .answers(search_of("AlarmRow")),
            move |caller: Caller, State(api): State<Api>, Ids(owner), uri: Uri, it| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Search(which, asked) = it;
                search(&api, scope, (which, asked), uri.path()).await
            },
        )
        .at(
            new("count", format!("count{name}Alarms"), "How many alarms have each value")
                .asks(&COUNTED)
                .answers(reference("Count")),
            move |caller: Caller, State(api): State<Api>, Ids(owner), it| async move {
                let scope = level.scope(&caller, owner, Right::Read)?;
                let Search(which, asked) = it;
                count(&api, scope, (which, asked)).await
            },
        )
}

fn acknowledged(level: Level, path: &str, name: &str) -> Routes {
    let new = |verb: &str, part: &str, id: String, which: &str| {
        let done = if verb == "ack" { "Acknowledges" } else { "No longer acknowledges" };
        let summary = format!("{done} {which}");
        let operation =
            Operation::new(Method::Post, format!("{path}/{part}"), id, "alarms", summary);
        operation.takes(reference("Acknowledgement"))
    };
    [("ack", true), ("unack", false)].into_iter().fold(
        Routes::default(),
        |routes, (verb, acked)| {
            routes
                .at(
                    new(
                        verb,
                        &format!("{{alarm_id}}/{verb}"),
                        format!("{verb}{name}Alarm"),
                        "an alarm",
                    ),
                    move |caller: Caller,
                          State(api): State<Api>,
                          Ids((owner, id)): Ids<(Uuid, Uuid)>,
                          MaybeObject(body): MaybeObject| async move {
                        let scope = level.scope(&caller, owner, Right::Write)?;
                        let ids = vec![AlarmId(id)];
                        acknowledge(&api, &caller, scope, acked, Some(ids), &body).await
                    },
                )
                .at(
                    new(verb, verb, id_of_many(verb, name), "the alarms of a list"),
                    move |caller: Caller,
                          State(api): State<Api>,
                          Ids(owner),
                          MaybeObject(body): MaybeObject| async move {
                        let scope = level.scope(&caller, owner, Right::Write)?;
                        let ids = named(&body)?;
                        acknowledge(&api, &caller, scope, acked, Some(ids), &body).await
                    },
                )
                .at(
                    new(
                        verb,
                        &format!("{verb}_all"),
                        format!("{verb}{name}AllAlarms"),
                        "all alarms",
                    ),
                    move |caller: Caller,
                          State(api): State<Api>,
                          Ids(owner),
                          MaybeObject(body): MaybeObject| async move {
                        let scope = level.scope(&caller, owner, Right::Write)?;
                        acknowledge(&api, &caller, scope, acked, None, &body).await
                    },
                )
        },
    )
}

/// The rest of the query, by name.
type Which = BTreeMap<String, String>;

/// The published document writes one of the four in its own way.
fn id_of_many(verb: &str, name: &str) -> String {
    let verb = if (verb, name) == ("ack", "Site") { "Ack" } else { verb };
    format!("{verb}{name}MultipleAlarms")
}

/// The alarms that a query asks for, of any time.
fn filter(scope: Scope, which: &Which) -> Result<AlarmFilter, Error> {
    let asked = |member: &AlarmMember| {
        let values = which.get(member.name())?.split(',').map(|it| wanted(it.trim()));
        Some((*member, values.collect()))
    };
    let members: Vec<(AlarmMember, Vec<String>)> = MEMBERS.iter().filter_map(asked).collect();
    for (member, values) in &members {
        let Some((_, words)) = WORDS.iter().find(|(it, _)| it == member) else { continue };
        values.iter().try_for_each(|value| one_of(member.name(), value, words))?;
    }
    Ok(AlarmFilter { scope, start: Timestamp(i64::MIN), end: Timestamp(i64::MAX), members })
}

async fn search(
    api: &Api,
    scope: Scope,
    (which, asked): (Which, Asked),
    path: &str,
) -> Result<Json<Value>, Error> {
    let filter = filter(scope, &which)?;
    let kept = |member: &AlarmMember| Some((member.name(), which.get(member.name())?.clone()));
    let kept = MEMBERS.iter().filter_map(kept).collect();
    let order = asked.order(&[])?;
    let of = Searched { owner: scope.org.0, kind: "alarms", path, kept, order };
    let store = Arc::clone(&api.history);
    let find = move |Span { start, end }, paging| {
        store.search_alarms(&AlarmFilter { start, end, ..filter }, paging)
    };
    search::page(api, &asked, of, find, row).await
}

/// The last message about an alarm, its times as numbers, and what was acknowledged.
fn row(it: &AlarmRecord) -> Result<Value, Error> {
    let mut row: Map<String, Value> =
        serde_json::from_str(&it.json).map_err(|error| Error::Internal(error.to_string()))?;
    row.remove("update");
    for key in ["last_seen", "resolved_time"] {
        if let Some(time) = row.get_mut(key)
            && let Some(at) = time.as_str().and_then(Timestamp::from_zoneless)
        {
            *time = at.secs().into();
        }
    }
    row.insert("acked".into(), it.acked.into());
    let known = [
        ("acked_time", it.acked_time.map(|at| json!(at.secs()))),
        ("ack_admin_id", it.ack_admin_id.as_ref().map(|id| json!(id))),
        ("ack_admin_name", it.ack_admin_name.as_ref().map(|name| json!(name))),
        ("note", it.note.as_ref().map(|note| json!(note))),
    ];
    row.extend(known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    Ok(Value::Object(row))
}

async fn count(
    api: &Api,
    scope: Scope,
    (which, asked): (Which, Asked),
) -> Result<Json<Value>, Error> {
    let distinct = which.get("distinct").map_or("type", String::as_str);
    let Some(member) = MEMBERS.into_iter().find(|member| member.name() == distinct) else {
        let names: Vec<&str> = MEMBERS.iter().map(|member| member.name()).collect();
        return Err(field("distinct", format!("not one of {}", names.join(", "))));
    };
    let filter = filter(scope, &which)?;
    let store = Arc::clone(&api.history);
    let find = move |Span { start, end }| {
        store.count_alarms(&AlarmFilter { start, end, ..filter }, member)
    };
    search::counts(api, &asked, member.name(), find).await
}

/// The alarms that a body names.
fn named(body: &Map<String, Value>) -> Result<Vec<AlarmId>, Error> {
    let wrong = |reason: String| field("alarm_ids", reason);
    let list = body.get("alarm_ids").and_then(Value::as_array);
    let list = list.ok_or_else(|| wrong("not a list of ids".into()))?;
    if list.len() > NAMED_MAX {
        return Err(wrong(format!("more than {NAMED_MAX} ids")));
    }
    let id = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let ids: Option<BTreeSet<AlarmId>> = list.iter().map(id).collect();
    Ok(ids.ok_or_else(|| wrong("not a list of ids".into()))?.into_iter().collect())
}

/// Acknowledges these alarms of a scope, or all of them, or takes that back. Answered when it is
/// durable; by then searches show it, unless they are behind.
async fn acknowledge(
    api: &Api,
    caller: &Caller,
    scope: Scope,
    acked: bool,
    ids: Option<Vec<AlarmId>>,
    body: &Map<String, Value>,
) -> Result<(), Error> {
    let note = match body.get("note") {
        None | Some(Value::Null) => None,
        Some(Value::String(note)) if note.len() <= NOTE_BYTES_MAX => Some(note.clone()),
        Some(_) => {
            return Err(field("note", format!("not a text of {NOTE_BYTES_MAX} bytes at most")));
        }
    };
    let sites = match &ids {
        Some(ids) if ids.is_empty() => return Ok(()),
        Some(ids) => by_site(api, scope, ids).await?,
        None => all_sites(api, scope),
    };
    let verb = if acked { "Ack" } else { "Unack" };
    let what = match ids.as_deref() {
        None => "all alarms".to_owned(),
        Some([id]) => format!("alarm {id}"),
        Some(ids) => format!("{} alarms", ids.len()),
    };
    // Of one site only, it is that site's matter.
    let one = sites.keys().next().copied().flatten();
    let one = one.filter(|_| sites.len() == 1 && ids.is_some());
    let place = Scope { site: scope.site.or(one), ..scope };
    let (actor, message) = (caller.actor.clone(), format!("{verb} {what}"));
    let mut told = Map::from_iter([("acked".to_owned(), json!(acked))]);
    told.extend(note.as_ref().map(|note| ("note".to_owned(), json!(note))));
    told.extend(ids.as_ref().map(|ids| ("alarm_ids".to_owned(), json!(ids))));
    api.blocking(move |catalog| catalog.note(place, &actor, message, &told)).await?;
    let mut durable = Vec::new();
    for (site_id, which) in sites {
        durable.push(api.backend.acknowledge(Acknowledgement {
            org_id: scope.org,
            site_id,
            which,
            acked,
            admin_id: caller.actor.admin_id,
            admin_name: caller.actor.admin_name.clone(),
            note: note.clone(),
        })?);
    }
    for durable in durable {
        let retry_after = Duration::from_secs(5);
        durable.await.map_err(|_| Error::Refused(Refused::Full { retry_after }))?;
    }
    shown(api, scope, ids, acked).await
}

/// The named alarms by site; one that is not there fails all.
async fn by_site(
    api: &Api,
    scope: Scope,
    ids: &[AlarmId],
) -> Result<BTreeMap<Option<SiteId>, Acknowledged>, Error> {
    let (store, wanted) = (Arc::clone(&api.history), ids.to_vec());
    let found = api.blocking(move |_| store.find_alarms(scope, &wanted)).await?;
    // Of a relayed alarm each site may have one of its own.
    let known: BTreeSet<&AlarmId> = found.iter().map(|(id, ..)| id).collect();
    if ids.iter().any(|id| !known.contains(id)) {
        return Err(Error::NotFound);
    }
    let mut sites: BTreeMap<Option<SiteId>, Vec<AlarmId>> = BTreeMap::new();
    for (id, site, _) in found {
        sites.entry(site).or_default().push(id);
    }
    Ok(sites.into_iter().map(|(site, ids)| (site, Acknowledged::Alarms(ids))).collect())
}

fn all_sites(api: &Api, scope: Scope) -> BTreeMap<Option<SiteId>, Acknowledged> {
    let view = api.catalog.view();
    let sites = view.sites.values().filter(|site| site.org_id == scope.org);
    let sites = sites.filter(|site| scope.site.is_none_or(|it| it == site.id));
    // The org's own are none of its sites'.
    let of_org = scope.site.is_none().then_some(None);
    let places = sites.map(|site| Some(site.id)).chain(of_org);
    places.map(|place| (place, Acknowledged::All)).collect()
}

/// Waits a little until searches show what was acknowledged.
async fn shown(
    api: &Api,
    scope: Scope,
    ids: Option<Vec<AlarmId>>,
    acked: bool,
) -> Result<(), Error> {
    let until = tokio::time::Instant::now() + SHOWN_WITHIN;
    loop {
        let (store, ids) = (Arc::clone(&api.history), ids.clone());
        let done = api.blocking(move |_| store.are_acked(scope, ids.as_deref(), acked)).await?;
        if done || tokio::time::Instant::now() >= until {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EACH).await;
    }
}
