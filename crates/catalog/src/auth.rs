//! Tokens and what they may do.

use crate::error::CatalogError;
use crate::seal::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use foghorn_model::{Actor, AdminId, OrgId, SiteId, TokenId};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};
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

    /// Whether it may look at the configuration.
    pub fn reads(self) -> bool {
        self != Self::Ingest
    }

    /// Whether it may change the configuration, and see the secrets of webhooks.
    pub fn writes(self) -> bool {
        matches!(self, Self::Admin | Self::Write)
    }

    /// Whether it may change the inventory.
    pub fn installs(self) -> bool {
        self.writes() || self == Self::Installer
    }

    /// Whether it may make and revoke tokens.
    pub fn grants(self) -> bool {
        self == Self::Admin
    }

    /// Whether it may send telemetry.
    pub fn ingests(self) -> bool {
        matches!(self, Self::Admin | Self::Write | Self::Ingest)
    }
}

/// Whoever presents a token.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The token.
    pub token_id: TokenId,
    /// Its name.
    pub name: String,
    /// Its org.
    pub org_id: OrgId,
    /// What it may do.
    pub role: Role,
    /// The sites that it is for; `None` is the whole org.
    pub sites: Option<BTreeSet<SiteId>>,
    /// The addresses that it may come from; none is any.
    pub src_ips: Vec<IpNet>,
}

impl Principal {
    /// Whether it may come from this address.
    pub fn may_come_from(&self, ip: IpAddr) -> bool {
        self.src_ips.is_empty() || self.src_ips.iter().any(|net| net.contains(&ip))
    }

    /// Whether it may touch this site of its org.
    pub fn covers_site(&self, site: SiteId) -> bool {
        self.sites.as_ref().is_none_or(|sites| sites.contains(&site))
    }

    /// As an audit names it.
    pub fn actor(&self, src_ip: Option<String>, user_agent: Option<String>) -> Actor {
        Actor {
            admin_id: Some(AdminId(self.token_id.0)),
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
pub(crate) fn new_key() -> Result<String, CatalogError> {
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
