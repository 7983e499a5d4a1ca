//! Logging in and out, and the first administrator of all.

use crate::Api;
use crate::caller::{Credentials, SESSION_COOKIE};
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, reference};
use crate::page::Object;
use crate::throttle::Attempt;
use axum::Json;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use foghorn_catalog::{Admin, AdminPatch, Catalog, EMAIL_BYTES_MAX, NewSession};
use http::header::SET_COOKIE;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

/// Seconds that the cookie with the CSRF token is kept.
const CSRF_COOKIE_SECS: i64 = 31_449_600;

pub(super) fn routes() -> Routes {
    let text = || json!({ "type": "string" });
    let new = |path, id, summary| Operation::new(Method::Post, path, id, "login", summary).public();
    let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required });
    let login = json!({ "email": text(), "password": text(), "two_factor": text() });
    let setup = json!({
        "token": text(), "email": text(), "password": text(), "first_name": text(),
        "last_name": text(), "org_name": text(), "site_name": text(),
    });
    Routes::default()
        .at(
            new("/api/v1/login", "login", "Logs in with a password, and sets cookies")
                .takes(object(login, &["email", "password"]))
                .answers(reference("Self")),
            login_with_password,
        )
        .at(
            new("/api/v1/login/two_factor", "twoFactor", "Shows the second factor of a login")
                .takes(object(json!({ "two_factor": text() }), &["two_factor"])),
            show_second_factor,
        )
        .at(
            new("/api/v1/login/lookup", "lookup", "Whether an address logs in elsewhere")
                .takes(object(json!({ "email": text() }), &["email"]))
                .answers(object(json!({}), &[])),
            lookup,
        )
        .at(
            new("/api/v1/logout", "logout", "Ends the session").answers(object(json!({}), &[])),
            logout,
        )
        .at(
            new(
                "/api/v1/setup",
                "setup",
                "Makes the first administrator and its org, with the token of the server's first \
                 start (extension)",
            )
            .takes(object(setup, &["token", "email", "password", "org_name"]))
            .answers(object(json!({ "org_id": text() }), &["org_id"])),
            set_up,
        )
        .at(
            new("/api/v1/invites/accept", "acceptInvite", "Takes an invitation (extension)")
                .takes(object(
                    json!({ "token": text(), "password": text(), "two_factor": text() }),
                    &["token", "password"],
                ))
                .answers(reference("InviteAccepted")),
            accept,
        )
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Result<&'a str, Error> {
    let missing = || Error::Field { field: key.into(), reason: "it is missing".into() };
    body.get(key).and_then(Value::as_str).ok_or_else(missing)
}

/// Whose address this is with this password; a guess costs.
pub(crate) async fn verified(
    api: &Api,
    credentials: &Credentials,
    email: &str,
    password: &str,
) -> Result<Admin, Error> {
    if email.len() > EMAIL_BYTES_MAX {
        return Err(Error::Login);
    }
    let attempt = Attempt::password(email, credentials.source);
    api.throttle.begin(&attempt, api.backend.now())?;
    // Hashing a password takes memory and time, by design: a few at once are enough.
    let _permit =
        api.hashing.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
    let (email, password) = (email.to_owned(), password.to_owned());
    let found = api.blocking(move |catalog| catalog.verify_password(&email, &password)).await?;
    let admin = found.ok_or(Error::Login)?;
    api.throttle.succeeded(&attempt);
    Ok(admin)
}

async fn login_with_password(
    credentials: Credentials,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<Response, Error> {
    // A form of another page cannot send this type.
    if !credentials.is_json {
        return Err(Error::Unsupported("Content-Type is to be application/json".into()));
    }
    let admin =
        verified(&api, &credentials, text(&body, "email")?, text(&body, "password")?).await?;
    let mut passed = !admin.two_factor;
    if let (false, Some(code)) = (passed, body.get("two_factor").and_then(Value::as_str)) {
        check_code(&api, &credentials, &admin, code).await?;
        passed = true;
    }
    let from = credentials.actor();
    let (session, admin) = api
        .blocking(move |catalog| Ok((catalog.begin_session(&admin, passed, &from)?, admin)))
        .await?;
    let session = session.ok_or(Error::Login)?;
    let mut answer = super::whoami::of_admin(&api, &admin);
    answer["two_factor_required"] = json!(admin.two_factor);
    answer["two_factor_passed"] = json!(passed);
    if !passed {
        answer["privileges"] = Value::Null;
    }
    Ok((cookies(&session, credentials.is_tls), Json(answer)).into_response())
}

/// Checks a code; a wrong one, or one that was used, counts as a failed login.
async fn check_code(
    api: &Api,
    credentials: &Credentials,
    admin: &Admin,
    code: &str,
) -> Result<(), Error> {
    let attempt = Attempt::factor(&admin.email, credentials.source);
    api.throttle.begin(&attempt, api.backend.now())?;
    let (id, code) = (admin.id, code.to_owned());
    if !api.blocking(move |catalog| catalog.use_factor(id, &code)).await? {
        return Err(Error::Login);
    }
    api.throttle.succeeded(&attempt);
    Ok(())
}

async fn show_second_factor(
    credentials: Credentials,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<(), Error> {
    let key = credentials.session.clone().ok_or(Error::Unauthenticated)?;
    let looked_up = key.clone();
    let session = api.blocking(move |catalog| catalog.session(&looked_up)).await?;
    let session = session.ok_or(Error::Unauthenticated)?;
    check_code(&api, &credentials, &session.admin, text(&body, "two_factor")?).await?;
    let from = credentials.actor();
    api.blocking(move |catalog| catalog.pass_session(&key, &session.admin, &from)).await
}

/// Nobody logs in elsewhere; and whether an address is known is nobody's business.
async fn lookup(Object(body): Object) -> Result<Json<Value>, Error> {
    text(&body, "email")?;
    Ok(Json(json!({})))
}

async fn logout(credentials: Credentials, State(api): State<Api>) -> Result<Response, Error> {
    if let Some(key) = credentials.session.clone() {
        credentials.check_csrf(&key)?;
        api.blocking(move |catalog| catalog.end_session(&key)).await?;
    }
    let gone = format!("{SESSION_COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
    // Where nobody logs in elsewhere, nobody is sent elsewhere to log out.
    Ok((AppendHeaders([(SET_COOKIE, gone)]), Json(json!({}))).into_response())
}

async fn set_up(
    credentials: Credentials,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let attempt = Attempt::key(credentials.source);
    api.throttle.begin(&attempt, api.backend.now())?;
    let shown = text(&body, "token")?;
    let token = api.setup_token.as_ref();
    if !token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(shown.as_bytes()))) {
        return Err(Error::Forbidden);
    }
    api.throttle.succeeded(&attempt);
    let (email, org_name) = (text(&body, "email")?.to_owned(), text(&body, "org_name")?.to_owned());
    let site_name = body.get("site_name").and_then(Value::as_str).map(str::to_owned);
    let patch = patch(&body);
    let from = credentials.actor();
    let made = move |catalog: &Catalog| {
        catalog.set_up(&email, patch, &org_name, site_name.as_deref(), &from)
    };
    let (admin, org, site) = api.blocking(made).await?;
    Ok(Json(json!({ "org_id": org, "admin_id": admin.id, "site_id": site })))
}

/// Whoever is known already shows the password, and the second factor where one is in force.
async fn accept(
    credentials: Credentials,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let attempt = Attempt::key(credentials.source);
    api.throttle.begin(&attempt, api.backend.now())?;
    let (key, password) = (text(&body, "token")?.to_owned(), text(&body, "password")?.to_owned());
    let looked_up = key.clone();
    let (email, is_known) = api.blocking(move |catalog| catalog.invited(&looked_up)).await?;
    api.throttle.succeeded(&attempt);
    if is_known {
        let admin = verified(&api, &credentials, &email, &password).await?;
        if admin.two_factor {
            check_code(&api, &credentials, &admin, text(&body, "two_factor")?).await?;
        }
    }
    let from = credentials.actor();
    let org = api.blocking(move |catalog| catalog.accept_invite(&key, &password, &from)).await?;
    Ok(Json(json!({ "org_id": org, "email": email })))
}

/// What an administrator says of itself in a body.
pub(super) fn patch(body: &Map<String, Value>) -> AdminPatch {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    AdminPatch {
        first_name: text("first_name"),
        last_name: text("last_name"),
        phone: text("phone"),
        password: text("password"),
    }
}

fn cookies(session: &NewSession, is_tls: bool) -> AppendHeaders<[(http::HeaderName, String); 2]> {
    let secure = if is_tls { "; Secure" } else { "" };
    let NewSession { key, csrf, secs } = session;
    AppendHeaders([
        (
            SET_COOKIE,
            format!(
                "{SESSION_COOKIE}={key}; Max-Age={secs}; Path=/; HttpOnly; SameSite=Lax{secure}"
            ),
        ),
        (
            SET_COOKIE,
            format!("csrftoken={csrf}; Max-Age={CSRF_COOKIE_SECS}; Path=/; SameSite=Lax{secure}"),
        ),
    ])
}
