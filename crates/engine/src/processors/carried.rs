//! `nac-events`, `guest-authorizations` and the events of devices of other vendors: what a source
//! knows, told with its place.

use super::Scene;
use super::alarms::Incident;
use foghorn_model::Topic;
use foghorn_model::alarm::Evidence;
use foghorn_model::definitions::alarm_of_other_device_event;
use foghorn_model::event::carried::{encode_event, encode_guest};
use foghorn_model::telemetry::Carried;
use foghorn_model::telemetry::field::Field;

/// Access control decided.
pub(crate) fn on_decision(decision: &Carried<'_>, scene: &mut Scene<'_, '_>) {
    let at = scene.at;
    scene.emit(Topic::NacEvents, |out, place| encode_event(out, place, decision, at));
}

/// A guest was let in.
pub(crate) fn on_guest(guest: &Carried<'_>, scene: &mut Scene<'_, '_>) {
    let at = scene.at;
    scene.emit(Topic::GuestAuthorizations, |out, place| encode_guest(out, place, guest, at));
}

/// A device of another vendor reported something, which may be an alarm by itself.
pub(crate) fn on_other_device(event: &Carried<'_>, scene: &mut Scene<'_, '_>) {
    let at = scene.at;
    scene.emit(Topic::OtherDeviceEvents, |out, place| encode_event(out, place, event, at));
    let row = event.event_type.as_deref().and_then(alarm_of_other_device_event);
    if let Some(row) = row {
        let mut evidence = Evidence::new();
        evidence.add("hostnames", event.mac.to_string());
        evidence.add_opt("reasons", event.text(Field::Text));
        scene.raise(&Incident { row, about: "", at, evidence });
    }
}
