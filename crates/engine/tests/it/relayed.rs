use crate::world::{World, org_id, site_id};
use foghorn_engine::{Engine, Output};
use foghorn_model::event::block::EventBlock;
use foghorn_model::{OrgId, Record, RecordBody, Relayed, SiteId, Timestamp, Topic, TopicClass};

/// An event as it came out: its topic, its site, and its bytes.
type Came = (Topic, Option<SiteId>, String);

/// An engine with a site, which is told relayed events.
struct Relay {
    engine: Engine,
    catalog_seq: u64,
}

impl Relay {
    fn new() -> Self {
        let world = World::new();
        let catalog_seq = world.engine.catalog_seq();
        Self { engine: world.engine, catalog_seq }
    }

    fn fold(&mut self, at: i64, site: Option<SiteId>, relayed: Relayed<'_>) -> Vec<Came> {
        let class = relayed.topic.class();
        let record = Record {
            received_at: Timestamp((crate::world::START + at) * 1_000_000),
            catalog_seq: self.catalog_seq,
            site,
            body: RecordBody::Relayed(relayed),
        };
        let mut out = Output::default();
        self.engine.fold(self.engine.last() + 1, &record, &mut out);
        let (buffer, other) = match class {
            TopicClass::Record => (&out.record, &out.stream),
            TopicClass::Stream => (&out.stream, &out.record),
        };
        assert!(other.body.is_empty());
        let events = EventBlock::new(self.engine.partition(), &buffer.body);
        events
            .map(|event| {
                let event = event.unwrap();
                assert_eq!((event.entry.org, event.entry.target), (org_id(), None));
                let json = String::from_utf8(event.json.to_vec()).unwrap();
                (event.entry.topic, event.entry.site, json)
            })
            .collect()
    }
}

fn relayed(topic: Topic, message: u8, index: u32, event: &str) -> Relayed<'static> {
    let event = event.as_bytes().to_vec().into();
    Relayed { topic, org: org_id(), message: [message; 16], index, event }
}

#[test]
fn every_topic_comes_out_as_it_came_in() {
    let odd = "{ \"z\": 1.50,\"a\":\"\\u00e9\", \"a\" : [ ] }";
    let mut relay = Relay::new();
    for row in foghorn_model::topic::TOPICS {
        let event = relayed(row.topic, row.topic as u8, 0, odd);
        let came = relay.fold(1, Some(site_id()), event);
        assert_eq!(came, [(row.topic, Some(site_id()), odd.to_owned())]);
    }
    assert_eq!(relay.engine.tally().relayed, foghorn_model::topic::TOPICS.len() as u64);
}

#[test]
fn a_message_counts_once_and_equal_events_of_it_are_several() {
    for site in [Some(site_id()), None] {
        let mut relay = Relay::new();
        let message = |relay: &mut Relay, at, message| {
            let event = |index| relayed(Topic::DeviceEvents, message, index, "{}");
            relay.fold(at, site, event(0)).len() + relay.fold(at, site, event(1)).len()
        };
        assert_eq!(message(&mut relay, 0, 1), 2);
        assert_eq!(message(&mut relay, 5, 1), 0, "repeated");
        assert_eq!(message(&mut relay, 5, 2), 2, "another");
        let snapshot = relay.engine.snapshot();
        relay.engine = Engine::restore(relay.engine.partition(), &snapshot).unwrap();
        assert_eq!(message(&mut relay, 600, 1), 0, "repeated after a restart");
        assert_eq!(relay.engine.tally().repeated, 2);
        assert_eq!(message(&mut relay, 601, 1), 2, "after ten minutes it is another");
    }
}

#[test]
fn what_is_of_an_org_or_site_that_is_not_here_goes_nowhere() {
    let mut relay = Relay::new();
    let elsewhere = SiteId::from_bytes([9; 16]);
    let other = OrgId::from_bytes([9; 16]);
    let event = || relayed(Topic::Alarms, 1, 0, "{}");
    assert_eq!(relay.fold(0, Some(elsewhere), event()), []);
    assert_eq!(relay.fold(0, None, Relayed { org: other, ..event() }), []);
    // A site of the one under the name of the other.
    assert_eq!(relay.fold(0, Some(site_id()), Relayed { org: other, ..event() }), []);
    assert_eq!(relay.engine.tally().unknown_site, 3);
    assert_eq!(relay.fold(0, Some(site_id()), event()).len(), 1);
}
