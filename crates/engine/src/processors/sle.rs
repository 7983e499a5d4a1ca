//! `site-sle`: how well a site served its users in an hour, as shares of one.
//!
//! | classifier | is the share of |
//! |---|---|
//! | `successful-connect` | steps into the network (authentication, DHCP, DNS, ARP) that went well |
//! | `time-to-connect` | measured steps that took [`QUICK`] at most |
//! | `coverage` | reports of how clients are heard that are not weak |
//! | `ap-availability` | the time of all APs in which they were up, from close to close |
//!
//! What nobody can say of an hour is left out; an hour of which nothing can be said is not told.

use super::Scene;
use super::devices::Devices;
use super::failures::is_weak;
use super::windows::Windows;
use crate::timers::{Armed, Subject, Timers};
use foghorn_model::event::sle::{Share, encode};
use foghorn_model::time::Micros;
use foghorn_model::{Site, Timestamp, Topic};
use serde::{Deserialize, Serialize};

/// The length of a window.
pub(super) const LENGTH: Micros = Micros::from_mins(60);
/// A step that takes longer keeps its user waiting.
const QUICK: Micros = Micros::from_secs(2);

/// The hours of a site.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sle {
    windows: Windows<Hour>,
    #[serde(skip)]
    armed: Armed,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Hour {
    connects: Share,
    quick: Share,
    covered: Share,
}

impl Sle {
    /// A client went a step.
    pub(crate) fn on_step(
        &mut self,
        success: bool,
        duration: Option<Micros>,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(hour) = self.windows.at(LENGTH, scene.at, scene.now) else { return };
        hour.connects.add(success);
        if let (true, Some(duration)) = (success, duration) {
            hour.quick.add(duration <= QUICK);
        }
        self.rearm(scene.site, scene.timers);
    }

    /// A client was heard.
    pub(crate) fn on_heard(&mut self, rssi: f64, scene: &mut Scene<'_, '_>) {
        let Some(hour) = self.windows.at(LENGTH, scene.at, scene.now) else { return };
        hour.covered.add(!is_weak(rssi));
        self.rearm(scene.site, scene.timers);
    }

    /// An AP is known: from now on there is something to say of every hour.
    pub(crate) fn on_device(&mut self, scene: &mut Scene<'_, '_>) {
        if self.windows.deadline(LENGTH).is_none()
            && self.windows.at(LENGTH, scene.now, scene.now).is_some()
        {
            self.rearm(scene.site, scene.timers);
        }
    }

    /// An hour is over.
    pub(crate) fn on_timer(&mut self, devices: &mut Devices, scene: &mut Scene<'_, '_>) {
        self.armed.fired();
        while let Some((end, hour)) = self.windows.close(LENGTH, scene.now) {
            let shares = [
                ("ap-availability", devices.take_availability(scene.now)),
                ("coverage", hour.covered),
                ("successful-connect", hour.connects),
                ("time-to-connect", hour.quick),
            ];
            if shares.iter().any(|(_, share)| share.of > 0) {
                scene.emit(Topic::SiteSle, |out, place| encode(out, place, &shares, end));
            }
        }
        if devices.has_known_aps() {
            self.on_device(scene);
        }
        self.rearm(scene.site, scene.timers);
    }

    /// The site heard nothing until now, through no fault of its sources.
    pub(crate) fn defer(&mut self, now: Timestamp) {
        self.windows.defer(now);
    }

    /// The state was read back, or has changed.
    pub(crate) fn rearm(&mut self, site: &Site, timers: &mut Timers) {
        if let Some(deadline) = self.windows.deadline(LENGTH) {
            timers.arm(&mut self.armed, deadline, site.id, Subject::Sle);
        }
    }
}
