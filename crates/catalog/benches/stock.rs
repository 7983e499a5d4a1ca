//! Fills a data directory for `cargo xtask bench api`, through the public edge of the stores, while
//! no server has it: one write for all objects, since a server takes a view of everything at each.
//!
//! `stock DIR sites|webhooks|tokens|alarms N` adds what the first org lacks of N. Of tokens it
//! also says, as JSON, what it costs to find the one that is presented.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use foghorn_catalog::{Catalog, HistoryRecord, HistoryStore, Import, Kind, Page, Scope, new_key};
use foghorn_model::alarm::{AlarmStatus, Evidence};
use foghorn_model::definitions::{ALARMS, AlarmRow};
use foghorn_model::event::Place;
use foghorn_model::event::alarm::{AlarmFacts, encode};
use foghorn_model::ids::AlarmId;
use foghorn_model::time::Micros;
use foghorn_model::{Actor, EventKey, Partition, Site, Timestamp, Topic};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Over how long alarms lie; a little less than a server keeps them.
const SPAN: Micros = Micros::from_mins(30 * 24 * 60 - 60);
/// Types of alarms, every so manyth of all.
const EVERY_TYPE: usize = 6;
/// Alarms of one transaction.
const BATCH: u64 = 10_000;
/// Keys that are presented in turn, and how often.
const PRESENTED: usize = 1000;
const CALLS: usize = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, what, wanted, ..] = arguments.as_slice() else {
        panic!("stock DIR sites|webhooks|tokens|alarms N")
    };
    let directory = Path::new(directory);
    let wanted: u64 = wanted.parse().unwrap();
    let catalog = Catalog::open(directory, now).unwrap();
    let org = *catalog.view().orgs.keys().next().expect("`foghorn init` has made an org");
    let scope = Scope { org, site: None };
    match what.as_str() {
        "sites" => fill(&catalog, Kind::Site, scope, wanted, site),
        "webhooks" => fill(&catalog, Kind::Webhook, scope, wanted, webhook),
        "tokens" => {
            let mut keys = Vec::new();
            fill(&catalog, Kind::Token, scope, wanted, |number| {
                keys.push(new_key().unwrap());
                token(number, keys.last().unwrap())
            });
            println!("{}", json!({ "authenticate_ns": authenticate_ns(&catalog, &keys) }));
        }
        "alarms" => {
            let sites: Vec<Site> = catalog.view().sites.values().cloned().collect();
            alarms(&HistoryStore::open(directory).unwrap(), &sites, wanted);
        }
        other => panic!("{other}: what to make?"),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_micros()).unwrap())
}

/// Adds what there is less of a kind than wanted.
fn fill(
    catalog: &Catalog,
    kind: Kind,
    scope: Scope,
    wanted: u64,
    mut object: impl FnMut(u64) -> Value,
) {
    let (_, there) = catalog.list(kind, scope, Page { limit: 1, page: 1 }).unwrap();
    let row = |number| object(number).as_object().unwrap().clone();
    let rows: Vec<Map<String, Value>> = (there..wanted).map(row).collect();
    let expected = rows.len();
    let import = Import { key: "name", upsert: false, dry_run: false };
    let done = catalog.import(kind, scope, &Actor::default(), rows, import).unwrap();
    assert_eq!((done.added.len(), done.errors.len()), (expected, 0), "{:?}", done.errors.first());
}

fn site(number: u64) -> Value {
    json!({ "name": format!("Site {number}") })
}

/// One of a topic of which nothing comes.
fn webhook(number: u64) -> Value {
    json!({
        "name": format!("webhook {number}"),
        "url": format!("https://hooks.example.com/{number}"),
        "secret": format!("a secret of webhook {number}"),
        "headers": { "x-tenant": format!("tenant {number}") },
        "topics": ["device-events", "device-updowns", "alarms"],
    })
}

fn token(number: u64, key: &str) -> Value {
    let hash: String =
        Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "name": format!("token {number}"),
        "privileges": [{ "scope": "org", "role": "read" }],
        "key": format!("{}...{}", &key[..4], &key[key.len() - 4..]),
        "key_hash": hash,
    })
}

/// Nanoseconds to find whoever presents a key.
fn authenticate_ns(catalog: &Catalog, keys: &[String]) -> f64 {
    assert!(!keys.is_empty(), "there were so many tokens already");
    let presented: Vec<&String> = keys.iter().cycle().take(PRESENTED).collect();
    let begun = Instant::now();
    for number in 0..CALLS {
        let found = catalog.authenticate(black_box(presented[number % PRESENTED]));
        assert!(black_box(found).is_some());
    }
    begun.elapsed().as_nanos() as f64 / CALLS as f64
}

/// Alarms of all sites and of many types, evenly over the time that they are kept.
fn alarms(store: &HistoryStore, sites: &[Site], wanted: u64) {
    // The last record that was projected: the store counts no rows for anybody.
    let partition = Partition(0);
    let there = store.cursor(partition).unwrap();
    let types: Vec<&AlarmRow> = ALARMS.iter().step_by(EVERY_TYPE).collect();
    let (begun, added) = (now() - SPAN, wanted.saturating_sub(there).max(1));
    for first in (there..wanted).step_by(BATCH as usize) {
        let last = wanted.min(first + BATCH);
        let alarm = |number: u64| {
            let share = SPAN.0 as f64 * (number - there) as f64 / added as f64;
            let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let site = &sites[dice as usize % sites.len()];
            let row = types[(dice as usize / sites.len()) % types.len()];
            alarm(number, begun + Micros(share as i64), site, row)
        };
        let records: Vec<HistoryRecord> = (first..last).map(alarm).collect();
        // A cursor beyond the event log only means that nothing of that is projected.
        store.project(&[(partition, last)], &records).unwrap();
    }
}

fn alarm(number: u64, at: Timestamp, site: &Site, row: &AlarmRow) -> HistoryRecord {
    let mac = format!("5c5b35{:06x}", number % 4096);
    let mut evidence = Evidence::new();
    evidence.add("aps", mac.as_str());
    evidence.add("hostnames", format!("ap-{}", number % 4096));
    let status = if number.is_multiple_of(10) { AlarmStatus::Open } else { AlarmStatus::Resolved };
    let over = (status == AlarmStatus::Resolved).then_some(at + Micros::from_secs(300));
    let facts = AlarmFacts {
        place: Place { org: site.org_id, site: Some(site.id), site_name: Some(&site.name) },
        id: AlarmId::derived(AlarmId::slot(site.id, row.key, &mac), Timestamp(number as i64)),
        row,
        count: 1 + number % 7,
        first: at,
        last: at + Micros::from_secs(60),
        update: over.is_some(),
        status: Some(status),
        resolved: over,
        evidence: &evidence,
    };
    let mut json = Vec::new();
    encode(&mut json, &facts);
    HistoryRecord {
        key: EventKey { partition: Partition(0), epoch: 1, record: number + 1, ordinal: 0 },
        topic: Topic::Alarms,
        org_id: site.org_id,
        site_id: Some(site.id),
        at,
        json: String::from_utf8(json).unwrap(),
    }
}
