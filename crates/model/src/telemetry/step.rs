//! What a client goes through on its way into the network: authentication, DHCP, DNS, ARP.

use super::field::{Field, FieldError, Fields};
use super::{Kind, flag, id, ip, mac, required, span, text};
use crate::mac::Mac;
use crate::time::Micros;
use std::borrow::Cow;
use std::net::IpAddr;
use uuid::Uuid;

/// One transaction of a client, as it ended.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientStep<'a> {
    /// Which one.
    pub step: Step,
    /// The client.
    pub mac: Mac,
    /// Whether it went well.
    pub success: bool,
    /// How long it took.
    pub duration: Option<Micros>,
    /// Why it failed.
    pub reason: Option<Cow<'a, str>>,
    /// Details.
    pub text: Option<Cow<'a, str>>,
    /// The server that was asked; of ARP the gateway.
    pub server: Option<Cow<'a, str>>,
    /// The AP that the client is at; where it is associated when this is absent.
    pub ap: Option<Mac>,
    /// The BSSID.
    pub bssid: Option<Mac>,
    /// The SSID.
    pub ssid: Option<Cow<'a, str>>,
    /// The WLAN's id, when the source has one.
    pub wlan_id: Option<Uuid>,
    /// The band.
    pub band: Option<Cow<'a, str>>,
    /// The VLAN.
    pub vlan: Option<Cow<'a, str>>,
    /// The address that DHCP gave.
    pub ip: Option<IpAddr>,
    /// The name that the client told DHCP.
    pub hostname: Option<Cow<'a, str>>,
    /// The options that the client asked DHCP for.
    pub dhcp_options: Option<Cow<'a, str>>,
    /// The vendor class that the client told DHCP.
    pub dhcp_class: Option<Cow<'a, str>>,
    /// The user who authenticated.
    pub username: Option<Cow<'a, str>>,
}

/// A step of a client into the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// Authentication, from the first frame to the last.
    Auth,
    /// DHCP, from discover to acknowledgement.
    Dhcp,
    /// A DNS query.
    Dns,
    /// ARP of the gateway.
    Arp,
}

impl Step {
    /// The type of the client event that it is.
    pub fn event_type(self, success: bool) -> &'static str {
        match (self, success) {
            (Self::Auth, true) => "CLIENT_AUTHENTICATED",
            (Self::Auth, false) => "MARVIS_EVENT_CLIENT_AUTH_FAILURE",
            (Self::Dhcp, true) => "CLIENT_IP_ASSIGNED",
            (Self::Dhcp, false) => "MARVIS_EVENT_CLIENT_DHCP_FAILURE",
            (Self::Dns, true) => "CLIENT_DNS_OK",
            (Self::Dns, false) => "MARVIS_DNS_FAILURE",
            (Self::Arp, true) => "CLIENT_GW_ARP_OK",
            (Self::Arp, false) => "CLIENT_GW_ARP_FAILURE",
        }
    }
}

impl<'a> ClientStep<'a> {
    pub(super) fn read(kind: Kind, fields: &mut Fields<'a>) -> Result<Self, FieldError> {
        Ok(Self {
            step: match kind {
                Kind::ClientDhcp => Step::Dhcp,
                Kind::ClientDns => Step::Dns,
                Kind::ClientArp => Step::Arp,
                _ => Step::Auth,
            },
            mac: required(mac(fields, Field::Mac), Field::Mac)?,
            success: required(flag(fields, Field::Success), Field::Success)?,
            duration: span(fields, Field::Duration),
            reason: text(fields, Field::Reason),
            text: text(fields, Field::Text),
            server: text(fields, Field::Server),
            ap: mac(fields, Field::Ap),
            bssid: mac(fields, Field::Bssid),
            ssid: text(fields, Field::Ssid),
            wlan_id: id(fields, Field::WlanId),
            band: text(fields, Field::Band),
            vlan: text(fields, Field::Vlan),
            ip: ip(fields, Field::ClientIp),
            hostname: text(fields, Field::ClientHostname),
            dhcp_options: text(fields, Field::DhcpOptions),
            dhcp_class: text(fields, Field::DhcpClass),
            username: text(fields, Field::ClientUsername),
        })
    }
}
