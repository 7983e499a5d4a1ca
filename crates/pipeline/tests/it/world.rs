//! Logs in memory, an empty catalog, and one site.

use foghorn_log::{LineFile, Log, SegmentLog, SegmentOptions, SimStorage, SnapshotStore, Storage};
use foghorn_model::{
    Change, ConfigUpdate, Device, DeviceType, Org, OrgId, Partition, Record, RecordBody, Setting,
    Site, SiteId, Timestamp,
};
use foghorn_pipeline::{ChangeFeed, EventLogs, FeedError, Interventions, Worker};
use std::borrow::Cow;
use std::sync::Arc;

pub const START: Timestamp = Timestamp(1_700_000_000_000_000);

/// A catalog without changes.
pub struct NoChanges;

impl ChangeFeed for NoChanges {
    fn latest(&self) -> u64 {
        0
    }

    fn changes_after(&self, _: u64, _: usize) -> Result<Vec<Change>, FeedError> {
        Ok(Vec::new())
    }
}

/// Where records go.
pub struct Stores {
    pub input: Arc<dyn Log>,
    pub events: EventLogs,
    pub snapshots: SnapshotStore,
    pub interventions: Arc<Interventions>,
}

impl Stores {
    pub fn new() -> Self {
        let storage: Arc<dyn Storage> = Arc::new(SimStorage::new());
        let open = |directory: &str| -> Arc<dyn Log> {
            let options = SegmentOptions::default();
            Arc::new(SegmentLog::open(Arc::clone(&storage), directory, options).unwrap().log)
        };
        let (skips, lines) = LineFile::open(&*storage, "skips").unwrap();
        Self {
            input: open("inputs"),
            events: EventLogs { record: open("record"), stream: open("stream") },
            snapshots: SnapshotStore::open(Arc::clone(&storage), "snapshots").unwrap(),
            interventions: Arc::new(Interventions::new(skips, &lines).unwrap()),
        }
    }

    pub fn worker(&self) -> Worker {
        let (worker, _) = Worker::recover(
            partition(),
            &*self.input,
            &self.events,
            &self.snapshots,
            &self.interventions,
            false,
            &mut |_| {},
        )
        .unwrap();
        worker
    }
}

pub fn org() -> OrgId {
    OrgId::from_bytes([1; 16])
}

pub fn site() -> SiteId {
    SiteId::from_bytes([2; 16])
}

pub fn partition() -> Partition {
    Partition::of_site(site())
}

/// The change that makes the site, with three APs.
pub fn configuration() -> Record<'static> {
    let org = org();
    let setting = Setting { ap_updown_threshold: Some(1), ..Setting::default() };
    let mut updates = vec![
        ConfigUpdate::Org(Org {
            id: org,
            name: "Acme".into(),
            setting: Setting::default(),
            alarmtemplate_id: None,
        }),
        ConfigUpdate::Site(Site {
            id: site(),
            org_id: org,
            name: "HQ".into(),
            setting,
            alarmtemplate_id: None,
        }),
    ];
    for number in 0..3 {
        updates.push(ConfigUpdate::Device(Device {
            mac: ap(number).parse().unwrap(),
            org_id: org,
            site_id: Some(site()),
            name: format!("AP {number}"),
            device_type: DeviceType::Ap,
            model: String::new(),
            ip: None,
        }));
    }
    let change = Change { seq: 1, at: START, org_id: org, updates, audit: None };
    Record {
        received_at: START,
        catalog_seq: 1,
        site: None,
        body: RecordBody::Change(Box::new(change)),
    }
}

pub fn ap(number: u64) -> String {
    format!("5c5b3500000{number}")
}

pub fn telemetry(received_at: Timestamp, line: String) -> Record<'static> {
    let body = RecordBody::Telemetry(Cow::Owned(line.into_bytes()));
    Record { received_at, catalog_seq: 1, site: Some(site()), body }
}
