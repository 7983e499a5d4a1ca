//! What becomes of a device, as events and alarms call it.

use crate::processors::alarms;
use foghorn_model::DeviceType;
use foghorn_model::definitions::AlarmRow;
use foghorn_model::telemetry::Severity;

/// The derived types; each belongs to the prefix of the device's type.
#[derive(Clone, Copy)]
pub(super) enum Transition {
    Connected,
    Disconnected,
    Restarted,
}

impl Transition {
    pub(super) fn event_type(self, device_type: DeviceType) -> &'static str {
        match (device_type, self) {
            (DeviceType::Ap, Self::Connected) => "AP_CONNECTED",
            (DeviceType::Ap, Self::Disconnected) => "AP_DISCONNECTED",
            (DeviceType::Ap, Self::Restarted) => "AP_RESTARTED",
            (DeviceType::Switch, Self::Connected) => "SW_CONNECTED",
            (DeviceType::Switch, Self::Disconnected) => "SW_DISCONNECTED",
            (DeviceType::Switch, Self::Restarted) => "SW_RESTARTED",
            (DeviceType::Gateway, Self::Connected) => "GW_CONNECTED",
            (DeviceType::Gateway, Self::Disconnected) => "GW_DISCONNECTED",
            (DeviceType::Gateway, Self::Restarted) => "GW_RESTARTED",
        }
    }

    /// The alarm that it is, where there is one.
    pub(super) fn alarm(self, device_type: DeviceType) -> Option<&'static AlarmRow> {
        Some(alarms::row(match (device_type, self) {
            (DeviceType::Ap, Self::Connected) => "device_reconnected",
            (DeviceType::Ap, Self::Disconnected) => "device_down",
            (DeviceType::Ap, Self::Restarted) => "device_restarted",
            (DeviceType::Switch, Self::Connected) => "switch_reconnected",
            (DeviceType::Switch, Self::Disconnected) => "switch_down",
            (DeviceType::Switch, Self::Restarted) => "switch_restarted",
            (DeviceType::Gateway, Self::Connected) => "gateway_reconnected",
            (DeviceType::Gateway, Self::Disconnected) => "gateway_down",
            // The wire knows none.
            (DeviceType::Gateway, Self::Restarted) => return None,
        }))
    }

    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Connected | Self::Restarted => Severity::Notice,
            Self::Disconnected => Severity::Warn,
        }
    }
}
