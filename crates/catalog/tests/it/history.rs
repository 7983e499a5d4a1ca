//! The projection: each event once, and found in its own org and site only.

use foghorn_catalog::{
    AlarmFilter, AlarmMember, HistoryFilter, HistoryRecord, HistoryStore, Match, Paging,
    SCAN_ROWS_MAX, Scope, VALUES_MAX, Whose,
};
use foghorn_model::{AdminId, EventKey, OrgId, Partition, SiteId, Timestamp, Topic};

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
        json: format!(r#"{{"ssid":"s{}","number":{record}}}"#, record % 2),
    }
}

fn found(store: &HistoryStore, scope: Scope, ssid: Option<&str>) -> Vec<i64> {
    let wanted = ssid.map(|ssid| ("ssid", Match::Is(ssid.to_owned())));
    let filter = sessions(scope, wanted);
    let found = store.search(&filter, OLDEST).unwrap();
    assert_eq!((found.total, found.next), (found.rows.len() as u64, None));
    found.rows.iter().map(|json| number(json)).collect()
}

const OLDEST: Paging = Paging { newest_first: false, after: None, skip: 0, limit: 100 };

fn sessions(scope: Scope, member: Option<(&'static str, Match)>) -> HistoryFilter {
    HistoryFilter {
        whose: Whose::Scope(scope, Topic::ClientSessions),
        start: Timestamp(0),
        end: Timestamp(i64::MAX),
        members: member.into_iter().collect(),
        sorted_by: None,
    }
}

/// The record that an event was made of.
fn number(json: &str) -> i64 {
    let event: serde_json::Value = serde_json::from_str(json).unwrap();
    event["number"].as_i64().unwrap()
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

#[test]
fn pages_follow_each_other_among_rows_of_one_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    // Times 0, 0, 0, 1, 1, 1, …: no page ends where a time does.
    let at = |record: u64| Timestamp(i64::try_from(record).unwrap() / 3);
    let event = |record| HistoryRecord { at: at(record), ..session(record, org(1), site(1)) };
    let events: Vec<HistoryRecord> = (0..20).map(event).collect();
    store.project(&[(PARTITION, 20)], &events).unwrap();
    let scope = Scope { org: org(1), site: None };
    let every = sessions(scope, None);
    let some = sessions(scope, Some(("ssid", Match::Is("s1".into()))));
    for (filter, wanted) in [(every, 0..20), (some, 0..20)] {
        let is_some = !filter.members.is_empty();
        let mut wanted: Vec<i64> = wanted.filter(|it| !is_some || it % 2 == 1).collect();
        for newest_first in [false, true] {
            let mut told = Vec::new();
            let mut paging = Paging { newest_first, limit: 4, ..OLDEST };
            loop {
                let page = store.search(&filter, paging).unwrap();
                assert_eq!((page.total, page.is_partial), (wanted.len() as u64, false));
                told.extend(page.rows.iter().map(|json| number(json)));
                let Some(next) = page.next else { break };
                paging.after = Some(next);
            }
            assert_eq!(told, wanted);
            wanted.reverse();
        }
        let third = Paging { skip: 8, limit: 4, ..OLDEST };
        let third = store.search(&filter, third).unwrap();
        assert_eq!(third.rows.len(), (wanted.len() - 8).min(4));
        assert_eq!(third.total, wanted.len() as u64);
    }
}

#[test]
fn rows_are_sorted_by_a_member_and_those_that_are_equal_by_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    let events: Vec<HistoryRecord> = (1..=7).map(|it| session(it, org(1), site(1))).collect();
    store.project(&[(PARTITION, 7)], &events).unwrap();
    let every = sessions(Scope { org: org(1), site: None }, None);
    for (downwards, wanted) in [(false, [6, 4, 2, 7, 5, 3, 1]), (true, [7, 5, 3, 1, 6, 4, 2])] {
        let filter = HistoryFilter { sorted_by: Some(("ssid", downwards)), ..every.clone() };
        let mut told = Vec::new();
        for skip in [0, 3, 6] {
            let paging = Paging { newest_first: true, skip, limit: 3, ..OLDEST };
            let page = store.search(&filter, paging).unwrap();
            assert_eq!((page.total, page.next.is_some()), (7, skip < 6));
            told.extend(page.rows.iter().map(|json| number(json)));
        }
        assert_eq!(told, wanted);
    }
}

#[test]
fn t10_a_search_looks_at_so_many_rows_and_says_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    let scope = Scope { org: org(1), site: None };
    let rows = u64::from(SCAN_ROWS_MAX) + 2;
    // The one that is looked for lies beyond what one search looks at.
    let event = |record| {
        let json = match record {
            1 => r#"{"ssid":"rare","number":1}"#.to_owned(),
            _ => format!(r#"{{"ssid":"s{}","number":{record}}}"#, record % 2000),
        };
        HistoryRecord { json, ..session(record, org(1), site(1)) }
    };
    let events: Vec<HistoryRecord> = (1..=rows).map(event).collect();
    store.project(&[(PARTITION, rows)], &events).unwrap();

    let rare = sessions(scope, Some(("ssid", Match::Is("rare".into()))));
    let newest = Paging { newest_first: true, ..OLDEST };
    let first = store.search(&rare, newest).unwrap();
    assert_eq!((first.rows.len(), first.total, first.is_partial), (0, 0, true));
    let second = store.search(&rare, Paging { after: first.next, ..newest }).unwrap();
    assert_eq!(second.rows.iter().map(|json| number(json)).collect::<Vec<_>>(), [1]);
    assert_eq!(second.next, None);

    let every = store.search(&sessions(scope, None), newest).unwrap();
    assert_eq!((every.rows.len(), every.total), (100, u64::from(SCAN_ROWS_MAX)));
    assert!(every.is_partial && every.next.is_some());

    let counted = store.count(&sessions(scope, None), "ssid").unwrap();
    assert_eq!((counted.total, counted.is_partial), (2000, true));
    assert_eq!(counted.values.len(), VALUES_MAX as usize);
    // Of the newest: one that is older than those is not among them.
    let looked_at = store.count(&sessions(scope, None), "number").unwrap();
    assert_eq!(looked_at.total, u64::from(SCAN_ROWS_MAX));
    let early = HistoryFilter { end: Timestamp(5_000_000), ..sessions(scope, None) };
    assert!(!store.count(&early, "ssid").unwrap().is_partial);

    // The oldest first, the bound is at the other end.
    let last =
        HistoryRecord { json: r#"{"ssid":"late"}"#.into(), ..session(rows + 1, org(1), site(1)) };
    store.project(&[(PARTITION, rows + 1)], &[last]).unwrap();
    let late = sessions(scope, Some(("ssid", Match::Is("late".into()))));
    let first = store.search(&late, OLDEST).unwrap();
    assert_eq!((first.rows.len(), first.total, first.is_partial), (0, 0, true));
    assert_eq!(
        first.next.map(|place| place.at),
        Some(Timestamp(i64::from(SCAN_ROWS_MAX) * 1_000_000))
    );
    let second = store.search(&late, Paging { after: first.next, ..OLDEST }).unwrap();
    assert_eq!((second.rows.len(), second.total, second.next), (1, 0, None));
}

/// An alarm of an org as a message of its own tells it.
fn alarm(record: u64, org_id: OrgId, site_id: Option<SiteId>, json: &str) -> HistoryRecord {
    let json = json.to_owned();
    HistoryRecord { topic: Topic::Alarms, site_id, json, ..session(record, org_id, site(1)) }
}

#[test]
fn t02_nobody_changes_an_alarm_of_another_org_or_site_by_its_id() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    let told = |record, org_id, site_id, status: &str| {
        let id = "1f2e3d4c-0000-4000-8000-00000000000a";
        alarm(record, org_id, site_id, &format!(r#"{{"id":"{id}","status":"{status}"}}"#))
    };
    let events = [
        told(1, org(1), Some(site(1)), "open"),
        told(2, org(1), Some(site(2)), "second"),
        told(3, org(2), Some(site(3)), "third"),
        told(4, org(1), None, "fourth"),
        told(5, org(1), Some(site(1)), "resolved"),
        told(6, org(1), None, "sixth"),
    ];
    store.project(&[(PARTITION, 6)], &events).unwrap();
    let statuses = |scope| {
        let (start, end) = (Timestamp(0), Timestamp(i64::MAX));
        let filter = AlarmFilter { scope, start, end, members: Vec::new() };
        let rows = store.search_alarms(&filter, OLDEST).unwrap().rows;
        let status = |json: &str| json.rsplit('"').nth(1).unwrap().to_owned();
        rows.iter().map(|row| status(&row.json)).collect::<Vec<_>>()
    };
    assert_eq!(statuses(Scope { org: org(1), site: None }), ["resolved", "second", "sixth"]);
    assert_eq!(statuses(Scope { org: org(1), site: Some(site(1)) }), ["resolved"]);
    assert_eq!(statuses(Scope { org: org(2), site: None }), ["third"]);
    let id = "1f2e3d4c-0000-4000-8000-00000000000a".parse().unwrap();
    let found = |scope| {
        let found = store.find_alarms(scope, &[id]).unwrap();
        found.into_iter().map(|(_, site, _)| site).collect::<Vec<_>>()
    };
    assert_eq!(found(Scope { org: org(1), site: None }), [None, Some(site(1)), Some(site(2))]);
    assert_eq!(found(Scope { org: org(2), site: Some(site(3)) }), [Some(site(3))]);
}

#[test]
fn an_alarm_that_says_little_of_itself_is_kept_as_one_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    let odd = r#"{"id":[1],"type":7,"group":null,"severity":{"a":1},"status":true}"#;
    let events = [
        alarm(1, org(1), None, "{}"),
        alarm(2, org(1), Some(site(1)), "{}"),
        alarm(3, org(1), Some(site(1)), odd),
    ];
    for _ in 0..2 {
        store.project(&[(PARTITION, 3)], &events).unwrap();
    }
    let filter = AlarmFilter {
        scope: Scope { org: org(1), site: None },
        start: Timestamp(0),
        end: Timestamp(i64::MAX),
        members: Vec::new(),
    };
    assert_eq!(store.search_alarms(&filter, OLDEST).unwrap().rows.len(), 3);
    let counted = store.count_alarms(&filter, AlarmMember::Type).unwrap();
    assert_eq!(counted.values, [(String::new(), 2), ("7".into(), 1)]);
}

#[test]
fn what_somebody_did_is_found_in_the_orgs_that_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    let (one, other) = (AdminId::from_bytes([1; 16]), AdminId::from_bytes([2; 16]));
    let audit = |record: u64, org_id, admin: AdminId| HistoryRecord {
        topic: Topic::Audits,
        site_id: None,
        json: format!(
            r#"{{"admin_id":"{admin}","number":{record},"message":"Made \"{record}\""}}"#
        ),
        ..session(record, org_id, site(1))
    };
    let events = [
        audit(1, org(1), one),
        audit(2, org(2), one),
        audit(3, org(1), other),
        session(4, org(1), site(1)),
    ];
    store.project(&[(PARTITION, 4)], &events).unwrap();
    let found = |orgs: &[OrgId], message: Option<&str>| {
        let filter = HistoryFilter {
            whose: Whose::Doer(one, orgs.to_vec()),
            members: message
                .map(|part| ("message", Match::Contains(part.into())))
                .into_iter()
                .collect(),
            ..sessions(Scope { org: org(1), site: None }, None)
        };
        let rows = store.search(&filter, OLDEST).unwrap().rows;
        rows.iter().map(|json| number(json)).collect::<Vec<_>>()
    };
    assert_eq!(found(&[org(1), org(2)], None), [1, 2]);
    assert_eq!(found(&[org(1)], None), [1]);
    assert_eq!(found(&[], None), [0_i64; 0]);
    assert_eq!(found(&[org(1), org(2)], Some("e \"2")), [2]);
}

#[test]
fn a_text_is_looked_for_in_several_members_and_a_value_in_a_list() {
    let directory = tempfile::tempdir().unwrap();
    let store = HistoryStore::open(directory.path()).unwrap();
    let events: Vec<HistoryRecord> = [
        r#"{"number":1,"mac":"ac3eb179e535","username":"ann","roles":["staff","night"]}"#,
        r#"{"number":2,"mac":"5c5b35000001","username":"bob","roles":"staff"}"#,
        r#"{"number":3,"text":"for ann"}"#,
    ]
    .into_iter()
    .zip(1..)
    .map(|(json, record)| HistoryRecord { json: json.into(), ..session(record, org(1), site(1)) })
    .collect();
    store.project(&[(PARTITION, 3)], &events).unwrap();
    let found = |name, wanted| {
        let filter = sessions(Scope { org: org(1), site: None }, Some((name, wanted)));
        let rows = store.search(&filter, OLDEST).unwrap().rows;
        rows.iter().map(|json| number(json)).collect::<Vec<_>>()
    };
    let within =
        |part: &str| found("text", Match::ContainsHereOr(&["mac", "username"], part.into()));
    assert_eq!(within("ann"), [1, 3]);
    assert_eq!(within("35000"), [2]);
    assert_eq!(within("' OR 1"), [0_i64; 0]);
    let has = |role: &str| found("roles", Match::Has(role.into()));
    assert_eq!(has("staff"), [1, 2]);
    assert_eq!(has("night"), [1]);
    assert_eq!(has("sta"), [0_i64; 0]);
}
