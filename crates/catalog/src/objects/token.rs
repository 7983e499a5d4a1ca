//! API tokens.

use super::Kind;
use super::shape::{self, Member, OnDelete, Shape, member};
use crate::auth::{Grant, Principal, Role};
use crate::catalog::{Document, Scope};
use crate::error::CatalogError;
use foghorn_model::{OrgId, TokenId};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// How many addresses a token may name, as Mist has it.
const SRC_IPS_MAX: usize = 10;

const PRIVILEGE: Shape = Shape::Object(&[
    member("scope", Shape::OneOf(&["org", "site"]), "of the whole org or of one site").required(),
    member(
        "role",
        Shape::OneOf(&["admin", "write", "read", "helpdesk", "installer", "ingest"]),
        "what it may do",
    )
    .required(),
    member("site_id", Shape::Ref(Kind::Site, OnDelete::LetGo), "for scope `site`"),
]);

const PRIVILEGES: Member =
    member("privileges", Shape::List(&PRIVILEGE, 1000), "what it may do, and where").required();

pub(crate) const MEMBERS: &[Member] = &[
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name").required(),
    PRIVILEGES,
    member("src_ips", Shape::List(&Shape::Text(64), SRC_IPS_MAX), "addresses or networks"),
];

pub(super) fn validate(scope: Scope, body: &Map<String, Value>) -> Result<(), CatalogError> {
    grants(scope.org, body)?;
    src_ips(body).map(drop)
}

/// What a list of privileges grants in an org.
pub(crate) fn grants(org_id: OrgId, body: &Map<String, Value>) -> Result<Vec<Grant>, CatalogError> {
    let invalid = |reason: &str| CatalogError::invalid("privileges", reason);
    // Also of what is no token: nothing else may grant more than it says.
    shape::check(&[PRIVILEGES], body)?;
    let list = body.get("privileges").and_then(Value::as_array).map(Vec::as_slice);
    let list = list.unwrap_or_default();
    if list.is_empty() {
        return Err(invalid("not a list of at least one privilege"));
    }
    let grant = |privilege: &Value| {
        let text = |key: &str| privilege.get(key).and_then(Value::as_str);
        let role =
            text("role").and_then(Role::named).ok_or_else(|| invalid("role is not known"))?;
        let site = text("site_id").and_then(|site| site.parse().ok());
        let org = privilege.get("org_id").filter(|org| !org.is_null());
        if org.is_some_and(|org| *org != org_id.to_string()) {
            return Err(invalid("org_id is not this org"));
        }
        let site_id = match (text("scope"), site) {
            (Some("org"), None) => None,
            (Some("site"), Some(site)) => Some(site),
            (Some("org"), Some(_)) => return Err(invalid("scope org has no site_id")),
            _ => return Err(invalid("scope site needs a site_id")),
        };
        Ok(Grant { org_id, site_id, role })
    };
    list.iter().map(grant).collect()
}

fn src_ips(body: &Map<String, Value>) -> Result<Vec<IpNet>, CatalogError> {
    let invalid = |reason: String| CatalogError::invalid("src_ips", reason);
    let list = match body.get("src_ips") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= SRC_IPS_MAX => list,
        Some(Value::Array(_)) => return Err(invalid(format!("more than {SRC_IPS_MAX}"))),
        Some(_) => return Err(invalid("not a list".into())),
    };
    let net = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let net = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        net.ok_or_else(|| invalid(format!("{value} is no address or CIDR")))
    };
    list.iter().map(net).collect()
}

/// Whoever presents the token; `None` when it does not decode, which locks it out.
pub(crate) fn principal(document: &Document) -> Option<Principal> {
    Some(Principal {
        token_id: TokenId(document.id),
        name: document.text("name").into(),
        admin: None,
        in_person: false,
        grants: grants(document.org_id, &document.body).ok()?,
        src_ips: src_ips(&document.body).ok()?,
    })
}
