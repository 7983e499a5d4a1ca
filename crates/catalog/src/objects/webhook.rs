//! Webhooks.

use super::shape::{Member, OnDelete, Shape, member};
use super::{Kind, webhook_type};
use crate::catalog::{Document, Scope};
use crate::error::CatalogError;
use foghorn_model::{Topic, Webhook, WebhookId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where the catalog keeps from which change on each topic is subscribed.
pub(super) const SINCE: &str = "$since";

const TEXT: Shape = Shape::Text(2048);
/// Bytes of all names and values of `headers`, as Mist has it.
const HEADER_BYTES_MAX: usize = 1000;
/// Webhooks of a site that may have filtered topics.
pub(crate) const FILTERED_MAX: usize = 4;

pub(crate) const MEMBERS: &[Member] = &[
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name"),
    member("url", Shape::Text(4096), "where it sends").required(),
    member("type", Shape::OneOf(&["http-post", "oauth2", "splunk"]), "how it sends")
        .defaults_to("\"http-post\""),
    member("enabled", Shape::Flag, "whether it sends").defaults_to("true"),
    member("topics", Shape::List(&Shape::Text(64), 100), "what it subscribes to"),
    member("verify_cert", Shape::Flag, "whether the receiver's certificate is verified")
        .defaults_to("true"),
    member("secret", TEXT, "signs what is sent, whatever the type (at Mist: http-post only)"),
    member(
        "headers",
        Shape::MapOf(&TEXT, 100),
        "further headers of requests, whatever the type (at Mist: http-post only)",
    ),
    member("splunk_token", TEXT, "token of the HTTP Event Collector; splunk needs it"),
    member(
        "oauth2_grant_type",
        Shape::OneOf(&["client_credentials", "password"]),
        "on whose behalf a token is asked for; oauth2 needs it",
    ),
    member("oauth2_token_url", Shape::Text(4096), "the token endpoint; oauth2 needs it"),
    member("oauth2_client_id", TEXT, "client_credentials needs it"),
    member("oauth2_client_secret", TEXT, "client_credentials needs it"),
    member("oauth2_username", TEXT, "the grant type password needs it"),
    member("oauth2_password", TEXT, "the grant type password needs it"),
    member("oauth2_scopes", Shape::List(&Shape::Text(255), 100), "what the token is asked for"),
    member("single_event_per_message", Shape::Flag, "one event a message, where the topic allows")
        .defaults_to("false"),
    member(
        "success_codes",
        Shape::List(&Shape::Whole(200, 599), 100),
        "further status codes that count as delivered (extension)",
    ),
    member(
        "assetfilter_ids",
        Shape::List(&Shape::Ref(Kind::AssetFilter, OnDelete::LetGo), 100),
        "for filtered-asset-rssi",
    ),
];

pub(super) fn normalise(body: &mut Map<String, Value>) {
    if let Some(Value::Array(topics)) = body.get_mut("topics") {
        for topic in topics.iter_mut() {
            if let Some(known) = topic.as_str().and_then(|name| name.parse::<Topic>().ok()) {
                *topic = known.name().into();
            }
        }
        let mut seen = Vec::new();
        topics.retain(|topic| {
            let is_new = !seen.contains(topic);
            seen.push(topic.clone());
            is_new
        });
    }
}

pub(super) fn validate(scope: Scope, body: &Map<String, Value>) -> Result<(), CatalogError> {
    for topic in topic_names(body)? {
        let Ok(topic) = topic.parse::<Topic>() else {
            return Err(CatalogError::invalid("topics", format!("{topic} is not known")));
        };
        if topic.row().internal {
            return Err(CatalogError::invalid("topics", format!("{topic} cannot be subscribed")));
        }
        if scope.site.is_none() && topic == Topic::FilteredAssetRssi {
            let reason = "filtered asset webhooks must be associated with a site";
            return Err(CatalogError::invalid("topics", reason));
        }
        if scope.site.is_none() && !topic.row().for_org {
            return Err(CatalogError::invalid("topics", format!("{topic} is for sites only")));
        }
    }
    if raw_topics(body).count() > 1 {
        let detail = "Only one location topic can be configured per URL";
        return Err(CatalogError::Conflict(detail.into()));
    }
    check_filters(body)?;
    let headers = body.get("headers").and_then(Value::as_object).into_iter().flatten();
    let bytes: usize = headers.map(|(name, it)| name.len() + it.as_str().map_or(0, str::len)).sum();
    if bytes >= HEADER_BYTES_MAX {
        let reason = format!("names and values of {bytes} bytes are not under {HEADER_BYTES_MAX}");
        return Err(CatalogError::invalid("headers", reason));
    }
    webhook_type::validate(body)?;
    success_codes(body).map(drop)
}

fn raw_topics(body: &Map<String, Value>) -> impl Iterator<Item = Topic> {
    let names = topic_names(body).unwrap_or_default();
    names
        .into_iter()
        .filter_map(|name| name.parse().ok())
        .filter(|topic: &Topic| topic.row().is_raw)
}

fn is_filtered(body: &Map<String, Value>) -> bool {
    let names = topic_names(body).unwrap_or_default();
    names.contains(&Topic::FilteredAssetRssi.name())
}

/// Whether it names a topic for which a Marvis subscription is asked.
pub(crate) fn needs_marvis(body: &Map<String, Value>) -> bool {
    topic_names(body).unwrap_or_default().contains(&Topic::ClientLatency.name())
}

fn check_filters(body: &Map<String, Value>) -> Result<(), CatalogError> {
    let ids = body.get("assetfilter_ids").and_then(Value::as_array);
    let ids = ids.map(Vec::as_slice).unwrap_or_default();
    if ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id)) {
        return Err(CatalogError::invalid("assetfilter_ids", "contains duplicate uuids"));
    }
    if is_filtered(body) && ids.is_empty() {
        return Err(CatalogError::invalid("assetfilter_ids", "filtered-asset-rssi needs them"));
    }
    Ok(())
}

/// Without its last filter a webhook has no filtered topic; the others go on.
pub(crate) fn drop_filtered(body: &mut Map<String, Value>) {
    let filters = body.get("assetfilter_ids").and_then(Value::as_array).map_or(0, Vec::len);
    if let (0, Some(Value::Array(topics))) = (filters, body.get_mut("topics")) {
        topics.retain(|topic| *topic != Topic::FilteredAssetRssi.name());
    }
}

/// Whether a webhook may stand beside the others of its site: raw data goes to one of them only,
/// and filtered data to [`FILTERED_MAX`].
pub(crate) fn check_beside(document: &Document, others: &[Document]) -> Result<(), CatalogError> {
    for topic in raw_topics(&document.body) {
        let holds = |other: &&Document| raw_topics(&other.body).any(|theirs| theirs == topic);
        if let Some(other) = others.iter().find(holds) {
            return Err(CatalogError::Taken {
                detail: "Webhook already configured for special location topic".into(),
                webhook_id: other.id,
            });
        }
    }
    let filtered = others.iter().filter(|other| is_filtered(&other.body)).count();
    if is_filtered(&document.body) && filtered >= FILTERED_MAX {
        let reason =
            format!("{FILTERED_MAX} webhooks of the site have filtered-asset-rssi already");
        return Err(CatalogError::invalid("topics", reason));
    }
    Ok(())
}

/// Whether [`check_beside`] has anything to check.
pub(crate) fn is_exclusive(body: &Map<String, Value>) -> bool {
    is_filtered(body) || raw_topics(body).next().is_some()
}

fn topic_names(body: &Map<String, Value>) -> Result<Vec<&str>, CatalogError> {
    let invalid = || CatalogError::invalid("topics", "not a list of names");
    match body.get("topics") {
        None => Ok(Vec::new()),
        Some(Value::Array(topics)) => {
            topics.iter().map(|topic| topic.as_str().ok_or_else(invalid)).collect()
        }
        Some(_) => Err(invalid()),
    }
}

fn success_codes(body: &Map<String, Value>) -> Result<Vec<u16>, CatalogError> {
    let invalid = || CatalogError::invalid("success_codes", "not a list of codes from 200 to 599");
    let code = |value: &Value| {
        let code = value.as_u64().and_then(|code| u16::try_from(code).ok());
        code.filter(|code| (200..600).contains(code)).ok_or_else(invalid)
    };
    match body.get("success_codes") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(codes)) => codes.iter().map(code).collect(),
        Some(_) => Err(invalid()),
    }
}

/// Notes from which change on each topic is subscribed: this one for new topics, and for all of
/// them when the webhook is enabled again.
pub(crate) fn stamp(before: Option<&Map<String, Value>>, body: &mut Map<String, Value>, seq: u64) {
    let is_enabled = |body: &Map<String, Value>| body.get("enabled") != Some(&Value::Bool(false));
    let kept = before.filter(|before| is_enabled(before)).map(since).unwrap_or_default();
    let names = topic_names(body).unwrap_or_default();
    let topics = names.iter().filter_map(|name| name.parse::<Topic>().ok());
    let stamps: BTreeMap<Topic, u64> =
        topics.map(|topic| (topic, kept.get(&topic).copied().unwrap_or(seq))).collect();
    body.insert(SINCE.into(), json!(stamps));
}

fn since(body: &Map<String, Value>) -> BTreeMap<Topic, u64> {
    let stamps = body.get(SINCE).cloned().unwrap_or_default();
    serde_json::from_value(stamps).unwrap_or_default()
}

/// The webhook as the dispatcher knows it.
pub(crate) fn webhook(document: &Document) -> Result<Webhook, CatalogError> {
    let body = &document.body;
    let flag = |key: &str, default| body.get(key).and_then(Value::as_bool).unwrap_or(default);
    let headers = body.get("headers").and_then(Value::as_object);
    let headers = headers.into_iter().flatten();
    Ok(Webhook {
        id: WebhookId(document.id),
        org_id: document.org_id,
        site_id: document.site_id,
        name: document.text("name").into(),
        version: document.version,
        webhook_type: webhook_type::read(body),
        url: document.text("url").into(),
        enabled: flag("enabled", true),
        verify_cert: flag("verify_cert", true),
        secret: body.get("secret").and_then(Value::as_str).map(Into::into),
        headers: headers
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())))
            .collect(),
        topics: since(body),
        single_event_per_message: flag("single_event_per_message", false),
        success_codes: success_codes(body)?,
    })
}
