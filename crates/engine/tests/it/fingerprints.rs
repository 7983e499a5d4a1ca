//! What a client is, by what it shows of itself.

use crate::world::{AP, World, associated};
use expect_test::expect;
use foghorn_engine::{Engine, FOLD_VERSION, registry_date};
use foghorn_model::Mac;

const AP2: &str = "5c5b35000002";
/// An address of Apple's, and one that a phone made up.
const REGISTERED: &str = "001b63aabbcc";
const RANDOM: &str = "021b63aabbcc";

/// What a session of this client tells of it, after these lines.
fn told(mac: &str, said: &[&str]) -> String {
    let mut world = World::new();
    let client: Mac = mac.parse().unwrap();
    world.line(0, &associated(client, AP, "5c5b35000011"));
    for more in said {
        world.line(1, &format!(r#"{{"mac":"{mac}",{more}}}"#));
    }
    world.engine = Engine::restore(world.engine.partition(), &world.engine.snapshot()).unwrap();
    world.say(1, "client-disassociated", mac);
    let members = ["client_manufacture", "client_family", "client_model", "client_os"];
    let trace = world.trace_of("client-sessions", &members);
    trace.splitn(3, ' ').nth(2).unwrap().trim().to_owned()
}

#[test]
fn an_address_shows_its_manufacturer_unless_it_is_a_random_one() {
    assert_eq!(told(REGISTERED, &[]), "Apple");
    assert_eq!(told(RANDOM, &[]), "");
}

#[test]
fn each_source_stands_before_the_next() {
    let seen = r#""kind":"client-seen","client_hostname":"Galaxy-S23""#;
    let dhcp = r#""kind":"client-dhcp","success":true,"client_hostname":"Galaxy-S23","dhcp_class":"android-dhcp-13""#;
    let fact = r#""kind":"client-seen","client_os":"Android 14 (rooted)""#;
    let stages = [&[][..], &[seen], &[seen, dhcp], &[seen, dhcp, fact]];
    let told: Vec<String> = stages.iter().map(|said| told(REGISTERED, said)).collect();
    expect![[r#"
        Apple
        Samsung Galaxy Galaxy S23 Android
        Samsung Galaxy Galaxy S23 Android 13
        Samsung Galaxy Galaxy S23 Android 14 (rooted)"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn a_name_that_contradicts_dhcp_is_its_owners_joke() {
    let dhcp = r#""kind":"client-dhcp","success":true,"client_hostname":"not-an-iPhone","dhcp_options":"1,3,6,15,31,33,43,44,46,47,119,121,249,252""#;
    assert_eq!(told(RANDOM, &[dhcp]), "Windows");
}

#[test]
fn what_dhcp_showed_roams_with_the_client_and_is_not_told_as_a_fact() {
    let mut world = World::new();
    let mac: Mac = RANDOM.parse().unwrap();
    world.line(0, &associated(mac, AP, "5c5b35000011"));
    world.line(1, &format!(r#"{{"kind":"client-dhcp","mac":"{mac}","success":true,"dhcp_options":"1,3,6,15,119,252"}}"#));
    world.line(1, &associated(mac, AP2, "5c5b35000022"));
    // Another system on the same hardware.
    world.line(
        1,
        &format!(
            r#"{{"kind":"client-dhcp","mac":"{mac}","success":true,"dhcp_class":"MSFT 5.0"}}"#
        ),
    );
    world.say(1, "client-disassociated", RANDOM);
    expect![[r#"
        client-sessions 2 Apple iOS
        client-sessions 4  Windows
    "#]]
    .assert_eq(&world.trace_of("client-sessions", &["client_manufacture", "client_os"]));
}

#[test]
fn a_view_shows_what_a_client_is() {
    let mut world = World::new();
    let mac: Mac = REGISTERED.parse().unwrap();
    world.line(0, &associated(mac, AP, "5c5b35000011"));
    let view = world.engine.site(crate::world::site_id()).unwrap();
    assert_eq!(view.client(mac).unwrap().make().manufacture.as_deref(), Some("Apple"));
}

/// Another registry makes other events of the same records: whoever takes a new one over counts
/// the version of the fold up, and writes here since which version it is.
#[test]
fn the_registry_is_the_one_of_this_version_of_the_fold() {
    let (registry, since) = ("2026-11-01", 3);
    assert_eq!(registry_date(), registry);
    assert!(FOLD_VERSION >= since);
}
