//! The REST surface: Mist's paths, bodies, errors and pagination, and Foghorn's own beside them.
//!
//! Every request is answered within the scope of its token: what belongs to another org or site
//! is not found, as if it were not there. The OpenAPI document is made of the same annotations
//! that the routes carry.

mod caller;
mod docs;
mod error;
mod gather;
mod live;
mod openapi;
mod page;
mod proxies;
mod query;
mod resources;
mod routes;
mod rows;
mod schema;
mod search;
mod streams;
mod throttle;

use axum::Router;
use axum::extract::FromRef;
use axum::response::Response;
use foghorn_catalog::{Catalog, CatalogError, DeliveryStore, HistoryStore};
use foghorn_ingest::journal::{Durable, Journal, Refused};
use foghorn_ingest::mist::RelayMetrics;
use foghorn_ingest::syslog::unclaimed::Sender;
use foghorn_model::alarm::Acknowledgement;
use foghorn_model::{OrgId, Partition, SiteId, Timestamp, Webhook};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use caller::CALLS_PER_HOUR;
pub use live::{
    Ask, Live, LiveClient, LiveDevice, LiveEdge, LiveRadio, LogPiece, LoggedEvent, Pulse, Told,
};
pub use proxies::Proxies;
pub use throttle::network;

/// Passwords that are hashed at one time: each takes 19 MiB and some 30 ms.
const HASHED_AT_ONCE: usize = 4;
/// Bodies of relayed messages that are held at one time before it is known who sent them: they
/// take a quarter of a GiB at most.
const UNVERIFIED_AT_ONCE: usize = 32;

/// What the API needs of the rest of the server.
pub trait Backend: Send + Sync + 'static {
    /// Journals the command that pings this webhook.
    ///
    /// # Errors
    /// When it cannot be taken for now.
    fn ping(&self, webhook: &Webhook) -> Result<Durable, Refused>;

    /// Journals the command that acknowledges alarms of a site, or takes that back.
    ///
    /// # Errors
    /// When it cannot be taken for now.
    fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<Durable, Refused>;

    /// Whether webhooks may go to this URL, looked up as a send would.
    fn check_url<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

    /// Whether webhooks may carry these headers.
    ///
    /// # Errors
    /// Why not.
    fn check_headers(
        &self,
        headers: &std::collections::BTreeMap<String, String>,
    ) -> Result<(), String>;

    /// What a site looks like; refused while its partition recovers.
    fn live(&self, site: SiteId, ask: Ask) -> Told<Live>;

    /// How far the partitions are folded.
    fn pulse(&self) -> &Pulse;

    /// The events of the records from `from` to `upto` that are kept, or the first of them.
    fn events(&self, partition: Partition, from: u64, upto: u64) -> Told<LogPiece>;

    /// Senders of syslog that belong to no site, those that this org may know of, the latest first;
    /// `is_only` says that there is no other org.
    fn unclaimed(&self, org: OrgId, is_only: bool) -> Vec<Sender>;

    /// Now.
    fn now(&self) -> Timestamp;
}

/// What every handler works with.
#[derive(Clone)]
pub struct Api {
    catalog: Arc<Catalog>,
    deliveries: Arc<DeliveryStore>,
    history: Arc<HistoryStore>,
    journal: Arc<dyn Journal>,
    backend: Arc<dyn Backend>,
    calls: Arc<caller::Calls>,
    throttle: Arc<throttle::Throttle>,
    streams: Arc<streams::Streams>,
    /// Passwords that are hashed at once.
    hashing: Arc<tokio::sync::Semaphore>,
    /// Messages to relay that are read at once.
    relaying: Arc<tokio::sync::Semaphore>,
    relay_metrics: Arc<RelayMetrics>,
    /// Whether cookies are to be sent over TLS only.
    secure: bool,
    /// Whose word on the way of a request is taken.
    proxies: Proxies,
    /// What makes the first administrator, where there is none.
    setup_token: Option<Arc<str>>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("catalog", &self.catalog).finish_non_exhaustive()
    }
}

impl FromRef<Api> for Arc<Catalog> {
    fn from_ref(api: &Api) -> Self {
        Arc::clone(&api.catalog)
    }
}

impl Api {
    /// The API over these parts.
    pub fn new(
        catalog: Arc<Catalog>,
        deliveries: Arc<DeliveryStore>,
        history: Arc<HistoryStore>,
        journal: Arc<dyn Journal>,
        backend: Arc<dyn Backend>,
    ) -> Self {
        let streams = Arc::new(streams::Streams::default());
        let told = Arc::clone(&streams);
        catalog.on_access(move || told.access_changed());
        Self {
            catalog,
            deliveries,
            history,
            journal,
            backend,
            calls: Arc::new(caller::Calls::new(CALLS_PER_HOUR)),
            throttle: Arc::default(),
            streams,
            hashing: Arc::new(tokio::sync::Semaphore::new(HASHED_AT_ONCE)),
            relaying: Arc::new(tokio::sync::Semaphore::new(UNVERIFIED_AT_ONCE)),
            relay_metrics: Arc::default(),
            secure: false,
            proxies: Proxies::default(),
            setup_token: None,
        }
    }

    /// Sends cookies over TLS only.
    #[must_use]
    pub fn secure(self, secure: bool) -> Self {
        Self { secure, ..self }
    }

    /// Believes these proxies whom they are asked by.
    #[must_use]
    pub fn proxies(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// Lets a token make so many calls in an hour.
    #[must_use]
    pub fn calls_per_hour(self, calls: u32) -> Self {
        Self { calls: Arc::new(caller::Calls::new(calls)), ..self }
    }

    /// Counts relayed messages here.
    #[must_use]
    pub fn relay_metrics(self, relay_metrics: Arc<RelayMetrics>) -> Self {
        Self { relay_metrics, ..self }
    }

    /// Lets whoever shows this token make the first administrator.
    #[must_use]
    pub fn setup_token(self, token: Option<&str>) -> Self {
        Self { setup_token: token.map(Into::into), ..self }
    }

    /// Ends every stream, since the server stops; their clients come again.
    pub fn end_streams(&self) {
        self.streams.end();
    }

    /// The routes.
    pub fn router(self) -> Router {
        let (router, document) = routes::all().split();
        let document: Arc<str> = to_json(&document).into();
        let openapi = axum::routing::get(move || async move {
            ([(http::header::CONTENT_TYPE, "application/json")], document.to_string())
        });
        router
            .route("/api/v1/openapi.json", openapi)
            .merge(docs::routes())
            .fallback(|| async { error::Error::NotFound })
            .method_not_allowed_fallback(|| async { error::Error::Method })
            .layer(axum::middleware::map_response(guarded))
            .with_state(self)
    }

    /// Does work that waits for the disk on a thread that may wait.
    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Catalog) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, error::Error> {
        let catalog = Arc::clone(&self.catalog);
        let done = tokio::task::spawn_blocking(move || act(&catalog)).await;
        Ok(done.map_err(|error| error::Error::Internal(error.to_string()))??)
    }
}

/// An answer is what it says it is, and nobody keeps it who was not asked to.
async fn guarded(mut answer: Response) -> Response {
    let rules = [(X_CONTENT_TYPE_OPTIONS, "nosniff"), (CACHE_CONTROL, "no-store")];
    for (name, value) in rules {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}

/// The OpenAPI 3.1 document, pretty-printed, as it is committed beside the code.
pub fn openapi() -> String {
    to_json(&routes::all().split().1)
}

fn to_json(document: &Value) -> String {
    format!("{document:#}\n")
}
