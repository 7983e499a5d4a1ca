//! Devices as the things that conclusions are about.

use super::{DeviceState, Devices};
use foghorn_model::Mac;
use foghorn_model::alarm::{Entity, Evidence};
use foghorn_model::definitions::AlarmRow;

impl Devices {
    /// A device, or a port of it, as a thing that a conclusion is about.
    pub(crate) fn entity(&self, mac: Mac, port_id: Option<&str>) -> Entity {
        let state = self.by_mac.get(&mac);
        let switch = state.and_then(|state| self.name(state.uplink?));
        let entity = match state {
            Some(state) => state.entity(),
            None => Entity::default().with("entity_mac", mac.to_string()),
        };
        entity
            .with("connected_switch_name", switch.unwrap_or_default())
            .with("port_id", port_id.unwrap_or_default())
    }
}

impl DeviceState {
    /// Shows what captures of an alarm have beside what its definition says: of the first device
    /// that it is about.
    pub(super) fn show_more(&self, row: &AlarmRow, evidence: &mut Evidence) {
        match row.key {
            "sw_bad_optics" => {
                evidence.add("model", self.device.model.as_str());
                evidence.add("fw_version", self.version.as_str());
            }
            "device_restarted" => {
                evidence.add("hostname", self.device.name.as_str());
            }
            _ => {}
        }
    }

    /// The device as a thing that a conclusion is about.
    pub(super) fn entity(&self) -> Entity {
        let mac = self.device.mac.to_string();
        let name = Some(&self.device.name).filter(|name| !name.is_empty()).unwrap_or(&mac);
        Entity::new(self.device_type.name())
            .with("entity_name", name.as_str())
            .with("connected_switch_mac", self.uplink.map(|it| it.to_string()).unwrap_or_default())
            .with("entity_mac", mac)
    }
}
