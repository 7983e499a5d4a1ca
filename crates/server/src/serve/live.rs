//! Asking the shards what their sites look like.
//!
//! Questions wait in a bounded queue of each shard, beside that of its blocks. One sign among the
//! blocks says that there are any, and a shard answers a few of them after each turn: whoever
//! asks delays a block by a few pages, and nobody who asks delays nothing at all. The devices of
//! a site are told with how many clients each AP has, for which all clients of the site are walked
//! once: the one question whose cost grows with the site.

use foghorn_api::{Ask, Live, LiveClient, LiveDevice, LiveEdge, LiveRadio, Told};
use foghorn_engine::{ClientView, DeviceView, EdgeView, RadioView};
use foghorn_ingest::journal::Refused;
use foghorn_model::event::client::Association;
use foghorn_model::{Mac, Partition, SiteId};
use foghorn_pipeline::Shard;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Questions that wait for a shard.
const ASKED_MAX: usize = 64;
/// Questions that are answered after one turn of a shard.
const ANSWERED_A_TURN: usize = 8;
/// How long somebody waits for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// When somebody who got none is to come again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Clients that are looked at for one answer.
const CLIENTS_SCANNED_MAX: usize = 20_000;

struct Question {
    site: SiteId,
    ask: Ask,
    answer: oneshot::Sender<Live>,
}

/// Where questions to a shard are put.
#[derive(Clone)]
pub struct Asker {
    questions: SyncSender<Question>,
    asked: Arc<AtomicBool>,
    /// Puts the sign among the shard's blocks.
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// Where a shard finds them.
pub struct Asked {
    questions: Receiver<Question>,
    asked: Arc<AtomicBool>,
}

/// The two ends; `wake` makes the shard turn.
pub fn asking(wake: impl Fn() + Send + Sync + 'static) -> (Asker, Asked) {
    let (sender, receiver) = sync_channel(ASKED_MAX);
    let asked = Arc::new(AtomicBool::new(false));
    let asker = Asker { questions: sender, asked: Arc::clone(&asked), wake: Arc::new(wake) };
    (asker, Asked { questions: receiver, asked })
}

impl Asker {
    pub fn ask(&self, site: SiteId, ask: Ask) -> Told<Live> {
        let (answer, answered) = oneshot::channel();
        let busy = Refused::Busy { retry_after: RETRY_AFTER };
        let refused = match self.questions.try_send(Question { site, ask, answer }) {
            Ok(()) => None,
            Err(TrySendError::Full(_)) => Some(busy),
            Err(TrySendError::Disconnected(_)) => {
                Some(Refused::Stopping { retry_after: RETRY_AFTER })
            }
        };
        if !self.asked.swap(true, Ordering::AcqRel) {
            (self.wake)();
        }
        Box::pin(async move {
            if let Some(refused) = refused {
                return Err(refused);
            }
            match tokio::time::timeout(ANSWER_TIME_MAX, answered).await {
                Ok(Ok(live)) => Ok(live),
                Ok(Err(_)) | Err(_) => Err(busy),
            }
        })
    }
}

impl Asked {
    /// Answers some of what was asked; whether there is more.
    pub fn answer(&self, shard: &Shard) -> bool {
        if !self.asked.swap(false, Ordering::AcqRel) {
            return false;
        }
        for _ in 0..ANSWERED_A_TURN {
            match self.questions.try_recv() {
                Ok(question) if !question.answer.is_closed() => {
                    let live = look(shard, question.site, question.ask);
                    // Who asked may have left meanwhile.
                    drop(question.answer.send(live));
                }
                Ok(_) => {}
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            }
        }
        self.asked.store(true, Ordering::Release);
        true
    }
}

fn look(shard: &Shard, site: SiteId, ask: Ask) -> Live {
    let Some(worker) = shard.worker(Partition::of_site(site)) else { return Live::default() };
    let mut live = Live { record: worker.last(), clock: worker.clock(), ..Live::default() };
    // A site that was just made is not folded yet, and has nothing.
    let Some(view) = worker.site(site) else { return live };
    live.client_count = view.client_count();
    match ask {
        Ask::Devices => {
            let mut at: BTreeMap<Mac, usize> = BTreeMap::new();
            for client in view.clients_after(None) {
                *at.entry(client.association.ap).or_default() += 1;
            }
            let count = |mac| at.get(&mac).copied().unwrap_or(0);
            let devices = view.devices().map(|it| (it.device.mac, it));
            let radios = |mac| view.radios(mac).map(|it| radio(&it)).collect();
            let live_of = |(mac, it)| (mac, device(&it, count(mac), radios(mac)));
            live.devices = devices.map(live_of).collect();
        }
        Ask::Edges => live.edges = view.edges().map(|it| (it.edge.mac, edge(&it))).collect(),
        Ask::Clients { after, since, rows } => {
            for (scanned, view) in view.clients_after(after).enumerate() {
                if scanned == CLIENTS_SCANNED_MAX || live.clients.len() == rows {
                    return live;
                }
                live.next = Some(view.association.mac);
                if view.heard >= since {
                    live.clients.push(client(&view));
                }
            }
            live.next = None;
        }
        Ask::Client(mac) => live.clients.extend(view.client(mac).map(|it| client(&it))),
    }
    live
}

fn device(view: &DeviceView<'_>, client_count: usize, radios: Vec<LiveRadio>) -> LiveDevice {
    LiveDevice {
        device_type: view.device.device_type,
        is_up: view.is_up,
        since: view.since,
        heard: view.heard,
        version: view.version.to_owned(),
        ext_ip: view.ext_ip,
        client_count,
        radios,
    }
}

fn radio(view: &RadioView<'_>) -> LiveRadio {
    LiveRadio {
        band: view.band.to_owned(),
        setting: view.setting,
        utilization: view.utilization,
        noise_floor: view.noise_floor,
    }
}

fn edge(view: &EdgeView<'_>) -> LiveEdge {
    LiveEdge { is_up: view.is_up, heard: view.heard }
}

fn client(view: &ClientView<'_>) -> LiveClient {
    let make = view.make();
    let association = Association {
        manufacture: make.manufacture,
        family: make.family,
        model: make.model,
        os: make.os,
        rssi: view.rssi,
        ..view.association.clone()
    };
    LiveClient { association, heard: view.heard }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test]
    async fn only_so_many_questions_wait_and_the_shard_is_woken_once() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let wake = move || {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let (asker, asked) = asking(wake);
        let site = SiteId::from_bytes([1; 16]);
        let waiting: Vec<_> = (0..ASKED_MAX).map(|_| asker.ask(site, Ask::Devices)).collect();
        let refused = asker.ask(site, Ask::Devices).await.unwrap_err();
        assert!(matches!(refused, Refused::Busy { .. }), "{refused}");
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        drop(asked);
        let stopping = asker.ask(site, Ask::Devices).await.unwrap_err();
        assert!(matches!(stopping, Refused::Stopping { .. }), "{stopping}");
        for answer in waiting {
            assert!(answer.await.is_err(), "whoever waited is let go");
        }
    }
}
