//! What clients go through on their way into the network: searches show each step and whatever else
//! befalls them, `client-info` tells of each address that is given, and latencies and failures are
//! gathered.

use super::Scene;
use super::clients::Clients;
use super::devices::Devices;
use super::failures::{Failures, Outcome};
use super::latency::Latency;
use foghorn_model::event::client::Association;
use foghorn_model::event::step::{ClientEvent, encode_client_event, encode_info};
use foghorn_model::telemetry::{ClientHappening, ClientStep, Step};
use foghorn_model::{Mac, Topic, WlanId};
use std::net::IpAddr;

/// A client went a step, or failed to.
pub(crate) fn on_step(
    report: &ClientStep<'_>,
    clients: &mut Clients,
    latency: &mut Latency,
    failures: &mut Failures,
    devices: &Devices,
    scene: &mut Scene<'_, '_>,
) {
    let before = clients.association(report.mac).and_then(|it| it.ip);
    let is_new = report.step == Step::Dhcp && report.success && clients.learn_lease(report);
    let known = association(clients, report.mac, report.ap);
    let told = ClientEvent {
        mac: report.mac,
        event_type: event_type(report, before),
        ap: report.ap,
        bssid: report.bssid,
        ssid: report.ssid.as_deref(),
        wlan_id: report.wlan_id.map(WlanId),
        band: report.band.as_deref(),
        vlan: report.vlan.as_deref(),
        server: report.server.as_deref(),
        text: report.text.as_deref().or(report.reason.as_deref()),
        duration: report.duration,
    };
    let event = placed(told, known, scene);
    let at = scene.at;
    scene.emit(Topic::ClientEvents, |out, place| encode_client_event(out, place, &event, at));
    if let (true, Some(ip)) = (is_new, report.ip) {
        let hostname = report.hostname.as_deref().or(known.and_then(|it| it.hostname.as_deref()));
        scene.emit(Topic::ClientInfo, |out, place| {
            encode_info(out, place, report.mac, ip, hostname, at);
        });
    }
    if let (true, Some(duration)) = (report.success, report.duration) {
        latency.add(report.step, duration, scene);
    }
    let outcome = Outcome {
        step: report.step,
        success: report.success,
        event: &event,
        hostname: known.and_then(|it| it.hostname.as_deref()),
    };
    failures.on_outcome(&outcome, devices, scene);
}

/// Something else befell a client.
pub(crate) fn on_happening(
    report: &ClientHappening<'_>,
    clients: &Clients,
    scene: &mut Scene<'_, '_>,
) {
    let told = ClientEvent {
        mac: report.mac,
        event_type: report.event_type,
        ap: report.ap,
        bssid: report.bssid,
        ssid: report.ssid.as_deref(),
        wlan_id: report.wlan_id.map(WlanId),
        band: report.band.as_deref(),
        vlan: report.vlan.as_deref(),
        server: report.server.as_deref(),
        text: report.text.as_deref(),
        duration: report.duration,
    };
    let event = placed(told, association(clients, report.mac, report.ap), scene);
    let at = scene.at;
    scene.emit(Topic::ClientEvents, |out, place| encode_client_event(out, place, &event, at));
}

/// Which client event a step is: as its source says, else as the address shows.
fn event_type(report: &ClientStep<'_>, before: Option<IpAddr>) -> &'static str {
    let of_address = || match (report.step, report.success, report.ip) {
        (Step::Dhcp, true, Some(ip)) if before == Some(ip) => Some("CLIENT_IP_RENEWED"),
        (Step::Dhcp, true, Some(IpAddr::V6(_))) => Some("CLIENT_IPV6_ASSIGNED"),
        _ => None,
    };
    let told = report.event_type.or_else(of_address);
    told.unwrap_or_else(|| report.step.event_type(report.success))
}

/// The association of a client, if it is at this AP.
fn association(clients: &Clients, client: Mac, ap: Option<Mac>) -> Option<&Association> {
    clients.association(client).filter(|it| ap.is_none_or(|ap| ap == it.ap))
}

/// What the source leaves out is as the client's association has it.
fn placed<'a>(
    told: ClientEvent<'a>,
    known: Option<&'a Association>,
    scene: &Scene<'_, '_>,
) -> ClientEvent<'a> {
    let derived = || Some(WlanId::derived(scene.site.id, told.ssid?));
    ClientEvent {
        ap: told.ap.or(known.map(|it| it.ap)),
        bssid: told.bssid.or(known.map(|it| it.bssid)),
        ssid: told.ssid.or(known.map(|it| it.ssid.as_str())),
        wlan_id: told.wlan_id.or_else(derived).or(known.map(|it| it.wlan_id)),
        band: told.band.or(known.and_then(|it| it.band.as_deref())),
        ..told
    }
}
