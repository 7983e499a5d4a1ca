//! What is behind devices that are down, or restart again and again.

use super::{Cause, DeviceState, Devices, Stand, Status};
use crate::processors::Scene;
use crate::processors::alarms::{self, Incident};
use foghorn_model::alarm::Evidence;
use foghorn_model::definitions::AlarmRow;
use foghorn_model::time::Micros;
use foghorn_model::{DeviceType, Mac};

/// Restarts of an AP or a gateway, not asked for by anybody, within so long that are too many.
const UNHEALTHY_RESTARTS: usize = 3;
const UNHEALTHY_WITHIN: Micros = Micros::from_mins(30);

impl Devices {
    /// A device was told down, or is back: a switch that is down takes its APs with it, and is
    /// what they have in common.
    pub(super) fn look_for_causes(
        &mut self,
        mac: Mac,
        (before, after): (Stand, Stand),
        scene: &mut Scene<'_, '_>,
    ) {
        if before.is_told_down == after.is_told_down {
            return;
        }
        let row = alarms::row("ap_offline");
        let is_switch = after.device_type == DeviceType::Switch;
        if !after.is_told_down {
            if is_switch {
                scene.resolve(row, &mac.to_string(), scene.at);
            }
            return;
        }
        let Some(state) = self.by_mac.get(&mac) else { return };
        let cause = if is_switch { Some(mac) } else { state.uplink };
        let Some(cause) = cause.and_then(|mac| self.by_mac.get(&mac)) else { return };
        if !cause.is_told_down() || cause.device_type != DeviceType::Switch {
            return;
        }
        let switch = cause.device.mac;
        // All devices are gone through for a switch only, and not for each AP of those behind it.
        let behind = is_switch.then(|| self.by_mac.each()).into_iter().flatten();
        let behind = behind.filter(|it| it.uplink == Some(switch));
        let itself = (!is_switch).then_some(state);
        let members =
            behind.chain(itself).filter(|it| it.device_type == DeviceType::Ap && it.is_told_down());
        let mut members: Vec<_> = members.collect();
        members.sort_unstable_by_key(|it| it.device.mac);
        for member in members {
            let mut evidence = Evidence::new();
            cause.show(&mut evidence);
            member.show(&mut evidence);
            evidence.add("reasons", "the switch is down");
            evidence.involve(self.entity(member.device.mac, None));
            let at = scene.at;
            scene.raise(&Incident { row, about: &switch.to_string(), at, evidence });
        }
    }
}

impl DeviceState {
    /// Whether it is down, and the threshold of that is over.
    pub(super) fn is_told_down(&self) -> bool {
        self.status == Status::Down && self.owed.is_none()
    }

    /// The alarm of a device that is not well; the wire knows none of a switch.
    fn unhealthy_row(&self) -> Option<&'static AlarmRow> {
        match self.device_type {
            DeviceType::Ap => Some(alarms::row("health_check_failed")),
            DeviceType::Gateway => Some(alarms::row("wan_device_problem")),
            DeviceType::Switch => None,
        }
    }

    /// A device that restarts again and again is not well, until it has not for a while.
    pub(super) fn check_health(&mut self, scene: &mut Scene<'_, '_>) {
        if !self.is_unhealthy {
            return;
        }
        // What an older build kept has the last one among the restarts only.
        let last =
            self.restarts.back().map_or(self.restart_heard, |at| self.restart_heard.max(*at));
        if last + UNHEALTHY_WITHIN <= scene.now {
            self.is_unhealthy = false;
            self.restarts.clear();
            if let Some(row) = self.unhealthy_row() {
                scene.resolve(row, &self.device.mac.to_string(), scene.at);
            }
        }
    }

    pub(super) fn count_restart(&mut self, cause: Cause<'_>, scene: &mut Scene<'_, '_>) {
        let Some(row) = self.unhealthy_row().filter(|_| cause.audit_id.is_none()) else { return };
        self.restarts.push_back(scene.at);
        self.restart_heard = scene.now;
        if self.restarts.len() > UNHEALTHY_RESTARTS {
            self.restarts.pop_front();
        }
        let many = self.restarts.len() == UNHEALTHY_RESTARTS
            && self.restarts[0] + UNHEALTHY_WITHIN > scene.at;
        if many || self.is_unhealthy {
            self.is_unhealthy = true;
            let mut evidence = Evidence::new();
            self.show(&mut evidence);
            evidence.add_opt("reasons", cause.reason);
            evidence.involve(self.entity());
            let (about, at) = (self.device.mac.to_string(), scene.at);
            scene.raise(&Incident { row, about: &about, at, evidence });
        }
    }
}
