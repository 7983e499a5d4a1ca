//! `nac-events` and `guest-authorizations`: what a source knows, told with its place.

use super::Scene;
use foghorn_model::Topic;
use foghorn_model::event::carried::{encode_decision, encode_guest};
use foghorn_model::telemetry::Carried;

/// Access control decided.
pub(crate) fn on_decision(decision: &Carried<'_>, scene: &mut Scene<'_, '_>) {
    let at = scene.at;
    scene.emit(Topic::NacEvents, |out, place| encode_decision(out, place, decision, at));
}

/// A guest was let in.
pub(crate) fn on_guest(guest: &Carried<'_>, scene: &mut Scene<'_, '_>) {
    let at = scene.at;
    scene.emit(Topic::GuestAuthorizations, |out, place| encode_guest(out, place, guest, at));
}
