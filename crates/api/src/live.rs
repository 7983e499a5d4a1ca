//! The live state of sites, as the API asks for it and is told that it moved.
//!
//! It is the shards that hold it: they are asked between two blocks, in pieces that are bounded,
//! so that whoever looks holds nobody up.

use foghorn_ingest::journal::Refused;
use foghorn_model::event::client::Association;
use foghorn_model::telemetry::Radio;
use foghorn_model::{DeviceType, EventEntry, Mac, Partition, Timestamp};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use tokio::sync::watch;

/// What is asked of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Every device.
    Devices,
    /// Every edge.
    Edges,
    /// A page of the associated clients in the order of their addresses.
    Clients {
        /// The address that the page before ended with.
        after: Option<Mac>,
        /// Only those that were heard of since then, by the partition clock.
        since: Timestamp,
        /// How many, at most.
        rows: usize,
    },
    /// One client.
    Client(Mac),
}

/// What a site looks like after a record.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The last record folded.
    pub record: u64,
    /// The partition clock.
    pub clock: Timestamp,
    /// The devices, if they were asked for.
    pub devices: BTreeMap<Mac, LiveDevice>,
    /// The edges, if they were asked for.
    pub edges: BTreeMap<Mac, LiveEdge>,
    /// The clients that were asked for.
    pub clients: Vec<LiveClient>,
    /// Where the next page of clients begins, if there may be more.
    pub next: Option<Mac>,
    /// How many clients are associated.
    pub client_count: usize,
}

/// A device as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveDevice {
    /// What it is.
    pub device_type: DeviceType,
    /// Whether it is up; `None` before its source has told.
    pub is_up: Option<bool>,
    /// When that last changed, by the device's clock.
    pub since: Timestamp,
    /// When it was last heard of; zero if it never was.
    pub heard: Timestamp,
    /// Its firmware; empty before its source has told.
    pub version: String,
    /// The address that it was seen from.
    pub ext_ip: Option<IpAddr>,
    /// How many clients are associated to it.
    pub client_count: usize,
    /// Its radios, as far as they were heard of.
    pub radios: Vec<LiveRadio>,
}

/// A radio as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveRadio {
    /// `24`, `5` or `6`.
    pub band: String,
    /// How it is set.
    pub setting: Radio,
    /// How much of the time its channel is in use, in percent.
    pub utilization: Option<f64>,
    /// The noise, dBm.
    pub noise_floor: Option<f64>,
}

/// An edge as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEdge {
    /// Whether it is connected; `None` before it was first heard of.
    pub is_up: Option<bool>,
    /// When it was last heard of; zero if it never was.
    pub heard: Timestamp,
}

/// A client as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveClient {
    /// Its association.
    pub association: Association,
    /// When it was last heard of.
    pub heard: Timestamp,
}

/// Resolves to what was asked for.
pub type Told<T> = Pin<Box<dyn Future<Output = Result<T, Refused>> + Send>>;

/// An event of the event log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    /// What is known of it.
    pub entry: EventEntry,
    /// Its JSON object.
    pub json: String,
}

/// A piece of the event log.
#[derive(Clone, Debug, Default)]
pub struct LogPiece {
    /// The events in it, in order.
    pub events: Vec<LoggedEvent>,
    /// All events of records up to this one are in it, or before it.
    pub through: u64,
    /// Before this record retention may have removed some.
    pub removed_before: u64,
}

/// How far the partitions are folded, for whoever waits for more.
#[derive(Debug)]
pub struct Pulse {
    last: Vec<AtomicU64>,
    recovered: Vec<AtomicBool>,
    moved: watch::Sender<()>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            last: Partition::all().map(|_| AtomicU64::default()).collect(),
            recovered: Partition::all().map(|_| AtomicBool::default()).collect(),
            moved: watch::Sender::new(()),
        }
    }
}

impl Pulse {
    /// Records up to this one are folded, and their events are in the log.
    pub fn folded(&self, partition: Partition, last: u64) {
        self.last[partition.index()].store(last, Ordering::Release);
        self.recovered[partition.index()].store(true, Ordering::Release);
        // Whoever begins to watch sees either this or the sign: see `watch`.
        fence(Ordering::SeqCst);
        // Nobody watches, mostly, and then this is all that it costs.
        if self.moved.receiver_count() > 0 {
            self.moved.send_replace(());
        }
    }

    /// The last record folded.
    pub(crate) fn last(&self, partition: Partition) -> u64 {
        self.last[partition.index()].load(Ordering::Acquire)
    }

    /// Whether what was folded before the start is folded again.
    pub fn is_recovered(&self, partition: Partition) -> bool {
        self.recovered[partition.index()].load(Ordering::Acquire)
    }

    /// Is told whenever any partition has moved.
    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        let moved = self.moved.subscribe();
        fence(Ordering::SeqCst);
        moved
    }
}
