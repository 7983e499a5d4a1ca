//! The way out: one POST to a receiver that nobody trusts.
//!
//! - **Where**: only addresses that the policy allows, vetted at the moment of the dial
//!   ([`policy`], [`connect`]). No redirects, no proxies, whatever the environment says.
//! - **How long**: one deadline over look-up, connect, TLS, write and head of the answer. Its body
//!   is read for as long as the deadline leaves, at most [`BODY_SECS_MAX`]; the status has decided
//!   by then, so a body that drips costs its connection and nothing else.
//! - **How much**: [`HEAD_BYTES_MAX`] of head, [`BODY_KEPT_BYTES_MAX`] of body, counted as they
//!   come over the wire: nothing is ever decoded. A longer body costs the connection.
//! - **What**: the body's bytes are shared with the caller, never copied (under TLS, encrypted).
//!
//! A kept connection that the receiver closed is replaced, and the request sent again only if no
//! byte of it was written; otherwise the attempt has failed, and the next one may be a repeat. An
//! attempt that is dropped, or runs out of time, closes its connection then and there.
//!
//! An `Egress` has one policy and a pool of its own: two orgs with different policies need two,
//! for a pooled connection was vetted under the policy that dialled it.

pub mod address;
mod connect;
mod connection;
mod destination;
mod error;
pub mod headers;
mod network;
pub mod policy;
mod pool;
mod stream;
mod tls;

pub use connect::DIALS_MAX;
pub use destination::{Destination, URL_BYTES_MAX, UrlError, check_url};
pub use error::SendError;
pub use network::{LOOKUPS_MAX, Network, Pending, SystemNetwork};
pub use policy::AddressPolicy;
pub use pool::{IDLE_MAX, IDLE_PER_ORIGIN_MAX, IDLE_SECS_MAX};

use crate::outcome::{Answer, ErrorClass};
use crate::schedule::RetryAfter;
use crate::sign::Signatures;
use bytes::{Bytes, BytesMut};
use connect::Route;
use connection::{Connection, Lost};
use foghorn_model::time::Micros;
use headers::{Template, Trace};
use http::header::{self, HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use pool::Pool;
use rustls_pki_types::CertificateDer;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// The deadline of an attempt, unless the operator configures another.
pub const SEND_SECS_MAX: u64 = 10;
/// The longest deadline that is taken at its word.
pub const DEADLINE_SECS_MAX: u64 = 600;
/// Look-up, connect and TLS together, within the deadline.
pub const CONNECT_SECS_MAX: u64 = 5;
/// How long the body of an answer is read, within the deadline.
pub const BODY_SECS_MAX: u64 = 2;
/// How much of an answer's body is kept.
pub const BODY_KEPT_BYTES_MAX: usize = 16 * 1024;
/// The longest head of an answer. (Its headers are at most 100, hyper's limit.)
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The longest `Location` that is kept.
pub const LOCATION_BYTES_MAX: usize = 2048;

/// How an [`Egress`] is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it may go.
    pub policy: AddressPolicy,
    /// Roots that are trusted beside the web's, in DER.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Limit of look-up, connect and TLS.
    pub connect_max: Duration,
    /// The operating system, or a test's idea of it.
    pub network: Arc<dyn Network>,
}

impl Options {
    /// Everything by default but the policy.
    pub fn new(policy: AddressPolicy) -> Self {
        Self {
            policy,
            extra_roots: Vec::new(),
            connect_max: Duration::from_secs(CONNECT_SECS_MAX),
            network: Arc::new(SystemNetwork::default()),
        }
    }
}

/// TLS could not be set up: an extra root is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("tls roots: {0}")]
pub struct SetupError(#[from] rustls::Error);

/// One attempt.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Where to.
    pub destination: &'a Destination,
    /// The headers that all attempts of the webhook share.
    pub headers: &'a Template,
    /// Where the batch lies in its lane.
    pub trace: Trace<'a>,
    /// The signatures of this attempt, over `body`.
    pub signatures: &'a Signatures,
    /// The credential that the webhook's type asks for.
    pub authorization: Option<HeaderValue>,
    /// The body, as it was signed.
    pub body: Bytes,
    /// How long it may take, all in all; at most [`DEADLINE_SECS_MAX`].
    pub deadline: Duration,
    /// Whether the receiver's certificate is verified.
    pub verify_cert: bool,
}

/// Any POST, with all of its headers.
pub(crate) struct Post<'a> {
    pub(crate) destination: &'a Destination,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) deadline: Duration,
    pub(crate) verify_cert: bool,
}

/// What a receiver answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// Its `Retry-After`, when it had a readable one.
    pub retry_after: Option<RetryAfter>,
    /// Where a redirect pointed: recorded, never followed.
    pub location: Option<String>,
    /// The first [`BODY_KEPT_BYTES_MAX`] bytes of the body, as they came: any bytes at all.
    pub body_excerpt: Bytes,
    /// Whether there was more, or the body broke off.
    pub truncated: bool,
    /// From the call to the head of the answer.
    pub latency: Micros,
}

impl Response {
    /// The response as [`crate::outcome::classify`] takes it.
    pub fn answer(&self) -> Answer {
        Answer::Status { code: self.status, retry_after: self.retry_after }
    }
}

/// Sends.
pub struct Egress {
    route: Route,
    strict: Way,
    lax: Way,
}

/// With and without verified certificates: no connection of one serves the other.
struct Way {
    tls: TlsConnector,
    pool: Pool<Connection>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("policy", &self.route.policy).finish_non_exhaustive()
    }
}

impl Egress {
    /// Sets up TLS; connections are made when first needed, on the runtime that sends.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        let tls = tls::connectors(&options.extra_roots)?;
        let route = Route {
            network: options.network,
            policy: options.policy,
            time_max: options.connect_max.min(Duration::from_secs(DEADLINE_SECS_MAX)),
        };
        let way = |tls| Way { tls, pool: Pool::default() };
        Ok(Self { route, strict: way(tls.verified), lax: way(tls.unverified) })
    }

    /// Checks the text of a URL under this egress's policy.
    pub fn check_url(&self, text: &str) -> Result<Destination, UrlError> {
        check_url(text, &self.route.policy)
    }

    /// Looks the destination up and vets it as a send would, without connecting: what is saved
    /// then agrees with what is sent. A name that does not resolve now may do so later, and
    /// passes.
    pub async fn vet(&self, destination: &Destination) -> Result<(), UrlError> {
        let found = self.route.allowed(destination.host(), destination.port());
        match tokio::time::timeout(self.route.time_max, found).await {
            Ok(Err(error::ConnectError::Blocked)) => Err(UrlError::Blocked),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Sends one attempt. An answer of any status is `Ok`.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, SendError> {
        let headers = request
            .headers
            .attempt(
                request.destination.host_header(),
                &request.trace,
                request.signatures,
                request.authorization,
            )
            .map_err(|error| SendError::new(ErrorClass::Invalid, error))?;
        self.post(Post {
            destination: request.destination,
            headers,
            body: request.body,
            deadline: request.deadline,
            verify_cert: request.verify_cert,
        })
        .await
    }

    /// Everything that leaves goes through here.
    pub(crate) async fn post(&self, post: Post<'_>) -> Result<Response, SendError> {
        let started = Instant::now();
        let allowed = post.deadline.min(Duration::from_secs(DEADLINE_SECS_MAX));
        let deadline = started + allowed;
        let way = if post.verify_cert { &self.strict } else { &self.lax };
        let destination = post.destination;
        let exchange = self.exchange(way, destination, http_request(post));
        let (mut connection, answer) = timeout_at(deadline, exchange).await.map_err(|_| {
            let secs = allowed.as_secs_f32();
            SendError::new(ErrorClass::Timeout, format_args!("no answer within {secs} s"))
        })??;
        let answered = Instant::now();

        let (head, body) = answer.into_parts();
        let body_until = deadline.min(answered + Duration::from_secs(BODY_SECS_MAX));
        let (body_excerpt, truncated) = excerpt(&mut connection, body, body_until).await;
        if !truncated && connection.is_usable() {
            way.pool.put(destination.origin(), connection, Instant::now());
        }
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let location = head.status.is_redirection().then(|| text(header::LOCATION)).flatten();
        Ok(Response {
            status: head.status.as_u16(),
            retry_after: text(header::RETRY_AFTER).and_then(RetryAfter::parse),
            location: location.map(|text| text.chars().take(LOCATION_BYTES_MAX).collect()),
            body_excerpt,
            truncated,
            latency: Micros(micros(answered - started)),
            headers: head.headers,
        })
    }

    /// Sends over a kept connection, else over a new one.
    async fn exchange(
        &self,
        way: &Way,
        destination: &Destination,
        mut request: HttpRequest,
    ) -> Result<(Connection, http::Response<Incoming>), SendError> {
        while let Some(mut kept) = way.pool.take(destination.origin(), Instant::now()) {
            if !kept.is_usable() {
                continue;
            }
            match kept.exchange(request).await {
                Ok(answer) => return Ok((kept, answer)),
                Err(Lost::Unsent(unsent, _)) => request = *unsent,
                Err(Lost::Failed(error)) => return Err(SendError::from_http(&error)),
            }
        }
        let stream = self.route.connect(destination, &way.tls).await?;
        let opened = Connection::open(stream).await;
        let mut fresh = opened.map_err(|error| SendError::from_http(&error))?;
        match fresh.exchange(request).await {
            Ok(answer) => Ok((fresh, answer)),
            Err(Lost::Unsent(_, error) | Lost::Failed(error)) => Err(SendError::from_http(&error)),
        }
    }
}

type HttpRequest = http::Request<Full<Bytes>>;

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn http_request(post: Post<'_>) -> HttpRequest {
    let mut http = http::Request::new(Full::new(post.body));
    *http.method_mut() = http::Method::POST;
    *http.uri_mut() = post.destination.target().clone();
    *http.headers_mut() = post.headers;
    http
}

/// The beginning of a body and whether there is more. Reading to the end, where it is near, is
/// what lets the connection be used again; dropping the rest closes it.
async fn excerpt(connection: &mut Connection, mut body: Incoming, until: Instant) -> (Bytes, bool) {
    let mut kept = BytesMut::new();
    while !body.is_end_stream() {
        let frame = match timeout_at(until, connection.driving(body.frame())).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => return (kept.freeze(), true),
        };
        let Some(bytes) = frame.data_ref() else { continue };
        let room = BODY_KEPT_BYTES_MAX - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return (kept.freeze(), true);
        }
    }
    (kept.freeze(), false)
}
