//! The pipeline on one thread, without a socket: what an event costs in each step, in nanoseconds,
//! as one JSON object. 64 sites, device events, a hundred lines a submission, a frame for each
//! sixteen submissions, real files.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use foghorn_log::{FsStorage, LineFile, Log, SegmentLog, SegmentOptions, SnapshotStore, Storage};
use foghorn_model::telemetry::Telemetry;
use foghorn_model::{
    Change, ConfigUpdate, Device, DeviceType, Org, OrgId, Partition, Setting, Site, SiteId,
    Timestamp,
};
use foghorn_pipeline::{
    ChangeFeed, Committer, EventLogs, FeedError, Front, Intake, IntakeLimits, Interventions,
    Outbox, Step, Worker,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SITES: u8 = 64;
const LINES: usize = 100;
const SUBMISSIONS: usize = 16;
const EVENTS: usize = 1_000_000;

struct Feed(Vec<Change>);

impl ChangeFeed for Feed {
    fn latest(&self) -> u64 {
        self.0.len() as u64
    }

    fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, FeedError> {
        Ok(self.0.iter().filter(|change| change.seq > seq).take(limit).cloned().collect())
    }
}

fn sites() -> Vec<SiteId> {
    (1..=SITES).map(|at| SiteId::from_bytes([at; 16])).collect()
}

fn feed(org: OrgId) -> Feed {
    let org_itself =
        Org { id: org, name: "Bench".into(), setting: Setting::default(), alarmtemplate_id: None };
    let mut updates = vec![ConfigUpdate::Org(org_itself)];
    for (at, id) in sites().into_iter().enumerate() {
        let (name, setting) = ("bench".to_owned(), Setting::default());
        updates.push(ConfigUpdate::Site(Site {
            id,
            org_id: org,
            name,
            setting,
            alarmtemplate_id: None,
        }));
        updates.push(ConfigUpdate::Device(Device {
            mac: mac(at).parse().unwrap(),
            org_id: org,
            site_id: Some(id),
            name: "bench".into(),
            device_type: DeviceType::Ap,
            model: String::new(),
            ip: None,
        }));
    }
    let change = |(seq, update)| Change {
        seq,
        at: Timestamp(1),
        org_id: org,
        updates: vec![update],
        audit: None,
    };
    Feed((1..).zip(updates).map(change).collect())
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(FsStorage::new(directory.path()).unwrap());
    let open = |name: &str, room_in_advance| -> Arc<dyn Log> {
        let options = SegmentOptions { room_in_advance, ..SegmentOptions::default() };
        Arc::new(SegmentLog::open(Arc::clone(&storage), name, options).unwrap().log)
    };
    let input = open("inputs", true);
    let events = EventLogs { record: open("record", false), stream: open("stream", false) };
    let snapshots = SnapshotStore::open(Arc::clone(&storage), "snapshots").unwrap();
    let (skips, lines) = LineFile::open(&*storage, "skips").unwrap();
    let interventions = Arc::new(Interventions::new(skips, &lines).unwrap());
    let org = OrgId::from_bytes([255; 16]);
    let feed = feed(org);
    let intake: Intake<()> = Intake::new(IntakeLimits::default());
    let outbox = Arc::new(Outbox::new(|| {}));
    let mut committer =
        Committer::new(Arc::clone(&input), Arc::clone(&interventions), outbox, &feed, false)
            .unwrap();
    let recover = |partition| {
        let recovered = Worker::recover(
            partition,
            &*input,
            &events,
            &snapshots,
            &interventions,
            false,
            &mut |_| {},
        );
        recovered.unwrap().0
    };
    let mut workers: Vec<Worker> = Partition::all().map(recover).collect();

    let sites = sites();
    let mut spent = [Duration::ZERO; 5];
    let [validate, submit, commit, fold, store] = &mut spent;
    let mut derived = 0;
    let mut number = 0;
    while number < EVENTS {
        for _ in 0..SUBMISSIONS {
            let lines: Vec<String> = (number..number + LINES).map(line).collect();
            let site = sites[number / LINES % sites.len()];
            number += LINES;
            timed(validate, || {
                for line in &lines {
                    assert!(Telemetry::parse(line.as_bytes()).is_ok());
                }
            });
            timed(submit, || {
                let bytes = lines.iter().map(String::len).sum();
                let lines = lines.iter().map(String::as_bytes);
                intake.submit((org, site), feed.latest(), lines, bytes, Timestamp(2), ()).unwrap();
            });
        }
        let step = timed(commit, || {
            committer.step(&intake, &feed, &Front::default(), Timestamp(2)).unwrap()
        });
        let Step::Committed(committed) = step else { panic!("nothing was committed") };
        let folded: Vec<_> = timed(fold, || {
            let fold = |block: &foghorn_pipeline::CommittedBlock| {
                let worker = &mut workers[block.partition.index()];
                worker.fold(block.first, &block.body).unwrap();
                worker.take(block.first)
            };
            committed.blocks.iter().map(fold).collect()
        });
        derived += folded.iter().map(|block| block.record.count as usize).sum::<usize>();
        timed(store, || events.append(&folded, Timestamp(2)).unwrap());
    }
    assert_eq!(derived, number, "every line makes one event");
    let nanos = |spent: Duration| spent.as_nanos() as usize / number;
    let [validate, submit, commit, fold, store] = spent.map(nanos);
    println!(
        "{{\"validate_ns\":{validate},\"submit_ns\":{submit},\"commit_ns\":{commit},\
         \"fold_ns\":{fold},\"store_ns\":{store},\"total_ns\":{}}}",
        validate + submit + commit + fold + store
    );
}

fn line(number: usize) -> String {
    format!(
        "{{\"kind\":\"device-event\",\"mac\":\"{}\",\"type\":\"AP_CONFIGURED\",\
         \"text\":\"bench {number}\"}}",
        mac(number / LINES % usize::from(SITES))
    )
}

fn mac(site: usize) -> String {
    format!("5c5b35{site:06x}")
}

fn timed<T>(spent: &mut Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = work();
    *spent += begun.elapsed();
    result
}
