//! What the API needs of the server.

use super::clock;
use super::journal::Inlet;
use super::live::Asker;
use foghorn_api::{Ask, Backend, Live, LogPiece, LoggedEvent, Pulse, Told};
use foghorn_dispatch::egress::headers::check_custom;
use foghorn_dispatch::egress::{Egress, UrlError};
use foghorn_ingest::journal::{Durable, Refused};
use foghorn_ingest::syslog::unclaimed::{Sender, Unclaimed};
use foghorn_log::{Log, LogError};
use foghorn_model::alarm::Acknowledgement;
use foghorn_model::event::block::EventBlock;
use foghorn_model::record::Command;
use foghorn_model::{OrgId, Partition, SiteId, Timestamp, Webhook};
use foghorn_pipeline::EventLogs;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// When to come again while a partition recovers, or its log cannot be read.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Bytes of events that are read at a time for one who follows them.
const PIECE_BYTES: usize = 256 << 10;

pub struct ServerBackend {
    pub inlet: Inlet,
    pub egress: Arc<Egress>,
    pub askers: Vec<Asker>,
    pub pulse: Arc<Pulse>,
    pub events: EventLogs,
    pub unclaimed: Arc<Unclaimed>,
}

impl Backend for ServerBackend {
    fn ping(&self, webhook: &Webhook) -> Result<Durable, Refused> {
        self.inlet.command(webhook.org_id, Command::ping(webhook))
    }

    fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<Durable, Refused> {
        self.inlet.command(acknowledgement.org_id, Command::Acknowledge(acknowledgement))
    }

    fn check_url<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let reason = |error: UrlError| without("url: ", &error.to_string());
            let destination = self.egress.check_url(url).map_err(reason)?;
            self.egress.vet(&destination).await.map_err(reason)
        })
    }

    fn check_headers(&self, headers: &BTreeMap<String, String>) -> Result<(), String> {
        check_custom(headers).map_err(|error| without("headers: ", &error.to_string()))
    }

    fn live(&self, site: SiteId, ask: Ask) -> Told<Live> {
        let partition = Partition::of_site(site);
        if !self.pulse.is_recovered(partition) {
            let recovering = Refused::Busy { retry_after: RETRY_AFTER };
            return Box::pin(std::future::ready(Err(recovering)));
        }
        self.askers[partition.index() % self.askers.len()].ask(site, ask)
    }

    fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    fn events(&self, partition: Partition, from: u64, upto: u64) -> Told<LogPiece> {
        let logs = self.events.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || piece(&logs, partition, from, upto));
            match read.await {
                Ok(Ok(piece)) => Ok(piece),
                Ok(Err(error)) => {
                    tracing::error!(%error, %partition, from, "events cannot be read");
                    Err(Refused::Busy { retry_after: RETRY_AFTER })
                }
                Err(_) => Err(Refused::Stopping { retry_after: RETRY_AFTER }),
            }
        })
    }

    fn unclaimed(&self, org: OrgId, is_only: bool) -> Vec<Sender> {
        self.unclaimed.of_org(org, is_only)
    }

    fn now(&self) -> Timestamp {
        clock::now()
    }
}

/// The answer names the field by itself.
fn without(field: &str, message: &str) -> String {
    message.strip_prefix(field).unwrap_or(message).into()
}

/// Events of the records `from..=upto`, of both logs, as far as one reading goes.
fn piece(
    logs: &EventLogs,
    partition: Partition,
    from: u64,
    upto: u64,
) -> Result<LogPiece, LogError> {
    let mut piece = LogPiece { through: upto, ..LogPiece::default() };
    for log in [&logs.record, &logs.stream] {
        let log: &dyn Log = &**log;
        let blocks = log.read(partition.0, from, PIECE_BYTES)?;
        // There may be more behind the last block that was read, if there was one.
        if let Some(last) = blocks.last() {
            piece.through = piece.through.min(last.last);
        }
        for block in &blocks {
            for event in EventBlock::new(partition, &block.bytes) {
                let Ok(event) = event else {
                    let last = block.last;
                    tracing::error!(%partition, last, "an event block does not decode");
                    break;
                };
                let json = String::from_utf8_lossy(event.json).into_owned();
                piece.events.push(LoggedEvent { entry: event.entry, json });
            }
        }
        piece.removed_before = piece.removed_before.max(log.removed_before(partition.0));
    }
    let wanted = from..=piece.through;
    piece.events.retain(|event| wanted.contains(&event.entry.key.record));
    piece.events.sort_by_key(|event| event.entry.key);
    Ok(piece)
}
