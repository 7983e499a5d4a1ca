//! Messages in, telemetry lines out; streams cut anywhere; senders routed; sockets.

mod framing;
mod listener;
mod routing;
mod vendors;

use super::directory::{Claim, Directory, DirectoryBuilder, Interface};
use foghorn_model::{Device, DeviceType, OrgId, SiteId, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use uuid::Uuid;

/// 2023-11-14T22:13:20Z.
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
const ORG: OrgId = OrgId(Uuid::from_bytes([1; 16]));
const OTHER_ORG: OrgId = OrgId(Uuid::from_bytes([9; 16]));
const SITE: SiteId = SiteId(Uuid::from_bytes([2; 16]));
const BRANCH: SiteId = SiteId(Uuid::from_bytes([3; 16]));

fn device(mac: &str, name: &str, device_type: DeviceType, ip: Option<&str>) -> Device {
    Device {
        mac: mac.parse().unwrap(),
        org_id: ORG,
        site_id: Some(SITE),
        name: name.into(),
        device_type,
        model: String::new(),
        ip: ip.map(|ip| ip.parse().unwrap()),
    }
}

fn claim(network: &str) -> Claim {
    Claim {
        org: ORG,
        site: SITE,
        network: network.parse().unwrap(),
        relay: false,
        interfaces: BTreeMap::new(),
    }
}

/// A site with an AP, a switch, a gateway and a controller whose APs have names.
fn site() -> DirectoryBuilder {
    let interface = Interface {
        ssid: Some("Maui".into()),
        bssid: Some("5c5b35df18a1".parse().unwrap()),
        band: Some("5".into()),
    };
    let guests = Interface { ssid: Some("Guests".into()), ..Interface::default() };
    let interfaces = BTreeMap::from([("wlan1".to_owned(), interface), ("vap3".to_owned(), guests)]);
    let devices = [
        device("5c5b35000001", "Lobby", DeviceType::Ap, Some("192.0.2.1")),
        device("5c5b35000002", "Rack", DeviceType::Switch, Some("192.0.2.2")),
        device("5c5b35000003", "Edge", DeviceType::Gateway, Some("192.0.2.3")),
        device("5c5b35000004", "wlc", DeviceType::Gateway, Some("192.0.2.4")),
        device("5c5b35000005", "AP-North", DeviceType::Ap, None),
    ];
    devices.iter().fold(
        DirectoryBuilder::new(5).claim(Claim { interfaces, ..claim("192.0.2.0/24") }),
        DirectoryBuilder::device,
    )
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn lines_of(directory: &Directory, source: &str, text: &str) -> super::Reading {
    let message = super::Message::parse(text, NOW);
    let route = directory.route(None, address(source), message.host).unwrap();
    super::read(&message, &route)
}
