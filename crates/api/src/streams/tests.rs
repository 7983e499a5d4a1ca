//! Streams over a server that is not there: what it would take too long to bring about.

use crate::{Api, Ask, Backend, Live, LogPiece, LoggedEvent, Pulse, Told};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use foghorn_catalog::{Catalog, DeliveryStore, HistoryStore, Kind, Scope};
use foghorn_ingest::journal::{Durable, Journal, Refused, Relay, Submission};
use foghorn_ingest::syslog::unclaimed::Sender;
use foghorn_model::alarm::Acknowledgement;
use foghorn_model::{
    Actor, EventEntry, EventKey, OrgId, Partition, SiteId, Timestamp, Topic, Webhook,
};
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

const RETRY: Refused = Refused::Busy { retry_after: Duration::from_secs(5) };
/// What is before this record is not kept any more.
const REMOVED_BEFORE: u64 = 6;

/// Has one event, of record 8.
struct Stub {
    pulse: Pulse,
    org: OrgId,
    site: SiteId,
}

impl Journal for Stub {
    fn submit(&self, _: Submission) -> Result<Durable, Refused> {
        Err(RETRY)
    }

    fn relay(&self, _: Relay<'_>) -> Result<Durable, Refused> {
        Err(RETRY)
    }
}

impl Backend for Stub {
    fn ping(&self, _: &Webhook) -> Result<Durable, Refused> {
        Err(RETRY)
    }

    fn acknowledge(&self, _: Acknowledgement) -> Result<Durable, Refused> {
        Err(RETRY)
    }

    fn check_url<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn check_headers(&self, _: &BTreeMap<String, String>) -> Result<(), String> {
        Ok(())
    }

    fn unclaimed(&self, _: OrgId, _: bool) -> Vec<Sender> {
        Vec::new()
    }

    fn live(&self, _: SiteId, _: Ask) -> Told<Live> {
        Box::pin(std::future::ready(Err(RETRY)))
    }

    fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    fn events(&self, partition: Partition, from: u64, upto: u64) -> Told<LogPiece> {
        let key = EventKey { partition, epoch: 1, record: 8, ordinal: 0 };
        let entry = EventEntry {
            key,
            catalog_seq: 1,
            at: Timestamp(0),
            topic: Topic::DeviceEvents,
            org: self.org,
            site: Some(self.site),
            target: None,
        };
        let event = LoggedEvent { entry, json: "{}".into() };
        let events = if (from..=upto).contains(&8) { vec![event] } else { Vec::new() };
        let piece = LogPiece { events, through: upto, removed_before: REMOVED_BEFORE };
        Box::pin(std::future::ready(Ok(piece)))
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000_000)
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("no object: {other}"),
    }
}

/// The API of a site, the key of a token that sees it, and the site's paths.
fn world(directory: &tempfile::TempDir, is_recovered: bool) -> (axum::Router, String, String) {
    let catalog = Arc::new(Catalog::open(directory.path(), || Timestamp(1)).unwrap());
    let actor = Actor::default();
    let org = catalog.create_org(&actor, object(json!({"name": "Acme"}))).unwrap();
    let scope = Scope { org: OrgId(org.id), site: None };
    let site = catalog.create(Kind::Site, scope, &actor, object(json!({"name": "HQ"}))).unwrap();
    let privileges = json!([{"scope": "org", "role": "read"}]);
    let token = object(json!({"name": "t", "privileges": privileges}));
    let (token, _) = catalog.create_token(scope, &actor, token).unwrap();
    let site = SiteId(site.id);
    let stub = Arc::new(Stub { pulse: Pulse::default(), org: scope.org, site });
    if is_recovered {
        Partition::all().for_each(|partition| stub.pulse.folded(partition, 10));
    }
    let deliveries = Arc::new(DeliveryStore::open(directory.path()).unwrap());
    let history = Arc::new(HistoryStore::open(directory.path()).unwrap());
    let journal = Arc::clone(&stub) as Arc<dyn Journal>;
    let api = Api::new(catalog, deliveries, history, journal, stub);
    (api.router(), token.key, format!("/api/v1/sites/{site}"))
}

fn get(path: &str, key: &str) -> http::request::Builder {
    Request::get(path).header(AUTHORIZATION, format!("Token {key}"))
}

#[tokio::test]
async fn what_retention_has_removed_is_told_and_what_is_left_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let (router, key, site) = world(&directory, true);
    let partition = Partition::of_site(site.rsplit('/').next().unwrap().parse().unwrap());
    let path = format!("{site}/events/stream?topics=device-events");
    let request = get(&path, &key).header("Last-Event-ID", format!("{partition}-1-2-0"));
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut body = answer.into_body();
    let mut text = String::new();
    while !text.contains("data: {}") {
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    let expected = format!(
        "retry: 2000\n\n\
         event: gap\ndata: {{\"partition\":{},\"first\":2,\"before\":{REMOVED_BEFORE}}}\n\n\
         id: {partition}-1-8-0\nevent: device-events\ndata: {{}}\n\n",
        partition.0
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn while_a_partition_recovers_its_sites_come_later() {
    let directory = tempfile::tempdir().unwrap();
    let (router, key, site) = world(&directory, false);
    for path in ["stats", "stats/clients", "clients/search", "events/stream"] {
        let request = get(&format!("{site}/{path}"), &key).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        // Of a site without devices the shard is asked for its clients only.
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.headers()[RETRY_AFTER], "5", "{path}");
    }
}
