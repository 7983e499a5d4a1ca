use foghorn_catalog::{
    CountBy, DeliveryFilter, DeliveryRecord, DeliveryStore, ExchangeRecord, FlushRecords, Found,
    LaneRecord, Paging, WatermarkRecord,
};
use foghorn_model::{OrgId, Timestamp, WebhookId};
use uuid::Uuid;

fn webhook() -> WebhookId {
    WebhookId::from_bytes([7; 16])
}

fn row(at: i64, fate: &str, status_code: Option<u16>) -> DeliveryRecord {
    DeliveryRecord {
        row: 0,
        id: Uuid::from_u128(u128::try_from(at).unwrap()),
        webhook_id: webhook(),
        org_id: OrgId::from_bytes([1; 16]),
        site_id: None,
        topic: "audits".into(),
        partition: 3,
        attempt: 1,
        at: Timestamp(at),
        fate: fate.into(),
        status_code,
        error: status_code.is_none().then(|| "no answer within 10 s".into()),
        latency_us: 5,
        request_bytes: 6,
        response: None,
        exchange: None,
        events: 2,
        first: "03-1-1-0".into(),
        last: "03-1-2-0".into(),
    }
}

fn filter() -> DeliveryFilter {
    DeliveryFilter {
        webhook_id: webhook(),
        start: Timestamp(0),
        end: Timestamp(1000),
        success: None,
        status_code: None,
        topic: None,
        error: None,
    }
}

#[test]
fn a_flush_reads_back_and_a_lane_that_is_gone_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = DeliveryStore::open(directory.path()).unwrap();
    let lane = LaneRecord {
        webhook_id: webhook(),
        topic: "audits".into(),
        partition: 3,
        org_id: OrgId::from_bytes([1; 16]),
        cursor: "03-1-2-0".into(),
        previous: None,
        idle: true,
        open: vec![1, 2],
    };
    let watermark = WatermarkRecord { class: "record".into(), partition: 3, record: 9 };
    let flush = FlushRecords {
        lanes: vec![lane.clone()],
        watermarks: vec![watermark.clone()],
        ..FlushRecords::default()
    };
    store.flush(&flush).unwrap();
    drop(store);
    let store = DeliveryStore::open(directory.path()).unwrap();
    assert_eq!(store.lanes().unwrap(), std::slice::from_ref(&lane));
    assert_eq!(store.watermarks().unwrap(), [watermark]);
    let removed = vec![(webhook(), "audits".into(), 3)];
    // A lane that went and came back since the last flush is there.
    let back = FlushRecords { removed: removed.clone(), lanes: vec![lane], ..Default::default() };
    store.flush(&back).unwrap();
    assert_eq!(store.lanes().unwrap().len(), 1);
    store.flush(&FlushRecords { removed, ..FlushRecords::default() }).unwrap();
    assert_eq!(store.lanes().unwrap(), []);
}

#[test]
fn a_body_that_failed_is_kept_once_until_its_last_attempt_is_trimmed() {
    let directory = tempfile::tempdir().unwrap();
    let store = DeliveryStore::open(directory.path()).unwrap();
    let failed = |at: i64, payload: &str| {
        let exchange = ExchangeRecord {
            url: "https://example.net/".into(),
            headers: "{}".into(),
            payload: payload.into(),
            response_headers: (at > 10).then(|| "{}".into()),
        };
        let exchange = Some(exchange);
        DeliveryRecord { id: Uuid::from_u128(1), exchange, ..row(at, "retried", Some(503)) }
    };
    let deliveries = vec![failed(10, "body"), failed(20, "body"), row(30, "delivered", Some(200))];
    store.flush(&FlushRecords { deliveries, ..FlushRecords::default() }).unwrap();
    let oldest = Paging { newest_first: false, after: None, skip: 0, limit: 3 };
    let told = || {
        let found = store.search(&filter(), oldest).unwrap().rows.into_iter();
        found.map(|row| row.exchange).collect::<Vec<_>>()
    };
    let expected = [failed(10, "body").exchange, failed(20, "body").exchange, None];
    assert_eq!(told(), expected);
    store.trim(Timestamp(15)).unwrap();
    assert_eq!(told(), expected[1..]);
    store.trim(Timestamp(25)).unwrap();
    assert_eq!(told(), [None]);
}

#[test]
fn only_so_many_bodies_that_failed_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = DeliveryStore::open(directory.path()).unwrap();
    let failed = |at: i64| {
        let exchange = ExchangeRecord { payload: "body".into(), ..ExchangeRecord::default() };
        DeliveryRecord { exchange: Some(exchange), ..row(at, "refused", Some(400)) }
    };
    let deliveries = (1..=16_385).map(failed).collect();
    store.flush(&FlushRecords { deliveries, ..FlushRecords::default() }).unwrap();
    assert_eq!(store.trim(Timestamp(0)).unwrap(), 0);
    let all = DeliveryFilter { end: Timestamp(i64::MAX), ..filter() };
    let oldest = Paging { newest_first: false, after: None, skip: 0, limit: 2 };
    let rows = store.search(&all, oldest).unwrap().rows.into_iter();
    let payloads: Vec<String> = rows.map(|row| row.exchange.unwrap().payload).collect();
    assert_eq!(payloads, ["", "body"]);
}

#[test]
fn the_log_is_searched_page_by_page_counted_and_trimmed() {
    let directory = tempfile::tempdir().unwrap();
    let store = DeliveryStore::open(directory.path()).unwrap();
    let deliveries = vec![
        row(10, "retried", Some(503)),
        row(20, "delivered", Some(200)),
        row(20, "delivered", Some(200)),
        row(30, "retried", None),
    ];
    store.flush(&FlushRecords { deliveries, ..FlushRecords::default() }).unwrap();

    let newest = Paging { newest_first: true, after: None, skip: 0, limit: 3 };
    let times =
        |page: &Found<DeliveryRecord>| page.rows.iter().map(|row| row.at.0).collect::<Vec<_>>();
    let page = store.search(&filter(), newest).unwrap();
    assert_eq!((times(&page), page.total), (vec![30, 20, 20], 4));
    let page = store.search(&filter(), Paging { after: page.next, ..newest }).unwrap();
    assert_eq!((times(&page), page.total, page.next), (vec![10], 4, None));
    let page = store.search(&filter(), Paging { skip: 3, ..newest }).unwrap();
    assert_eq!(times(&page), [10]);

    let total = |filter: &DeliveryFilter| store.search(filter, newest).unwrap().total;
    let failures = DeliveryFilter { success: Some(false), ..filter() };
    assert_eq!(total(&failures), 2);
    let silent = DeliveryFilter { error: Some("no answer".into()), ..filter() };
    assert_eq!(total(&silent), 1);
    let counts = store.count(&filter(), CountBy::Status).unwrap();
    assert_eq!(counts.values, [("failure".into(), 2), ("success".into(), 2)]);
    let other = DeliveryFilter { webhook_id: WebhookId::from_bytes([8; 16]), ..filter() };
    assert_eq!(total(&other), 0);

    assert_eq!(store.trim(Timestamp(20)).unwrap(), 1);
    assert_eq!(total(&filter()), 3);
}
