//! The administrators of an org, and invitations into it.

use crate::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::openapi::{Method, Operation, Routes, array_of, reference};
use crate::page::{Ids, Object, Paged, page_of};
use crate::resources::PAGE;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use foghorn_catalog::{Admin, Grant, PendingInvite, Right};
use foghorn_model::{AdminId, OrgId};
use serde_json::{Value, json};
use uuid::Uuid;

const ADMINS: &str = "/api/v1/orgs/{org_id}/admins";
const ADMIN: &str = "/api/v1/orgs/{org_id}/admins/{admin_id}";
const INVITES: &str = "/api/v1/orgs/{org_id}/invites";
const INVITE: &str = "/api/v1/orgs/{org_id}/invites/{invite_id}";

pub(super) fn routes() -> Routes {
    let new = |method, path, id, summary| Operation::new(method, path, id, "admins", summary);
    let object = || json!({ "type": "object" });
    let invite = json!({
        "type": "object",
        "properties": {
            "email": { "type": "string" },
            "first_name": { "type": "string" },
            "last_name": { "type": "string" },
            "hours": { "type": "integer", "minimum": 1, "maximum": 168 },
            "privileges": array_of(object()),
        },
        "required": ["email", "privileges"],
    });
    Routes::default()
        .at(
            new(Method::Get, ADMINS, "listOrgAdmins", "The administrators of an org")
                .asks(&PAGE)
                .answers(array_of(reference("Admin"))),
            list,
        )
        .at(
            new(Method::Put, ADMIN, "updateOrgAdmin", "Says what an administrator may do")
                .takes(object())
                .answers(reference("Admin")),
            update,
        )
        .at(
            new(Method::Delete, ADMIN, "revokeOrgAdmin", "Takes an administrator out of an org"),
            revoke,
        )
        .at(
            new(
                Method::Post,
                INVITES,
                "inviteOrgAdmin",
                "Invites somebody; the answer has the token to hand on, since no mail is sent",
            )
            .takes(invite)
            .answers(reference("Invite")),
            invite_one,
        )
        .at(
            new(
                Method::Get,
                INVITES,
                "listOrgInvites",
                "The invitations that were not taken yet (extension)",
            )
            .asks(&PAGE)
            .answers(array_of(reference("Invite"))),
            pending,
        )
        .at(
            new(Method::Put, INVITE, "updateOrgAdminInvite", "Changes what an invitation says")
                .takes(object()),
            update_invite,
        )
        .at(new(Method::Delete, INVITE, "uninviteOrgAdmin", "Takes an invitation back"), uninvite)
}

/// What grants allow in an org.
fn privileges(grants: &[Grant], org: OrgId) -> Vec<Value> {
    let privilege = |grant: &Grant| match grant.site_id {
        None => json!({ "scope": "org", "role": grant.role.name(), "org_id": org }),
        Some(site) => json!({
            "scope": "site", "role": grant.role.name(), "org_id": org, "site_id": site,
        }),
    };
    grants.iter().filter(|grant| grant.org_id == org).map(privilege).collect()
}

/// An administrator as the org sees it: with what it may do there, and nowhere else.
fn seen(admin: &Admin, org: OrgId) -> Value {
    json!({
        "admin_id": admin.id,
        "email": admin.email,
        "first_name": admin.first_name,
        "last_name": admin.last_name,
        "name": admin.title(),
        "enable_two_factor": admin.two_factor,
        "privileges": privileges(&admin.grants, org),
    })
}

async fn list(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    caller.org(org, Right::Read)?;
    let admins = api.blocking(move |catalog| catalog.admins_of(org)).await?;
    Ok(page_of(page, admins, |admin| seen(&admin, org)))
}

async fn update(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, AdminId)>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.org(org, Right::Grant)?;
    let admin =
        api.blocking(move |catalog| catalog.grant(org, id, Some(&body), &caller.actor)).await?;
    Ok(Json(seen(&admin, org)))
}

async fn revoke(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, AdminId)>,
) -> Result<(), Error> {
    caller.org(org, Right::Grant)?;
    api.blocking(move |catalog| catalog.grant(org, id, None, &caller.actor)).await.map(drop)
}

async fn invite_one(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Object(body): Object,
) -> Result<Json<Value>, Error> {
    caller.org(org, Right::Grant)?;
    let (new, invite) =
        api.blocking(move |catalog| catalog.invite(org, &body, &caller.actor)).await?;
    Ok(Json(json!({
        "id": new.id,
        "email": invite.email,
        "first_name": invite.first_name,
        "last_name": invite.last_name,
        "token": new.key,
        "expire_time": new.expires.secs(),
    })))
}

/// Whoever may invite sees who is invited, and no key.
async fn pending(
    caller: Caller,
    State(api): State<Api>,
    Ids(org): Ids<OrgId>,
    Paged(page): Paged,
) -> Result<Response, Error> {
    caller.org(org, Right::Grant)?;
    let pending = api.blocking(move |catalog| catalog.invites(org)).await?;
    let row = |it: PendingInvite| {
        json!({
            "id": it.id,
            "email": it.invite.email,
            "first_name": it.invite.first_name,
            "last_name": it.invite.last_name,
            "privileges": privileges(&it.invite.grants, org),
            "expire_time": it.expires.secs(),
        })
    };
    Ok(page_of(page, pending, row))
}

async fn update_invite(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, Uuid)>,
    Object(body): Object,
) -> Result<(), Error> {
    caller.org(org, Right::Grant)?;
    api.blocking(move |catalog| catalog.update_invite(org, id, &body, &caller.actor)).await
}

async fn uninvite(
    caller: Caller,
    State(api): State<Api>,
    Ids((org, id)): Ids<(OrgId, Uuid)>,
) -> Result<(), Error> {
    caller.org(org, Right::Grant)?;
    api.blocking(move |catalog| catalog.uninvite(org, id, &caller.actor)).await
}
