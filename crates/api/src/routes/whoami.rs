//! Who the caller is.

use crate::Api;
use crate::caller::{Caller, Credentials};
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged, page_of};
use crate::resources::PAGE;
use crate::routes::login::{patch, verified};
use crate::search::field;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Admin, Catalog, Grant, PersonalToken};
use foghorn_model::{Timestamp, TokenId};
use serde_json::{Value, json};

const TOKENS: &str = "/api/v1/self/apitokens";
const TOKEN: &str = "/api/v1/self/apitokens/{apitoken_id}";

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "self", summary);
    let named = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let code = json!({
        "type": "object",
        "properties": {
            "two_factor": { "type": "string" },
            "two_factor_old": {
                "type": "string",
                "description": "a code of the factor that is in force, where one is (extension)",
            },
        },
        "required": ["two_factor"],
    });
    let change = json!({
        "type": "object",
        "properties": {
            "first_name": { "type": "string" },
            "last_name": { "type": "string" },
            "phone": { "type": "string" },
            "password": { "type": "string" },
            "current_password": {
                "type": "string",
                "description": "the present password, with a new one (extension)",
            },
        },
    });
    let me = "/api/v1/self";
    Routes::default()
        .at(new(Method::Get, me, "getSelf", "Who the caller is").answers(reference("Self")), whoami)
        .at(
            new(Method::Put, me, "updateSelf", "Changes one's names, telephone or password")
                .takes(change)
                .answers(reference("Self")),
            update,
        )
        .at(new(Method::Delete, me, "deleteSelf", "Deletes one's account, with its tokens"), delete)
        .at(
            new(
                Method::Get,
                "/api/v1/self/usage",
                "getSelfApiUsage",
                "How many calls were made in this hour",
            )
            .answers(reference("Usage")),
            usage,
        )
        .at(
            new(
                Method::Get,
                "/api/v1/self/two_factor/token",
                "generateSecretFor2faVerification",
                "Offers a second factor (RFC 6238)",
            )
            .answers(reference("TwoFactorSecret")),
            offer_factor,
        )
        .at(
            new(
                Method::Post,
                "/api/v1/self/two_factor/verify",
                "verifyTwoFactor",
                "Puts the offered factor in force by a code of it",
            )
            .takes(code),
            confirm_factor,
        )
        .at(
            new(Method::Get, TOKENS, "listApiTokens", "One's own tokens, without their keys")
                .asks(&PAGE)
                .answers(array_of(reference("PersonalToken"))),
            tokens,
        )
        .at(
            new(
                Method::Post,
                TOKENS,
                "createApiToken",
                "Makes a token that may what one may oneself; its key is in this answer only",
            )
            .takes(named.clone())
            .answers(reference("PersonalToken")),
            create_token,
        )
        .at(
            new(Method::Get, TOKEN, "getApiToken", "A token of one's own, without its key")
                .answers(reference("PersonalToken")),
            token,
        )
        .at(
            new(Method::Put, TOKEN, "updateApiToken", "Gives a token another name")
                .takes(named)
                .answers(reference("PersonalToken")),
            rename_token,
        )
        .at(new(Method::Delete, TOKEN, "deleteApiToken", "Revokes a token, at once"), delete_token)
}

/// Who the caller is and what it may do.
async fn whoami(caller: Caller, State(api): State<Api>) -> Result<Json<Value>, Error> {
    match caller.principal.admin {
        Some(id) => {
            let admin = api.blocking(move |catalog| catalog.admin(id)).await?;
            Ok(Json(of_admin(&api, &admin)))
        }
        // A token of an org is nobody: it has no address.
        None => Ok(Json(json!({
            "name": caller.principal.name,
            "first_name": caller.principal.name,
            "last_name": "",
            "via_sso": false,
            "tags": [],
            "privileges": privileges(&api, &caller.principal.grants),
        }))),
    }
}

/// An administrator as it sees itself.
pub(super) fn of_admin(api: &Api, admin: &Admin) -> Value {
    json!({
        "admin_id": admin.id,
        "name": admin.title(),
        "email": admin.email,
        "first_name": admin.first_name,
        "last_name": admin.last_name,
        "phone": admin.phone,
        "via_sso": false,
        "tags": [],
        "enable_two_factor": admin.two_factor,
        "two_factor_verified": admin.two_factor,
        "created_time": admin.created.secs(),
        "modified_time": admin.modified.secs(),
        "privileges": privileges(api, &admin.grants),
    })
}

fn privileges(api: &Api, grants: &[Grant]) -> Vec<Value> {
    let view = api.catalog.view();
    let privilege = |grant: &Grant| {
        let org_name = view.orgs.get(&grant.org_id);
        let mut privilege = json!({
            "scope": if grant.site_id.is_some() { "site" } else { "org" },
            "role": grant.role.name(),
            "name": org_name,
            "org_id": grant.org_id,
            "org_name": org_name,
        });
        if let Some(site) = grant.site_id {
            let name = view.sites.get(&site).map(|site| &site.name);
            privilege["site_id"] = json!(site);
            privilege["name"] = json!(name);
            privilege["site_name"] = json!(name);
        }
        privilege
    };
    grants.iter().map(privilege).collect()
}

/// A new password asks for the present one: a session that somebody left open is not enough.
async fn update(
    caller: Caller,
    credentials: Credentials,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let id = caller.person()?;
    let patch = patch(&body);
    let mut shown = None;
    if patch.password.is_some() {
        let current = body.get("current_password").and_then(Value::as_str);
        let current = current.ok_or_else(|| field("current_password", "it is missing"))?;
        let email = api.blocking(move |catalog| catalog.admin(id)).await?.email;
        let admin = verified(&api, &credentials, &email, current).await;
        shown = Some(admin.map_err(|error| match error {
            Error::Login => field("current_password", "not the present one"),
            other => other,
        })?);
    }
    let admin = api
        .blocking(move |catalog| catalog.update_admin(id, patch, shown.as_ref(), &caller.actor))
        .await?;
    Ok(Json(of_admin(&api, &admin)))
}

async fn delete(caller: Caller, State(api): State<Api>) -> Result<(), Error> {
    let id = caller.person()?;
    api.blocking(move |catalog| catalog.delete_admin(id, &caller.actor)).await
}

/// How many calls the caller's token has made in this hour.
async fn usage(caller: Caller, State(api): State<Api>) -> Json<Value> {
    Json(json!({ "requests": caller.calls_made(), "request_limit": api.calls.max() }))
}

/// Offers a second factor; it is in force once a code of it was shown.
async fn offer_factor(caller: Caller, State(api): State<Api>) -> Result<Json<Value>, Error> {
    let id = caller.person()?;
    let secret = api.blocking(move |catalog| catalog.offer_factor(id, &caller.actor)).await?;
    Ok(Json(json!({ "two_factor_secret": secret })))
}

async fn confirm_factor(
    caller: Caller,
    credentials: Credentials,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<(), Error> {
    let id = caller.person()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (code, of_the_old) = (text("two_factor"), text("two_factor_old"));
    let session = credentials.session;
    let confirm = move |catalog: &Catalog| {
        catalog.confirm_factor(id, &code, &of_the_old, session.as_deref(), &caller.actor)
    };
    api.blocking(confirm).await
}

fn of_token(api: &Api, token: &PersonalToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "key": token.hint,
        "created_time": token.created.secs(),
        "last_used": api.catalog.last_used(token.id).map(Timestamp::secs),
    })
}

async fn tokens(
    caller: Caller,
    State(api): State<Api>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    let id = caller.admin()?;
    let tokens = api.blocking(move |catalog| catalog.personal_tokens(id)).await?;
    Ok(page_of(page, tokens, |token| of_token(&api, &token)))
}

async fn create_token(
    caller: Caller,
    State(api): State<Api>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let id = caller.person()?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (new, token) = api
        .blocking(move |catalog| catalog.create_personal_token(id, &name, &caller.actor))
        .await?;
    let mut answer = of_token(&api, &token);
    answer["key"] = json!(new.key);
    Ok(Json(answer))
}

async fn token(
    caller: Caller,
    State(api): State<Api>,
    Ids(id): Ids<TokenId>,
) -> Result<Json<Value>, Error> {
    let admin = caller.admin()?;
    let tokens = api.blocking(move |catalog| catalog.personal_tokens(admin)).await?;
    let token = tokens.iter().find(|token| token.id == id);
    token.map(|token| Json(of_token(&api, token))).ok_or(Error::NotFound)
}

async fn rename_token(
    caller: Caller,
    State(api): State<Api>,
    Ids(id): Ids<TokenId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    let admin = caller.person()?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let actor = caller.actor.clone();
    api.blocking(move |catalog| catalog.rename_personal_token(admin, id, &name, &actor)).await?;
    token(caller, State(api), Ids(id)).await
}

async fn delete_token(
    caller: Caller,
    State(api): State<Api>,
    Ids(id): Ids<TokenId>,
) -> Result<(), Error> {
    let admin = caller.person()?;
    api.blocking(move |catalog| catalog.delete_personal_token(admin, id, &caller.actor)).await
}
