//! API tokens.

use super::shape::{Member, Shape, member};
use crate::auth::{Principal, Role};
use crate::catalog::Document;
use crate::error::CatalogError;
use foghorn_model::{SiteId, TokenId};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
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
    member("site_id", Shape::Id, "for scope `site`"),
]);

pub(crate) const MEMBERS: &[Member] = &[
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name").required(),
    member("privileges", Shape::List(&PRIVILEGE, 1000), "what it may do, and where").required(),
    member("src_ips", Shape::List(&Shape::Text(64), SRC_IPS_MAX), "addresses or networks"),
];

pub(super) fn validate(body: &Map<String, Value>) -> Result<(), CatalogError> {
    privileges(body)?;
    src_ips(body).map(drop)
}

/// The role, and the sites that it is for.
fn privileges(body: &Map<String, Value>) -> Result<(Role, Option<BTreeSet<SiteId>>), CatalogError> {
    let invalid = |reason: &str| CatalogError::invalid("privileges", reason);
    let list = match body.get("privileges") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return Err(invalid("not a list of at least one privilege")),
        None => return Err(invalid("it is missing")),
    };
    let mut role = None;
    let mut sites = BTreeSet::new();
    let mut whole_org = false;
    for privilege in list {
        let text = |key: &str| privilege.get(key).and_then(Value::as_str);
        let this = text("role").and_then(Role::named).ok_or_else(|| {
            invalid("role is not one of admin, write, read, helpdesk, installer, ingest")
        })?;
        if role.replace(this).is_some_and(|role| role != this) {
            return Err(invalid("one token has one role"));
        }
        match text("scope") {
            Some("org") => whole_org = true,
            Some("site") => {
                let site = text("site_id").and_then(|site| site.parse().ok());
                sites.insert(site.ok_or_else(|| invalid("site_id is missing or no id"))?);
            }
            _ => return Err(invalid("scope is not one of org, site")),
        }
    }
    let role = role.ok_or_else(|| invalid("role is missing"))?;
    Ok((role, (!whole_org).then_some(sites)))
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
    let (role, sites) = privileges(&document.body).ok()?;
    Some(Principal {
        token_id: TokenId(document.id),
        name: document.text("name").into(),
        org_id: document.org_id,
        role,
        sites,
        src_ips: src_ips(&document.body).ok()?,
    })
}
