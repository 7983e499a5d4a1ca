use crate::world::{AP, START, World, site_id};
use foghorn_engine::Engine;
use foghorn_model::{Mac, Timestamp};

fn at(after: i64) -> Timestamp {
    Timestamp((START + after) * 1_000_000)
}

/// `mac is_up since heard version` of the devices that were heard of, and the rest counted.
fn devices(world: &World) -> (Vec<String>, usize) {
    let view = world.engine.site(site_id()).unwrap();
    let heard = view.devices().filter(|it| it.heard > Timestamp(0));
    let heard: Vec<String> = heard
        .map(|it| {
            let (since, heard) = (it.since.secs() - START, it.heard.secs() - START);
            format!("{} {:?} {since} {heard} {}", it.device.mac, it.is_up, it.version)
        })
        .collect();
    let silent = view.devices().count() - heard.len();
    (heard, silent)
}

#[test]
fn a_view_tells_what_each_device_is_and_since_when() {
    let mut world = World::new();
    let nothing = world.engine.site(site_id()).unwrap();
    assert!(nothing.devices().all(|it| it.is_up.is_none() && it.version.is_empty()));
    world.line(10, &format!(r#"{{"kind":"device-heartbeat","mac":"{AP}","version":"0.14.1"}}"#));
    world.say(20, "device-heartbeat", AP);
    assert_eq!(devices(&world), (vec![format!("{AP} Some(true) 10 30 0.14.1")], 3));
    // It falls silent, and nobody has to say so.
    world.tick(90);
    assert_eq!(devices(&world), (vec![format!("{AP} Some(false) 120 30 0.14.1")], 3));
}

#[test]
fn a_view_pages_through_the_clients_and_outlives_a_snapshot() {
    let mut world = World::new();
    let macs = ["70ef00000001", "70ef00000002", "70ef00000003"];
    for mac in macs {
        world.line(
            10,
            &format!(
                r#"{{"kind":"client-associated","mac":"{mac}","ap":"{AP}","bssid":"5c5b35000011","ssid":"a"}}"#
            ),
        );
    }
    world.say(10, "client-disassociated", macs[1]);
    let restored = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    for engine in [&world.engine, &restored] {
        let view = engine.site(site_id()).unwrap();
        assert_eq!((view.client_count(), view.site().name.as_str()), (2, "HQ"));
        let all: Vec<String> =
            view.clients_after(None).map(|it| it.association.mac.to_string()).collect();
        assert_eq!(all, [macs[0], macs[2]]);
        let first: Mac = macs[0].parse().unwrap();
        let rest: Vec<Timestamp> = view.clients_after(Some(first)).map(|it| it.heard).collect();
        assert_eq!(rest, [at(30)]);
        assert_eq!(view.client(first).unwrap().association.connect, at(10));
        assert!(view.client(macs[1].parse().unwrap()).is_none());
    }
    assert!(world.engine.site(foghorn_model::SiteId::from_bytes([9; 16])).is_none());
}
