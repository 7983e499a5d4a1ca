//! The catalog as the committer, the dispatcher and the listeners see it.
//!
//! A committed change reaches them in this order: the subscription index and the directories of
//! RADIUS and syslog are swapped, then the sequence number is published to the intake. So a record that
//! is routed under a sequence finds every subscription of that sequence, and the journal has the
//! change before the record.

use super::journal::Inlet;
use arc_swap::ArcSwap;
use foghorn_catalog::{Catalog, ConfigView};
use foghorn_dispatch::driver::Dispatcher;
use foghorn_dispatch::egress::Egress;
use foghorn_dispatch::lanes::{EventSource, LogBlock, SourceError};
use foghorn_dispatch::{Endpoint, Index};
use foghorn_ingest::radius::directory::{Directory, DirectoryBuilder};
use foghorn_ingest::syslog::directory as syslog;
use foghorn_log::Log;
use foghorn_model::Change;
use foghorn_model::{Partition, TopicClass};
use foghorn_pipeline::{ChangeFeed, EventLogs, FeedError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads the catalog's changes for the journal.
pub struct CatalogFeed {
    pub catalog: Arc<Catalog>,
    pub published: Arc<AtomicU64>,
}

impl ChangeFeed for CatalogFeed {
    fn latest(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, FeedError> {
        self.catalog.changes_after(seq, limit).map_err(|error| FeedError(error.into()))
    }
}

/// Rebuilds the views of the configuration and publishes them.
pub struct Publisher {
    pub egress: Arc<Egress>,
    pub user_agent: String,
    pub radius_secret: Option<String>,
    pub directory: Arc<ArcSwap<Directory>>,
    pub syslog: Arc<ArcSwap<syslog::Directory>>,
    pub dispatcher: Dispatcher,
    pub published: Arc<AtomicU64>,
    pub inlet: Inlet,
}

impl Publisher {
    /// Publishes a view of the catalog.
    pub fn publish(&self, view: &ConfigView) {
        self.dispatcher.set_index(Arc::new(index(view, &self.egress, &self.user_agent)));
        self.directory.store(Arc::new(directory(view, self.radius_secret.clone())));
        self.syslog.store(Arc::new(syslog_directory(view)));
        self.published.fetch_max(view.seq, Ordering::AcqRel);
        self.inlet.nudge();
    }
}

/// The subscription index of a view.
pub fn index(view: &ConfigView, egress: &Egress, user_agent: &str) -> Index {
    let endpoint = |webhook: &foghorn_model::Webhook| {
        Arc::new(Endpoint::new(webhook.clone(), egress, user_agent))
    };
    Index::new(view.seq, view.webhooks.values().map(endpoint))
}

/// The RADIUS directory of a view.
pub fn directory(view: &ConfigView, fallback: Option<String>) -> Directory {
    let mut builder = DirectoryBuilder::new(view.seq).fallback_secret(fallback);
    for site in view.sites.values() {
        builder = builder.site(site.org_id, site.id);
        for client in view.radius_clients(site.id) {
            builder = builder.network(site.org_id, site.id, client.network, &client.secret);
        }
    }
    for device in view.devices.values() {
        builder = builder.device(device);
    }
    builder.build()
}

/// The syslog directory of a view.
pub fn syslog_directory(view: &ConfigView) -> syslog::Directory {
    let mut builder = syslog::DirectoryBuilder::new(view.seq);
    for site in view.sites.values() {
        for sender in view.syslog_senders(site.id) {
            let interfaces = sender.interfaces.iter().map(|(name, it)| {
                let (ssid, bssid, band) = (it.ssid.clone(), it.bssid, it.band.clone());
                (name.clone(), syslog::Interface { ssid, bssid, band })
            });
            builder = builder.claim(syslog::Claim {
                org: site.org_id,
                site: site.id,
                network: sender.network,
                relay: sender.relay,
                interfaces: interfaces.collect(),
            });
        }
    }
    view.devices.values().fold(builder, syslog::DirectoryBuilder::device).build()
}

/// The event logs as lanes read them.
pub struct LogSource(pub EventLogs);

impl LogSource {
    fn log(&self, class: TopicClass) -> &dyn Log {
        match class {
            TopicClass::Record => &*self.0.record,
            TopicClass::Stream => &*self.0.stream,
        }
    }
}

impl EventSource for LogSource {
    fn read(
        &self,
        class: TopicClass,
        partition: Partition,
        record: u64,
        bytes: usize,
    ) -> Result<Vec<LogBlock>, SourceError> {
        let blocks = self.log(class).read(partition.0, record, bytes);
        let blocks = blocks.map_err(|error| SourceError(error.into()))?;
        Ok(blocks
            .into_iter()
            .map(|it| LogBlock { first: it.first, last: it.last, body: it.bytes })
            .collect())
    }

    fn removed_before(&self, class: TopicClass, partition: Partition) -> u64 {
        self.log(class).removed_before(partition.0)
    }
}
