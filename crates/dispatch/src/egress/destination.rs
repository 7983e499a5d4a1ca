//! From the text of a URL to a destination, by one parser for the check and for the dial.
//!
//! The URL parser of browsers mends what it can (backslashes, tabs, missing slashes, fullwidth
//! digits). Numbers it may normalise, since the normal form is vetted; whatever else a reader
//! could take for another host is refused before it gets that far.

use super::policy::{AddressPolicy, Refusal};
use http::{HeaderValue, Uri};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use url::{Host, Url};

/// The longest URL of a webhook.
pub const URL_BYTES_MAX: usize = 2048;

/// Why a URL was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlError {
    /// Longer than [`URL_BYTES_MAX`].
    #[error("url: longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// No URL, or one that two parsers could read in two ways.
    #[error("url: not a valid url")]
    Malformed,
    /// Neither `http` nor `https`.
    #[error("url: must begin with http:// or https://")]
    Scheme,
    /// A user name or a password in it: they would stand in logs, and a custom header does it.
    #[error("url: must not contain a user name or password")]
    UserInfo,
    /// A `#` part, which is never sent.
    #[error("url: must not contain a fragment")]
    Fragment,
    /// The port is denied, or its number means nothing.
    #[error("url: this port is not allowed")]
    Port,
    /// The address policy refuses the host. The same words for every reason: no map for whoever
    /// is looking for one.
    #[error("url: this destination is not allowed")]
    Blocked,
}

impl From<Refusal> for UrlError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Port(_) => Self::Port,
            Refusal::Class(_) | Refusal::OwnListener | Refusal::Name => Self::Blocked,
        }
    }
}

#[derive(PartialEq, Eq)]
struct Parts {
    /// Path and query, as the request line has them.
    target: Uri,
    host_header: HeaderValue,
    origin: String,
    host: String,
    port: u16,
    https: bool,
}

/// A checked URL, cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination(Arc<Parts>);

/// The origin alone: a path or a query may hold a token.
impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Destination").field(&self.0.origin).finish()
    }
}

impl Destination {
    /// Scheme, host and port, for instance `https://hooks.example.com:443`.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The port, also when the URL leaves it to the scheme.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.0.https
    }

    pub(super) fn target(&self) -> &Uri {
        &self.0.target
    }

    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.0.host_header
    }
}

/// Checks a webhook's URL, when it is saved and again when it is used. Hosts given as an address
/// are vetted here; names are vetted when they are resolved (see [`super::Egress::vet`]).
pub fn check_url(text: &str, policy: &AddressPolicy) -> Result<Destination, UrlError> {
    let url = parse(text)?;
    let port = url.port_or_known_default().ok_or(UrlError::Port)?;
    policy.vet_port(port)?;
    match url.host().ok_or(UrlError::Malformed)? {
        Host::Domain(name) => policy.vet_name(name)?,
        Host::Ipv4(ip) => vet_literal(IpAddr::V4(ip), port, policy)?,
        Host::Ipv6(ip) => vet_literal(IpAddr::V6(ip), port, policy)?,
    }
    destination(&url, port)
}

/// A wildcard listener is left to the dial, which can ask what is local.
fn vet_literal(ip: IpAddr, port: u16, policy: &AddressPolicy) -> Result<(), UrlError> {
    Ok(policy.vet((ip, port).into(), |_| false)?)
}

fn parse(text: &str) -> Result<Url, UrlError> {
    if text.len() > URL_BYTES_MAX {
        return Err(UrlError::TooLong);
    }
    let unclear = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.chars().any(unclear) {
        return Err(UrlError::Malformed);
    }
    let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(UrlError::Scheme);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains('%') {
        return Err(UrlError::Malformed);
    }
    if authority.contains('@') {
        return Err(UrlError::UserInfo);
    }
    let url = Url::parse(text).map_err(|_| UrlError::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlError::Fragment);
    }
    Ok(url)
}

fn destination(url: &Url, port: u16) -> Result<Destination, UrlError> {
    let uri: Uri = url.as_str().parse().map_err(|_| UrlError::Malformed)?;
    // What was vetted is what will be dialled and what the receiver is told.
    if uri.host() != url.host_str() || uri.port_u16() != url.port() {
        return Err(UrlError::Malformed);
    }
    let bracketed = uri.host().ok_or(UrlError::Malformed)?;
    let host = bracketed.trim_start_matches('[').trim_end_matches(']').to_owned();
    let origin = format!("{}://{bracketed}:{port}", url.scheme());
    let authority = uri.authority().ok_or(UrlError::Malformed)?.as_str();
    let host_header = HeaderValue::from_str(authority).map_err(|_| UrlError::Malformed)?;
    let target = uri.path_and_query().cloned().ok_or(UrlError::Malformed)?;
    Ok(Destination(Arc::new(Parts {
        target: target.into(),
        host_header,
        origin,
        host,
        port,
        https: url.scheme() == "https",
    })))
}

#[cfg(test)]
mod tests;
