use super::*;
use crate::syslog::directory::Stranger;
use crate::syslog::unclaimed::{SENDERS_MAX, Unclaimed};
use foghorn_model::Mac;

type Routed = Result<(SiteId, Option<Mac>), Stranger>;

fn route(directory: &Directory, source: &str, host: Option<&str>) -> Routed {
    let route = directory.route(None, address(source), host)?;
    Ok((route.site, route.device.map(|device| device.mac)))
}

fn mac(text: &str) -> Option<Mac> {
    text.parse().ok()
}

#[test]
fn an_address_that_is_known_wins_over_a_name() {
    let directory = site().build();
    assert_eq!(route(&directory, "192.0.2.1", Some("Rack")), Ok((SITE, mac("5c5b35000001"))));
    assert_eq!(route(&directory, "::ffff:192.0.2.1", None), Ok((SITE, mac("5c5b35000001"))));
    // Of others in the network the name tells, whatever its case; a name alone tells nothing.
    assert_eq!(route(&directory, "192.0.2.9", Some("LOBBY")), Ok((SITE, mac("5c5b35000001"))));
    assert_eq!(
        route(&directory, "192.0.2.9", Some("5C:5B:35:00:00:02")).unwrap().1,
        mac("5c5b35000002")
    );
    assert_eq!(route(&directory, "192.0.2.9", Some("nobody")), Ok((SITE, None)));
    assert_eq!(route(&directory, "198.51.100.1", Some("Lobby")), Err(Stranger::Unknown));
}

#[test]
fn a_name_that_two_devices_have_is_nobodys() {
    let twin = device("5c5b35000009", "lobby", DeviceType::Ap, None);
    let spaced = device("5c5b35000008", "Meeting Room", DeviceType::Ap, None);
    let directory = site().device(&twin).device(&spaced).build();
    assert_eq!(route(&directory, "192.0.2.9", Some("Lobby")), Ok((SITE, None)));
    let room = route(&directory, "192.0.2.9", Some("Meeting_Room"));
    assert_eq!(room, Ok((SITE, mac("5c5b35000008"))));
}

#[test]
fn a_relay_speaks_for_whom_it_names() {
    let relay = Claim { relay: true, ..claim("192.0.2.2/32") };
    let directory = site().claim(relay).build();
    assert_eq!(route(&directory, "192.0.2.2", Some("Lobby")), Ok((SITE, mac("5c5b35000001"))));
    assert_eq!(route(&directory, "192.0.2.2", Some("192.0.2.3")), Ok((SITE, mac("5c5b35000003"))));
    assert_eq!(route(&directory, "192.0.2.2", Some("nobody")), Ok((SITE, None)));
}

#[test]
fn of_two_sites_the_narrower_network_or_the_name_tells() {
    let branch = |network| Claim { site: BRANCH, ..claim(network) };
    let ap =
        Device { site_id: Some(BRANCH), ..device("5c5b35000007", "Attic", DeviceType::Ap, None) };
    let directory = site().claim(branch("192.0.2.128/25")).device(&ap).build();
    assert_eq!(route(&directory, "192.0.2.200", Some("Lobby")), Ok((BRANCH, None)));
    assert_eq!(route(&directory, "192.0.2.100", None), Ok((SITE, None)));
    let alike = site().claim(branch("192.0.2.0/24")).device(&ap).build();
    assert_eq!(route(&alike, "192.0.2.9", None), Err(Stranger::Unknown));
    assert_eq!(route(&alike, "192.0.2.9", Some("attic")), Ok((BRANCH, mac("5c5b35000007"))));
}

#[test]
fn what_two_orgs_claim_is_neithers_unless_the_listener_is_of_one() {
    // However wide or narrow: nobody takes over, or looks into, what another org is sent.
    for network in ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.1/32"] {
        let theirs = Claim { org: OTHER_ORG, site: BRANCH, ..claim(network) };
        let directory = site().claim(theirs).build();
        assert_eq!(route(&directory, "192.0.2.1", None), Err(Stranger::Disputed), "{network}");
        let ours = directory.route(Some(ORG), address("192.0.2.1"), None).unwrap();
        assert_eq!((ours.org, ours.site), (ORG, SITE));
        let theirs = directory.route(Some(OTHER_ORG), address("192.0.2.1"), None).unwrap();
        assert_eq!((theirs.org, theirs.device), (OTHER_ORG, None));
    }
}

#[test]
fn the_unclaimed_are_bounded_and_shown_to_whom_they_may_concern() {
    let unclaimed = Unclaimed::default();
    let at = |secs: i64| Timestamp(NOW.0 + secs * 1_000_000);
    let note = |listener, source: u32, secs| {
        let source = IpAddr::V4((0x0a00_0000 + source).into());
        let text = "<13>ap\u{1b}[31m \u{202e}";
        unclaimed.note(listener, source, Some("a\nb"), text, Stranger::Unknown, at(secs));
    };
    for source in 0..u32::try_from(SENDERS_MAX).unwrap() + 5 {
        note(None, source, i64::from(source));
    }
    note(None, 500, 9000);
    note(Some(OTHER_ORG), 7, 1);
    let seen = unclaimed.of_org(ORG, true);
    assert_eq!(seen.len(), SENDERS_MAX);
    let first = &seen[0];
    assert_eq!((first.address, first.count), (address("10.0.1.244"), 2));
    assert_eq!((first.first_seen, first.last_seen), (at(500), at(9000)));
    assert_eq!(first.sample, "<13>ap\\u{1b}[31m \\u{202e}");
    assert_eq!(first.host.as_deref(), Some("a\\u{a}b"));
    assert_eq!(seen.iter().map(|it| it.first_seen).min(), Some(at(5)), "the oldest went");
    // Where there are several orgs, what came to the listener of all is nobody's to see.
    assert_eq!(unclaimed.of_org(ORG, false), []);
    assert_eq!(unclaimed.of_org(OTHER_ORG, false).len(), 1);
}
