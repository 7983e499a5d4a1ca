//! The projection: each event once, and found in its own org and site only.

use foghorn_catalog::{HistoryFilter, HistoryRecord, HistoryStore, Scope};
use foghorn_model::{EventKey, OrgId, Partition, SiteId, Timestamp, Topic};

const PARTITION: Partition = Partition(7);

fn org(id: u8) -> OrgId {
    OrgId::from_bytes([id; 16])
}

fn site(id: u8) -> SiteId {
    SiteId::from_bytes([id; 16])
}

fn session(record: u64, org_id: OrgId, site_id: SiteId) -> HistoryRecord {
    HistoryRecord {
        key: EventKey { partition: PARTITION, epoch: 1, record, ordinal: 0 },
        topic: Topic::ClientSessions,
        org_id,
        site_id: Some(site_id),
        at: Timestamp(1_000_000 * i64::try_from(record).unwrap()),
        json: format!(r#"{{"ssid":"s{}"}}"#, record % 2),
    }
}

fn found(store: &HistoryStore, scope: Scope, ssid: Option<&str>) -> Vec<i64> {
    let filter = HistoryFilter {
        scope,
        topic: Topic::ClientSessions,
        start: Timestamp(0),
        end: Timestamp(i64::MAX),
        members: ssid.map(|ssid| ("ssid", ssid.to_owned())).into_iter().collect(),
    };
    let (rows, total) = store.search(&filter, false, None, 100).unwrap();
    assert_eq!(total, rows.len() as u64);
    rows.iter().map(|(at, ..)| at.0 / 1_000_000).collect()
}

#[test]
fn an_event_that_is_read_again_is_kept_once_and_scopes_do_not_mix() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    assert_eq!(store.cursor(PARTITION).unwrap(), 0);
    let events = [
        session(1, org(1), site(1)),
        session(2, org(1), site(2)),
        session(3, org(2), site(3)),
        session(4, org(1), site(1)),
    ];
    store.project(&[(PARTITION, 3)], &events[..3]).unwrap();
    // As after a crash that lost the cursor.
    store.project(&[(PARTITION, 5)], &events).unwrap();
    assert_eq!(store.cursor(PARTITION).unwrap(), 5);
    let scope = |org, site| Scope { org, site };
    assert_eq!(found(&store, scope(org(1), None), None), [1, 2, 4]);
    assert_eq!(found(&store, scope(org(1), Some(site(1))), None), [1, 4]);
    assert_eq!(found(&store, scope(org(1), None), Some("s0")), [2, 4]);
    assert_eq!(found(&store, scope(org(2), Some(site(1))), None), [0_i64; 0]);
    assert_eq!(store.trim(Timestamp(2_000_000)).unwrap(), 1);
    assert_eq!(found(&store, scope(org(1), None), None), [2, 4]);
}
