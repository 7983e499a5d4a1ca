//! What a site looks like now, to be read between two records.
//!
//! A view borrows the state and shows what may be told of it; how the fold keeps it is nobody
//! else's business, and nothing is computed or kept for a view that nobody asks for.

use crate::fingerprint;
use crate::state::SiteState;
use foghorn_model::event::client::{Association, Make};
use foghorn_model::telemetry::Radio;
use foghorn_model::{Device, Edge, Mac, Site, Timestamp};
use std::net::IpAddr;

/// A site after the last record folded.
#[derive(Clone, Copy, Debug)]
pub struct SiteView<'a> {
    state: &'a SiteState,
}

/// A device of a site.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DeviceView<'a> {
    /// Its configuration.
    pub device: &'a Device,
    /// Whether it is up; `None` before its source has told.
    pub is_up: Option<bool>,
    /// When that last changed, by the device's clock; zero before its source has told.
    pub since: Timestamp,
    /// When it was last heard of, by the partition clock; zero if it never was.
    pub heard: Timestamp,
    /// Its firmware; empty before its source has told.
    pub version: &'a str,
    /// The address that it was seen from.
    pub ext_ip: Option<IpAddr>,
}

/// A radio of an AP.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RadioView<'a> {
    /// `24`, `5` or `6`.
    pub band: &'a str,
    /// Whether it sends; `None` before its source has told, and so with the rest.
    pub is_up: Option<bool>,
    /// How it is set.
    pub setting: Radio,
    /// How much of the time its channel is in use, in percent.
    pub utilization: Option<f64>,
    /// The noise, dBm.
    pub noise_floor: Option<f64>,
}

/// An edge of a site.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EdgeView<'a> {
    /// Its configuration.
    pub edge: &'a Edge,
    /// Whether it is connected; `None` before it was first heard of.
    pub is_up: Option<bool>,
    /// When it was last heard of, by the partition clock; zero if it never was.
    pub heard: Timestamp,
}

/// An associated client of a site.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClientView<'a> {
    /// Its association, but for how it is heard.
    pub association: &'a Association,
    /// How it is heard, dBm.
    pub rssi: Option<f64>,
    /// When it was last heard of, by the partition clock.
    pub heard: Timestamp,
}

impl<'a> ClientView<'a> {
    pub(crate) fn new(association: &'a Association, rssi: Option<f64>, heard: Timestamp) -> Self {
        Self { association, rssi, heard }
    }

    /// What it is, as far as it shows.
    pub fn make(&self) -> Make {
        fingerprint::make(self.association)
    }
}

impl<'a> SiteView<'a> {
    pub(crate) fn new(state: &'a SiteState) -> Self {
        Self { state }
    }

    /// Its configuration.
    pub fn site(&self) -> &'a Site {
        &self.state.site
    }

    /// Its devices in the order of their addresses.
    pub fn devices(&self) -> impl Iterator<Item = DeviceView<'a>> + use<'a> {
        self.state.devices.views()
    }

    /// The radios of an AP, as far as they were heard of.
    pub fn radios(&self, ap: Mac) -> impl Iterator<Item = RadioView<'a>> + use<'a> {
        self.state.radios.of(ap).map(|(band, state)| RadioView {
            band,
            is_up: state.is_up,
            setting: state.setting,
            utilization: state.utilization,
            noise_floor: state.noise_floor,
        })
    }

    /// Its edges in the order of their addresses.
    pub fn edges(&self) -> impl Iterator<Item = EdgeView<'a>> + use<'a> {
        self.state.edges.views()
    }

    /// How many clients are associated.
    pub fn client_count(&self) -> usize {
        self.state.clients.len()
    }

    /// Its associated clients in the order of their addresses, those after `after` only.
    pub fn clients_after(
        &self,
        after: Option<Mac>,
    ) -> impl Iterator<Item = ClientView<'a>> + use<'a> {
        self.state.clients.views_after(after)
    }

    /// A client, if it is associated.
    pub fn client(&self, mac: Mac) -> Option<ClientView<'a>> {
        self.state.clients.view(mac)
    }
}
