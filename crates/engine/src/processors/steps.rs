//! What clients go through on their way into the network: searches show each step, `client-info`
//! tells of each address that is given, and latencies and failures are gathered.

use super::Scene;
use super::clients::Clients;
use super::devices::Devices;
use super::failures::{Failures, Outcome};
use super::latency::Latency;
use foghorn_model::event::step::{ClientEvent, encode_client_event, encode_info};
use foghorn_model::telemetry::{ClientStep, Step};
use foghorn_model::{Topic, WlanId};

/// A client went a step, or failed to.
pub(crate) fn on_step(
    report: &ClientStep<'_>,
    clients: &mut Clients,
    latency: &mut Latency,
    failures: &mut Failures,
    devices: &Devices,
    scene: &mut Scene<'_, '_>,
) {
    let is_new = report.step == Step::Dhcp && report.success && clients.learn_lease(report);
    // What the source leaves out is as the client's association has it.
    let known = clients.association(report.mac);
    let known = known.filter(|it| report.ap.is_none_or(|ap| ap == it.ap));
    let ssid = report.ssid.as_deref().or(known.map(|it| it.ssid.as_str()));
    let derived = || Some(WlanId::derived(scene.site.id, report.ssid.as_deref()?));
    let wlan_id = report.wlan_id.map(WlanId).or_else(derived).or(known.map(|it| it.wlan_id));
    let event = ClientEvent {
        mac: report.mac,
        event_type: report.step.event_type(report.success),
        ap: report.ap.or(known.map(|it| it.ap)),
        bssid: report.bssid.or(known.map(|it| it.bssid)),
        ssid,
        wlan_id,
        band: report.band.as_deref().or(known.and_then(|it| it.band.as_deref())),
        vlan: report.vlan.as_deref(),
        server: report.server.as_deref(),
        text: report.text.as_deref().or(report.reason.as_deref()),
        duration: report.duration,
    };
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
