//! What changes in an org or a site, looked for once for all who subscribe to it.
//!
//! A feed begins with its first subscriber and ends with its last. It looks when a partition of
//! its sites has moved or the configuration has, and at most once a second, so that however many
//! watch, the shards are asked once. A subscriber that enters is told when the feed has looked;
//! whatever it then reads by itself is no older than that, and whatever changes after that is
//! pushed: so nothing falls between the two.

use super::channel::What;
use crate::Api;
use crate::error::Error;
use crate::live::{Ask, LiveClient, LiveDevice, LiveEdge};
use crate::rows;
use foghorn_catalog::{Document, Scope};
use foghorn_model::{Mac, OrgId, Partition, SiteId, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

/// How often a feed looks, at most.
const EVERY: Duration = Duration::from_secs(1);
/// Pushes that wait for a connection to send them.
const WAITING_MAX: usize = 64;

/// What a feed is of.
pub(super) type FeedKey = (OrgId, Option<SiteId>, What);

/// The feeds that run.
#[derive(Debug, Default)]
pub(super) struct Feeds(Mutex<BTreeMap<FeedKey, mpsc::UnboundedSender<Request>>>);

/// Rows that changed.
#[derive(Debug)]
pub(super) struct Push {
    /// The subscription.
    pub(super) id: u64,
    /// The site that they are of; none of what is read from the catalog.
    pub(super) site: Option<SiteId>,
    /// The record, or the change of the catalog, after which the site was like that.
    pub(super) at: u64,
    /// The rows, as texts.
    pub(super) rows: Arc<[String]>,
}

/// Where a connection finds what is pushed to it.
#[derive(Debug)]
pub(super) struct Outbox {
    pushes: mpsc::Sender<Push>,
    /// Told when more was pushed than waits for it.
    pub(super) overrun: Notify,
}

impl Outbox {
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<Push>) {
        let (pushes, receiver) = mpsc::channel(WAITING_MAX);
        (Arc::new(Self { pushes, overrun: Notify::new() }), receiver)
    }

    /// Leaves rows for the connection, which is told when it is too slow for them. One that is
    /// about to leave takes none.
    fn put(&self, push: Push) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.pushes.try_send(push) {
            self.overrun.notify_one();
        }
    }
}

#[derive(Debug)]
pub(super) enum Request {
    Enter { subscriber: Subscriber, looked: oneshot::Sender<()> },
    Leave(u64),
}

#[derive(Debug)]
pub(super) struct Subscriber {
    id: u64,
    outbox: Arc<Outbox>,
}

/// A place in a feed; given up when it is dropped.
#[derive(Debug)]
pub(super) struct Entered {
    id: u64,
    feed: mpsc::UnboundedSender<Request>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // A feed that has ended has no places.
        drop(self.feed.send(Request::Leave(self.id)));
    }
}

impl Feeds {
    /// Enters a feed under an id of the subscriber's, when the feed has looked.
    pub(super) async fn enter(
        &self,
        api: &Api,
        key: FeedKey,
        id: u64,
        outbox: &Arc<Outbox>,
    ) -> Entered {
        let (looked, has_looked) = oneshot::channel();
        let subscriber = Subscriber { id, outbox: Arc::clone(outbox) };
        let request = Request::Enter { subscriber, looked };
        let feed = {
            let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let feed = running.entry(key).or_insert_with(|| {
                let (sender, requests) = mpsc::unbounded_channel();
                tokio::spawn(Feed::new(api.clone(), key, requests).run());
                sender
            });
            // It ends only with the lock held, and takes itself out: it is there to take this.
            drop(feed.send(request));
            feed.clone()
        };
        let entered = Entered { id, feed };
        // An error is a feed that ended with the server.
        drop(has_looked.await);
        entered
    }

    /// Takes a feed out unless somebody is about to enter.
    fn take_out(&self, key: FeedKey, requests: &mpsc::UnboundedReceiver<Request>) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = requests.is_empty();
        if is_idle {
            running.remove(&key);
        }
        is_idle
    }
}

/// What was last seen of a site.
#[derive(Debug, Default)]
struct Seen {
    record: u64,
    clock: Timestamp,
    devices: BTreeMap<Mac, LiveDevice>,
    edges: BTreeMap<Mac, LiveEdge>,
    /// The clients of the last look: only they can come up again unchanged.
    clients: BTreeMap<Mac, LiveClient>,
}

struct Feed {
    api: Api,
    key: FeedKey,
    requests: mpsc::UnboundedReceiver<Request>,
    subscribers: Vec<Subscriber>,
    sites: BTreeMap<SiteId, Seen>,
    /// The objects as of a change of the catalog, and the version that each was pushed in.
    seq: u64,
    documents: Vec<Document>,
    versions: BTreeMap<Uuid, i64>,
}

impl Feed {
    fn new(api: Api, key: FeedKey, requests: mpsc::UnboundedReceiver<Request>) -> Self {
        Self {
            api,
            key,
            requests,
            subscribers: Vec::new(),
            sites: BTreeMap::new(),
            seq: 0,
            documents: Vec::new(),
            versions: BTreeMap::new(),
        }
    }

    async fn run(mut self) {
        let api = self.api.clone();
        let mut pulse = api.backend.pulse().watch();
        let mut access = api.streams.access.subscribe();
        let (mut has_looked, mut moved, mut at) = (false, false, Instant::now());
        loop {
            tokio::select! {
                request = self.requests.recv() => match request {
                    None => return,
                    Some(Request::Enter { subscriber, looked }) => {
                        if !has_looked {
                            // What cannot be seen now is pushed when it can be.
                            moved |= self.look().await.is_err();
                            (has_looked, at) = (true, Instant::now());
                        }
                        self.subscribers.push(subscriber);
                        if looked.send(()).is_err() {
                            tracing::debug!("who entered a feed has left");
                        }
                    }
                    Some(Request::Leave(id)) => {
                        self.subscribers.retain(|subscriber| subscriber.id != id);
                        if self.subscribers.is_empty()
                            && api.streams.feeds.take_out(self.key, &self.requests)
                        {
                            return;
                        }
                    }
                },
                told = pulse.changed(), if !moved => match told {
                    Ok(()) => moved = true,
                    Err(_) => return,
                },
                told = access.changed(), if !moved => match told {
                    Ok(()) => moved = true,
                    Err(_) => return,
                },
                () = tokio::time::sleep_until(at + EVERY), if moved => {
                    moved = match self.look().await {
                        Ok(()) => false,
                        Err(error) => {
                            tracing::debug!(%error, "a feed could not look");
                            true
                        }
                    };
                    at = Instant::now();
                }
            }
        }
    }

    fn scope(&self) -> Scope {
        Scope { org: self.key.0, site: self.key.1 }
    }

    /// Looks for what changed and pushes it.
    async fn look(&mut self) -> Result<(), Error> {
        let seq = self.api.catalog.last_seq();
        let is_configured = seq != self.seq;
        if let Some(kind) = self.key.2.kind()
            && is_configured
        {
            self.documents = self.api.all(kind, self.scope()).await?;
        }
        match self.key.2 {
            What::Devices | What::Clients => self.look_at_sites(seq).await?,
            What::Edges => {
                self.look_at_sites(seq).await?;
                // Nobody asks a shard for what is at no site.
                self.look_at_objects(seq, |it| it.site_id.is_none(), |it| rows::edge(it, None));
            }
            What::DeviceObjects | What::EdgeObjects => {
                self.look_at_objects(seq, |_| true, |document| document.to_json(false));
            }
        }
        let there = &self.documents;
        self.versions.retain(|id, _| there.iter().any(|it| it.id == *id));
        self.seq = seq;
        Ok(())
    }

    fn look_at_objects(
        &mut self,
        seq: u64,
        which: fn(&Document) -> bool,
        row: fn(&Document) -> Value,
    ) {
        let Self { documents, versions, .. } = self;
        let mut rows = Vec::new();
        for document in documents.iter().filter(|it| which(it)) {
            if versions.insert(document.id, document.version) != Some(document.version) {
                rows.push(row(document).to_string());
            }
        }
        self.push(None, seq, rows);
    }

    async fn look_at_sites(&mut self, seq: u64) -> Result<(), Error> {
        let is_configured = self.key.2.kind().is_some() && seq != self.seq;
        let scopes = self.api.sites(self.scope());
        self.sites.retain(|site, _| scopes.iter().any(|scope| scope.site == Some(*site)));
        for scope in scopes {
            let Some(site) = scope.site else { continue };
            let moved = self.api.backend.pulse().last(Partition::of_site(site));
            let seen = self.sites.entry(site).or_default();
            if moved <= seen.record && !is_configured {
                continue;
            }
            match self.key.2 {
                What::Devices => self.look_at_devices(seq, site).await?,
                What::Edges => self.look_at_edges(seq, site).await?,
                What::Clients => self.look_at_clients(scope, site).await?,
                What::DeviceObjects | What::EdgeObjects => {}
            }
        }
        Ok(())
    }
    async fn look_at_devices(&mut self, seq: u64, site: SiteId) -> Result<(), Error> {
        let live = self.api.live(site, Ask::Devices).await?;
        let now = self.api.backend.now();
        let Self { documents, versions, sites, .. } = self;
        let seen = sites.entry(site).or_default();
        let documents = documents.iter().filter(|it| it.site_id == Some(site));
        let row = |it: &Document, device: Option<&LiveDevice>| rows::device(it, device, now);
        let rows = changed(documents, versions, [&seen.devices, &live.devices], row);
        (seen.devices, seen.record) = (live.devices, live.record);
        self.push_both(site, [seq, live.record], rows);
        Ok(())
    }

    async fn look_at_edges(&mut self, seq: u64, site: SiteId) -> Result<(), Error> {
        let live = self.api.live(site, Ask::Edges).await?;
        let Self { documents, versions, sites, .. } = self;
        let seen = sites.entry(site).or_default();
        let documents = documents.iter().filter(|it| it.site_id == Some(site));
        let rows = changed(documents, versions, [&seen.edges, &live.edges], rows::edge);
        (seen.edges, seen.record) = (live.edges, live.record);
        self.push_both(site, [seq, live.record], rows);
        Ok(())
    }

    async fn look_at_clients(&mut self, scope: Scope, site: SiteId) -> Result<(), Error> {
        let now = self.api.backend.now();
        let seen = self.sites.entry(site).or_default();
        if seen.record == 0 {
            // Whoever enters reads all of them: only from here on does it matter who moves.
            let live = self.api.live(site, Ask::Client(Mac::NONE)).await?;
            (seen.record, seen.clock) = (live.record, live.clock);
            return Ok(());
        }
        let (mut clients, mut rows) = (BTreeMap::new(), Vec::new());
        let show = |client: &LiveClient| {
            let mac = client.association.mac;
            if seen.clients.get(&mac) != Some(client) {
                rows.push(rows::client(scope, client, now).to_string());
            }
            clients.insert(mac, client.clone());
            true
        };
        let live = self.api.each_client(site, seen.clock, show).await?;
        *seen = Seen { record: live.record, clock: live.clock, clients, ..Seen::default() };
        self.push(Some(site), live.record, rows);
        Ok(())
    }

    /// What is configured counts by the catalog, what is live by the site.
    fn push_both(&self, site: SiteId, [seq, record]: [u64; 2], rows: [Vec<String>; 2]) {
        let [configured, live] = rows;
        self.push(None, seq, configured);
        self.push(Some(site), record, live);
    }

    fn push(&self, site: Option<SiteId>, at: u64, rows: Vec<String>) {
        if rows.is_empty() {
            return;
        }
        let rows: Arc<[String]> = rows.into();
        for subscriber in &self.subscribers {
            let push = Push { id: subscriber.id, site, at, rows: Arc::clone(&rows) };
            subscriber.outbox.put(push);
        }
    }
}

/// The rows of what was configured since it was last seen, and of what is live otherwise than
/// before. What is both is in both: who has read the one may not have read the other.
fn changed<'a, T: PartialEq>(
    documents: impl Iterator<Item = &'a Document>,
    versions: &mut BTreeMap<Uuid, i64>,
    [before, now]: [&BTreeMap<Mac, T>; 2],
    row: impl Fn(&Document, Option<&T>) -> Value,
) -> [Vec<String>; 2] {
    let (mut configured, mut moved) = (Vec::new(), Vec::new());
    for document in documents {
        let Ok(mac) = document.text("mac").parse::<Mac>() else { continue };
        let is_configured =
            versions.insert(document.id, document.version) != Some(document.version);
        let is_moved = before.get(&mac) != now.get(&mac);
        if is_configured || is_moved {
            let row = row(document, now.get(&mac)).to_string();
            configured.extend(is_configured.then(|| row.clone()));
            moved.extend(is_moved.then_some(row));
        }
    }
    [configured, moved]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_told_so_and_holds_nothing_up() {
        let (outbox, mut pushes) = Outbox::new();
        let put = || outbox.put(Push { id: 1, site: None, at: 1, rows: Arc::new([]) });
        let is_told =
            async || tokio::time::timeout(Duration::ZERO, outbox.overrun.notified()).await.is_ok();
        (0..WAITING_MAX).for_each(|_| put());
        assert!(!is_told().await);
        put();
        assert!(is_told().await);
        assert_eq!(pushes.recv().await.unwrap().id, 1);
        put();
        assert!(!is_told().await);
    }
}
