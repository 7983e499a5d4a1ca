//! What a webhook needs by the way it sends.
//!
//! Members of another type are kept and not looked at: who changes the type to and fro need not
//! give them again.

use crate::error::CatalogError;
use foghorn_model::{Grant, Oauth2, WebhookType};
use serde_json::{Map, Value};

/// Checks that what its type needs is there.
pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    match text(body, "type") {
        Some("oauth2") => oauth2(body)?,
        Some("splunk") => {
            let token = needed(body, "splunk_token", "splunk")?;
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                let reason = "not printable ASCII without spaces";
                return Err(CatalogError::invalid("splunk_token", reason));
            }
        }
        _ => return Ok(()),
    }
    let headers = body.get("headers").and_then(Value::as_object).into_iter().flatten();
    let mut names = headers.map(|(name, _)| name);
    if names.any(|name| name.eq_ignore_ascii_case("authorization")) {
        return Err(CatalogError::invalid("headers", "the type sets Authorization"));
    }
    Ok(())
}

fn oauth2(body: &Map<String, Value>) -> Result<(), CatalogError> {
    needed(body, "oauth2_token_url", "oauth2")?;
    match needed(body, "oauth2_grant_type", "oauth2")? {
        "password" => {
            needed(body, "oauth2_username", "the grant type password")?;
            needed(body, "oauth2_password", "the grant type password")?;
            if text(body, "oauth2_client_secret").is_some() {
                // A secret says nothing without whose it is.
                needed(body, "oauth2_client_id", "oauth2_client_secret")?;
            }
        }
        _ => {
            needed(body, "oauth2_client_id", "the grant type client_credentials")?;
            needed(body, "oauth2_client_secret", "the grant type client_credentials")?;
        }
    }
    Ok(())
}

/// The type with all that it needs.
pub(super) fn read(body: &Map<String, Value>) -> WebhookType {
    let owned = |key| text(body, key).map(str::to_owned);
    let always = |key| owned(key).unwrap_or_default();
    match text(body, "type") {
        Some("oauth2") => {
            let grant = match text(body, "oauth2_grant_type") {
                Some("password") => Grant::Password {
                    username: always("oauth2_username"),
                    password: always("oauth2_password"),
                },
                _ => Grant::ClientCredentials,
            };
            let scopes = body.get("oauth2_scopes").and_then(Value::as_array);
            let scopes = scopes.into_iter().flatten().filter_map(Value::as_str);
            WebhookType::Oauth2(Oauth2 {
                token_url: always("oauth2_token_url"),
                grant,
                client_id: owned("oauth2_client_id"),
                client_secret: owned("oauth2_client_secret"),
                scopes: scopes.map(str::to_owned).collect(),
            })
        }
        Some("splunk") => WebhookType::Splunk { token: always("splunk_token") },
        _ => WebhookType::HttpPost,
    }
}

fn needed<'b>(
    body: &'b Map<String, Value>,
    key: &str,
    whose: &str,
) -> Result<&'b str, CatalogError> {
    text(body, key).ok_or_else(|| CatalogError::invalid(key, format!("{whose} needs it")))
}

/// A member that is given; an empty text is none.
fn text<'b>(body: &'b Map<String, Value>, key: &str) -> Option<&'b str> {
    body.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}
