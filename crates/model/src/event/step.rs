//! What is told of the steps of clients: `client-info`, `client-latency`, and the client events
//! that searches answer from.

use super::Place;
use super::parts::{Part, Parts};
use crate::ids::WlanId;
use crate::mac::Mac;
use crate::telemetry::Step;
use crate::time::{Micros, Timestamp};
use std::net::IpAddr;

/// Appends a `client-info` event: a client was given an address.
pub fn encode_info(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    client: Mac,
    ip: IpAddr,
    hostname: Option<&str>,
    at: Timestamp,
) {
    let mut parts = Parts::at(
        place,
        [("ip", Part::Ip(ip)), ("mac", Part::Mac(client)), ("timestamp", Part::Int(at.secs()))],
    );
    parts.text("hostname", hostname);
    parts.write(out);
}

/// What a client did, as searches show it.
#[derive(Clone, Copy, Debug)]
pub struct ClientEvent<'a> {
    /// The client.
    pub mac: Mac,
    /// What it did, by its key of `/const/client_events`.
    pub event_type: &'a str,
    /// The AP.
    pub ap: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<&'a str>,
    /// The WLAN.
    pub wlan_id: Option<WlanId>,
    /// The band.
    pub band: Option<&'a str>,
    /// The VLAN.
    pub vlan: Option<&'a str>,
    /// The server that was asked.
    pub server: Option<&'a str>,
    /// Details.
    pub text: Option<&'a str>,
    /// How long it took.
    pub duration: Option<Micros>,
}

/// Appends a client event.
pub fn encode_client_event(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    event: &ClientEvent<'_>,
    at: Timestamp,
) {
    let mut parts = Parts::at(
        place,
        [
            ("mac", Part::Mac(event.mac)),
            ("timestamp", Part::Secs(at)),
            ("type", Part::Text(event.event_type)),
        ],
    );
    parts.add_opt("ap", event.ap.filter(|ap| *ap != Mac::NONE).map(Part::Mac));
    parts.add_opt("bssid", event.bssid.map(Part::Mac));
    parts.text("ssid", event.ssid);
    parts.add_opt("wlan_id", event.wlan_id.map(|id| Part::Id(id.0)));
    parts.text("band", event.band);
    parts.text("vlan", event.vlan);
    parts.text("server", event.server);
    parts.text("text", event.text);
    parts.add_opt("duration", event.duration.map(Part::Span));
    parts.write(out);
}

/// How long steps of one kind took within a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepLatency {
    /// Which.
    pub step: Step,
    /// The shortest.
    pub min: Micros,
    /// The mean, to the microsecond.
    pub avg: Micros,
    /// The longest.
    pub max: Micros,
}

/// Appends a `client-latency` event of a window that ends at `end`. A kind of step that no client
/// went is left out.
pub fn encode_latency(
    out: &mut Vec<u8>,
    place: &Place<'_>,
    latencies: &[StepLatency],
    end: Timestamp,
) {
    let mut parts = Parts::at(place, [("timestamp", Part::Int(end.secs()))]);
    for it in latencies {
        let [min, avg, max] = match it.step {
            Step::Auth => ["min_auth", "avg_auth", "max_auth"],
            Step::Dhcp => ["min_dhcp", "avg_dhcp", "max_dhcp"],
            Step::Dns => ["min_dns", "avg_dns", "max_dns"],
            // The wire has none.
            Step::Arp => continue,
        };
        parts.add(min, Part::Span(it.min));
        parts.add(avg, Part::Span(it.avg));
        parts.add(max, Part::Span(it.max));
    }
    parts.write(out);
}
