//! Tokens and what they may do.

use crate::error::CatalogError;
use crate::seal::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use foghorn_model::{Actor, AdminId, OrgId, SiteId, TokenId};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What a token may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Everything, tokens included.
    Admin,
    /// Everything but tokens.
    Write,
    /// Looking.
    Read,
    /// Looking, and pinging.
    Helpdesk,
    /// Looking, and the inventory.
    Installer,
    /// Sending telemetry, and nothing else.
    Ingest,
}

impl Role {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Write => "write",
            Self::Read => "read",
            Self::Helpdesk => "helpdesk",
            Self::Installer => "installer",
            Self::Ingest => "ingest",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Admin, Self::Write, Self::Read, Self::Helpdesk, Self::Installer, Self::Ingest]
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// Whether it has a right.
    pub fn has(self, right: Right) -> bool {
        match right {
            Right::Read => self != Self::Ingest,
            Right::Install => matches!(self, Self::Admin | Self::Write | Self::Installer),
            Right::Write => matches!(self, Self::Admin | Self::Write),
            Right::Grant => self == Self::Admin,
            Right::Ingest => matches!(self, Self::Admin | Self::Write | Self::Ingest),
        }
    }
}

/// What a request needs to be allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// To look at the configuration and at what happened.
    Read,
    /// To change the inventory.
    Install,
    /// To change the configuration, and to see the secrets of webhooks.
    Write,
    /// To make and revoke tokens, and to say who may do what.
    Grant,
    /// To send telemetry.
    Ingest,
}

/// A role somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The org.
    pub org_id: OrgId,
    /// The site that it is for; `None` is the whole org.
    pub site_id: Option<SiteId>,
    /// What may be done there.
    pub role: Role,
}

/// Whether something is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// It is.
    Allowed,
    /// It is known, and not allowed.
    Denied,
    /// Nothing is known of it: it is as if it were not there.
    Unknown,
}

/// Whoever presents a token.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The token.
    pub token_id: TokenId,
    /// Its name.
    pub name: String,
    /// The administrator that acts; `None` for a token of an org.
    pub admin: Option<AdminId>,
    /// Whether it showed a password, and not a token.
    pub in_person: bool,
    /// What it may do, and where.
    pub grants: Vec<Grant>,
    /// The addresses that it may come from; none is any.
    pub src_ips: Vec<IpNet>,
}

impl Principal {
    /// Whether it may come from this address.
    pub fn may_come_from(&self, ip: IpAddr) -> bool {
        self.src_ips.is_empty() || self.src_ips.iter().any(|net| net.contains(&ip))
    }

    /// Whether it has a right in an org, or in a site of it.
    pub fn access(&self, org: OrgId, site: Option<SiteId>, right: Right) -> Access {
        let in_org = || self.grants.iter().filter(|grant| grant.org_id == org);
        let covers = |grant: &&Grant| grant.site_id.is_none() || grant.site_id == site;
        if in_org().filter(covers).any(|grant| grant.role.has(right)) {
            return Access::Allowed;
        }
        // Who knows an org by one of its sites knows that it is there.
        let known = if site.is_none() { in_org().next() } else { in_org().find(covers) };
        if known.is_some() { Access::Denied } else { Access::Unknown }
    }

    /// As an audit names it.
    pub fn actor(&self, src_ip: Option<String>, user_agent: Option<String>) -> Actor {
        Actor {
            admin_id: Some(self.admin.unwrap_or(AdminId(self.token_id.0))),
            admin_name: Some(self.name.clone()),
            src_ip,
            user_agent,
        }
    }
}

/// A token that was just made: the only time that its key can be seen.
#[derive(Clone)]
pub struct NewToken {
    /// Its id.
    pub id: TokenId,
    /// The key.
    pub key: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Principals by the hash of their key. Looking a hash up tells a watcher of the clock nothing
/// about a key.
pub(crate) type Principals = HashMap<[u8; 32], Arc<Principal>>;

/// A new key: `fh_` and 256 bits.
///
/// # Errors
/// If the operating system has no randomness.
pub fn new_key() -> Result<String, CatalogError> {
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    Ok(format!("fh_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

pub(crate) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(out)
}
