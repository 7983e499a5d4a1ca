//! Webhooks.

use super::{check_flag, check_name, check_text};
use crate::catalog::{Document, Scope};
use crate::error::CatalogError;
use foghorn_model::{Topic, Webhook, WebhookId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where the catalog keeps from which change on each topic is subscribed.
const SINCE: &str = "$since";

pub(super) fn normalise(body: &mut Map<String, Value>) {
    for (key, value) in
        [("enabled", json!(true)), ("verify_cert", json!(true)), ("type", json!("http-post"))]
    {
        body.entry(key).or_insert(value);
    }
    if let Some(Value::Array(topics)) = body.get_mut("topics") {
        let mut seen = Vec::new();
        topics.retain(|topic| {
            let is_new = !seen.contains(topic);
            seen.push(topic.clone());
            is_new
        });
    }
}

pub(super) fn validate(scope: Scope, body: &Map<String, Value>) -> Result<(), CatalogError> {
    check_name(body, false)?;
    for key in ["url", "secret"] {
        check_text(body, key)?;
    }
    for key in ["enabled", "verify_cert", "single_event_per_message"] {
        check_flag(body, key)?;
    }
    if body.get("url").and_then(Value::as_str).unwrap_or_default().is_empty() {
        return Err(CatalogError::invalid("url", "it is missing"));
    }
    if body.get("type").is_some_and(|kind| kind != "http-post") {
        return Err(CatalogError::invalid("type", "only http-post is sent"));
    }
    for topic in topic_names(body)? {
        let Ok(topic) = topic.parse::<Topic>() else {
            return Err(CatalogError::invalid("topics", format!("{topic} is not known")));
        };
        if topic.row().internal {
            return Err(CatalogError::invalid("topics", format!("{topic} cannot be subscribed")));
        }
        if scope.site.is_none() && !topic.row().for_org {
            return Err(CatalogError::invalid("topics", format!("{topic} is for sites only")));
        }
    }
    match body.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) if map.values().all(Value::is_string) => {}
        Some(_) => return Err(CatalogError::invalid("headers", "not an object of texts")),
    }
    success_codes(body).map(drop)
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
        webhook_type: Default::default(),
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
