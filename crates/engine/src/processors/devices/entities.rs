//! Devices as the things that conclusions are about.

use super::{DeviceState, Devices};
use foghorn_model::Mac;
use foghorn_model::alarm::Entity;

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
    /// The device as a thing that a conclusion is about.
    pub(super) fn entity(&self) -> Entity {
        let mac = self.device.mac.to_string();
        let name = Some(&self.device.name).filter(|name| !name.is_empty()).unwrap_or(&mac);
        Entity::new(self.device.device_type.name())
            .with("entity_name", name.as_str())
            .with("connected_switch_mac", self.uplink.map(|it| it.to_string()).unwrap_or_default())
            .with("entity_mac", mac)
    }
}
