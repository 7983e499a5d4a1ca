//! The kinds of telemetry: a row each.

use super::associations::{CELLS_MAX, LISTED_MAX};
use super::field::{Field, ObjectForm, set};
use super::{Kind, KindRow};

const ALWAYS: u128 = set(&[Field::Kind]);
const ANY: u128 = set(&[Field::Id, Field::Time, Field::Source]);
const DEVICE: u128 = ANY
    | set(&[Field::Reason, Field::Text, Field::Version, Field::ExtIp, Field::AuditId])
    | set(&[Field::Uplink]);
const HAPPENING: u128 = ANY
    | set(&[
        Field::Duration,
        Field::Text,
        Field::Server,
        Field::Ap,
        Field::Bssid,
        Field::Ssid,
        Field::WlanId,
        Field::Band,
        Field::Vlan,
    ]);
const STEP: u128 = HAPPENING | set(&[Field::Reason, Field::Type]);
const FACTS: u128 = set(&[
    Field::Rssi,
    Field::ClientIp,
    Field::ClientHostname,
    Field::ClientUsername,
    Field::ClientFamily,
    Field::ClientManufacture,
    Field::ClientModel,
    Field::ClientOs,
]);
const CLIENT: u128 = ANY | FACTS | set(&[Field::Band]);

/// A BSSID with all of its clients.
pub(super) const CELL: ObjectForm = ObjectForm {
    required: set(&[Field::Bssid, Field::Ssid]),
    optional: set(&[Field::Band, Field::WlanId, Field::Clients]),
    max: CELLS_MAX,
};
/// One of them.
pub(super) const LISTED_CLIENT: ObjectForm = ObjectForm {
    required: set(&[Field::Mac]),
    optional: FACTS | set(&[Field::Connected]),
    max: LISTED_MAX,
};

/// Every kind, in the order of [`Kind`].
pub const KINDS: &[KindRow] = &[
    KindRow {
        kind: Kind::DeviceHeartbeat,
        name: "device-heartbeat",
        doc: "A device is alive. From the first one on, silence longer than the heartbeat timeout \
              of its type counts as a disconnect.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-heartbeat","mac":"5c5b35000001","version":"0.14.29411"}"#,
    },
    KindRow {
        kind: Kind::DeviceConnected,
        name: "device-connected",
        doc: "A device reached its controller.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-connected","mac":"5c:5b:35:00:00:01","ext_ip":"203.0.113.7"}"#,
    },
    KindRow {
        kind: Kind::DeviceDisconnected,
        name: "device-disconnected",
        doc: "A device lost its controller.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-disconnected","mac":"5c5b35000001","time":1782127701.568}"#,
    },
    KindRow {
        kind: Kind::DeviceRestarted,
        name: "device-restarted",
        doc: "A device started anew.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: DEVICE,
        example: r#"{"kind":"device-restarted","mac":"5c5b35000001","reason":"power_cycle"}"#,
    },
    KindRow {
        kind: Kind::DeviceEvent,
        name: "device-event",
        doc: "Anything else that a device reports; `type` is the event type that goes out.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: DEVICE
            | set(&[
                Field::Severity,
                Field::PortId,
                Field::Count,
                Field::PeerMac,
                Field::Ssid,
                Field::WlanId,
                Field::Band,
                Field::Channel,
                Field::Bandwidth,
                Field::Power,
                Field::PreChannel,
                Field::PreBandwidth,
                Field::PrePower,
            ]),
        example: r#"{"kind":"device-event","mac":"5c5b35000001","type":"AP_CONFIGURED"}"#,
    },
    KindRow {
        kind: Kind::ClientAssociated,
        name: "client-associated",
        doc: "A client associated. At another AP or BSSID than before, it roamed.",
        required: ALWAYS | set(&[Field::Mac, Field::Ap, Field::Bssid, Field::Ssid]),
        optional: CLIENT | set(&[Field::WlanId, Field::PskId, Field::PskName]),
        example: r#"{"kind":"client-associated","mac":"70ef0071535f","ap":"5c5b35d01338","bssid":"5c5b35df18a1","ssid":"Maui","band":"5","rssi":-54}"#,
    },
    KindRow {
        kind: Kind::ClientSeen,
        name: "client-seen",
        doc: "An associated client is still there; what is given replaces what was known.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: CLIENT | set(&[Field::Ap]),
        example: r#"{"kind":"client-seen","mac":"70ef0071535f","rssi":-61,"client_ip":"10.5.72.249"}"#,
    },
    KindRow {
        kind: Kind::ClientDisassociated,
        name: "client-disassociated",
        doc: "A client left the AP that is named, or the one that it was at.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: ANY | set(&[Field::Ap, Field::Bssid, Field::Rssi]),
        example: r#"{"kind":"client-disassociated","mac":"70ef0071535f","ap":"5c5b35d01338"}"#,
    },
    KindRow {
        kind: Kind::ClientAssociations,
        name: "client-associations",
        doc: "Everybody who is associated with an AP at a time. Whoever is new has joined or \
              roamed, whoever is missing has left, the others are still there. With `bssid` it \
              says so of that BSSID alone. A list that is older than the last one says nothing.",
        required: ALWAYS | set(&[Field::Ap, Field::Cells]),
        optional: ANY | set(&[Field::Bssid]),
        example: r#"{"kind":"client-associations","ap":"5c5b35d01338","cells":[{"bssid":"5c5b35df18a1","ssid":"Maui","band":"5","clients":[{"mac":"70ef0071535f","connected":480,"rssi":-54,"client_ip":"10.5.72.249"}]},{"bssid":"5c5b35df18a2","ssid":"Maui","band":"24"}]}"#,
    },
    KindRow {
        kind: Kind::Accounting,
        name: "accounting",
        doc: "A RADIUS accounting request, as the RADIUS listener writes it.",
        required: ALWAYS | set(&[Field::Status, Field::NasIp]),
        optional: ANY
            | set(&[
                Field::SessionId,
                Field::MultiSessionId,
                Field::NasId,
                Field::NasVendor,
                Field::Mac,
                Field::Ap,
                Field::Bssid,
                Field::Ssid,
                Field::Username,
                Field::ClientIp,
                Field::ClientType,
                Field::AuthType,
                Field::PortId,
                Field::Vlan,
                Field::RxBytes,
                Field::TxBytes,
                Field::RxPkts,
                Field::TxPkts,
                Field::SessionTime,
                Field::TerminateCause,
            ]),
        example: r#"{"kind":"accounting","status":"start","nas_ip":"172.16.0.10","session_id":"46A689BBEA655716","mac":"5e6601115b49","ssid":"PK_NAC","username":"user1@example.net"}"#,
    },
    KindRow {
        kind: Kind::Alarm,
        name: "alarm",
        doc: "An alarm by its key (`/const/alarm_defs`), from a source that knows; not those of \
              the tier `ours`, which Foghorn finds out itself. Alarms of the group `marvis` are \
              conditions: they are open until the source says `resolved`.",
        required: ALWAYS | set(&[Field::Type, Field::Mac]),
        optional: ANY
            | set(&[
                Field::Status,
                Field::ClientMac,
                Field::PeerMac,
                Field::Bssid,
                Field::Ssid,
                Field::PortId,
                Field::Vlan,
                Field::Reason,
            ]),
        example: r#"{"kind":"alarm","type":"beacon_flood","mac":"5c5b35000001","ssid":"Free WiFi","bssid":"02a1b2c3d4e5"}"#,
    },
    KindRow {
        kind: Kind::ClientAuth,
        name: "client-auth",
        doc: "A client authenticated, or failed to.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP | set(&[Field::ClientUsername]),
        example: r#"{"kind":"client-auth","mac":"70ef0071535f","success":false,"ap":"5c5b35d01338","ssid":"Maui","server":"10.0.0.5","reason":"EAP failure","duration":1.4}"#,
    },
    KindRow {
        kind: Kind::ClientDhcp,
        name: "client-dhcp",
        doc: "A client was given an address, or none.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP
            | set(&[Field::ClientIp, Field::ClientHostname, Field::DhcpOptions, Field::DhcpClass]),
        example: r#"{"kind":"client-dhcp","mac":"70ef0071535f","success":true,"client_ip":"10.5.72.249","client_hostname":"laptop-7","dhcp_class":"MSFT 5.0","server":"10.5.72.1","duration":0.018}"#,
    },
    KindRow {
        kind: Kind::ClientDns,
        name: "client-dns",
        doc: "A query of a client was answered, or not.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP,
        example: r#"{"kind":"client-dns","mac":"70ef0071535f","success":true,"server":"10.5.72.2","duration":0.024}"#,
    },
    KindRow {
        kind: Kind::ClientArp,
        name: "client-arp",
        doc: "A client found its gateway, or did not.",
        required: ALWAYS | set(&[Field::Mac, Field::Success]),
        optional: STEP,
        example: r#"{"kind":"client-arp","mac":"70ef0071535f","success":false,"server":"10.5.72.1","vlan":"72"}"#,
    },
    KindRow {
        kind: Kind::NacEvent,
        name: "nac-event",
        doc: "Access control decided something about a client; `type` is a key of \
              `/const/nac_events`.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: ANY
            | set(&[
                Field::Username,
                Field::Ap,
                Field::Bssid,
                Field::Ssid,
                Field::DeviceMac,
                Field::PortId,
                Field::PortType,
                Field::ClientType,
                Field::AuthType,
                Field::NasVendor,
                Field::NasIp,
                Field::Vlan,
                Field::VlanSource,
                Field::NacruleId,
                Field::NacruleName,
                Field::NacruleMatched,
                Field::DryrunNacruleId,
                Field::DryrunNacruleMatched,
                Field::IdpId,
                Field::IdpUsername,
                Field::IdpRole,
                Field::RespAttrs,
                Field::GroupRole,
                Field::RandomMac,
                Field::UsermacLabels,
                Field::MxedgeId,
                Field::SessionId,
                Field::Text,
                Field::CertCn,
                Field::CertExpiry,
                Field::CertIssuer,
                Field::CertSanUpn,
                Field::CertSerial,
                Field::CertSubject,
                Field::TlsVersion,
                Field::TlsCipher,
                Field::MdmProvider,
                Field::MdmCompliance,
            ]),
        example: r#"{"kind":"nac-event","type":"NAC_CLIENT_PERMIT","mac":"ac3eb179e535","username":"user@example.net","auth_type":"eap-teap","nacrule_matched":true,"vlan":"750","resp_attrs":["Tunnel-Private-Group-ID=750"]}"#,
    },
    KindRow {
        kind: Kind::GuestAuthorization,
        name: "guest-authorization",
        doc: "A guest was let in by a portal.",
        required: ALWAYS | set(&[Field::Mac, Field::Ssid, Field::AuthMethod]),
        optional: ANY
            | set(&[
                Field::Ap,
                Field::WlanId,
                Field::AuthorizedTime,
                Field::AuthorizedExpiringTime,
                Field::Name,
                Field::Email,
                Field::Company,
                Field::Mobile,
                Field::Carrier,
                Field::SmsGateway,
                Field::SponsorEmail,
                Field::Field1,
                Field::Field2,
                Field::Field3,
                Field::Field4,
            ]),
        example: r#"{"kind":"guest-authorization","mac":"ac2316eca70a","ap":"5c5b350e55c8","ssid":"Guests","auth_method":"passphrase","name":"A. Guest","authorized_expiring_time":1677076639}"#,
    },
    KindRow {
        kind: Kind::EdgeHeartbeat,
        name: "edge-heartbeat",
        doc: "An edge is alive. Silence for longer than the heartbeat timeout of gateways counts \
              as a disconnect.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: ANY,
        example: r#"{"kind":"edge-heartbeat","mac":"020000230522"}"#,
    },
    KindRow {
        kind: Kind::EdgeRestarted,
        name: "edge-restarted",
        doc: "An edge started anew.",
        required: ALWAYS | set(&[Field::Mac]),
        optional: ANY | set(&[Field::AuditId]),
        example: r#"{"kind":"edge-restarted","mac":"020000230522"}"#,
    },
    KindRow {
        kind: Kind::EdgePort,
        name: "edge-port",
        doc: "How a port of the tunnel terminator is: `state` is `up` or `down`, `lag` the group \
              that it is a member of.",
        required: ALWAYS | set(&[Field::Mac, Field::PortId, Field::State]),
        optional: ANY | set(&[Field::Lag]),
        example: r#"{"kind":"edge-port","mac":"020000230522","port_id":"xe1","state":"up","lag":"lag0"}"#,
    },
    KindRow {
        kind: Kind::EdgePart,
        name: "edge-part",
        doc: "Whether a part of an edge is there: `type` is `fan`, `psu` or `powerinput`, \
              `state` is `present` or `absent`.",
        required: ALWAYS | set(&[Field::Mac, Field::Type, Field::Component, Field::State]),
        optional: ANY,
        example: r#"{"kind":"edge-part","mac":"020000230522","type":"psu","component":"PS1","state":"absent"}"#,
    },
    KindRow {
        kind: Kind::EdgeService,
        name: "edge-service",
        doc: "How a service of an edge is: `running`, `stopped`, `crashed` (and started again) or \
              `failed`.",
        required: ALWAYS | set(&[Field::Mac, Field::Service, Field::State]),
        optional: ANY | set(&[Field::AuditId]),
        example: r#"{"kind":"edge-service","mac":"020000230522","service":"tunterm","state":"crashed"}"#,
    },
    KindRow {
        kind: Kind::EdgeResource,
        name: "edge-resource",
        doc: "How much of `cpu`, `memory` or `disk` an edge uses, in percent.",
        required: ALWAYS | set(&[Field::Mac, Field::Resource, Field::Usage]),
        optional: ANY,
        example: r#"{"kind":"edge-resource","mac":"020000230522","resource":"cpu","usage":97}"#,
    },
    KindRow {
        kind: Kind::EdgeEvent,
        name: "edge-event",
        doc: "Anything else that an edge reports; `type` is a key of `/const/mxedge_events` that \
              is not derived of the other kinds.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: ANY
            | set(&[
                Field::AuditId,
                Field::Package,
                Field::FromVersion,
                Field::ToVersion,
                Field::PortId,
                Field::Service,
                Field::BouncedPorts,
                Field::DisconnectedAps,
                Field::Text,
            ]),
        example: r#"{"kind":"edge-event","mac":"020000230522","type":"ME_PACKAGE_UPDATED","package":"tunterm","from_version":"0.1.1907","to_version":"0.1.1908"}"#,
    },
    KindRow {
        kind: Kind::PortStats,
        name: "port-stats",
        doc: "How a port is; counters go on from report to report.",
        required: ALWAYS | set(&[Field::Mac, Field::PortId]),
        optional: ANY
            | set(&[Field::State, Field::Speed, Field::Duplex, Field::Errors, Field::Packets]),
        example: r#"{"kind":"port-stats","mac":"5c5b35000003","port_id":"ge-0/0/7","state":"up","speed":1000,"duplex":"full","errors":12,"packets":48211}"#,
    },
    KindRow {
        kind: Kind::PathStats,
        name: "path-stats",
        doc: "How an uplink of a gateway is.",
        required: ALWAYS | set(&[Field::Mac, Field::PortId]),
        optional: ANY | set(&[Field::Loss, Field::Latency, Field::Jitter]),
        example: r#"{"kind":"path-stats","mac":"5c5b35000004","port_id":"ge-0/0/0","loss":7.5,"latency":0.04,"jitter":0.003}"#,
    },
    KindRow {
        kind: Kind::Neighbor,
        name: "neighbor",
        doc: "A radio heard a BSSID, which may be nobody's of the site.",
        required: ALWAYS | set(&[Field::Ap, Field::Bssid]),
        optional: ANY
            | set(&[
                Field::Ssid,
                Field::Band,
                Field::Channel,
                Field::Rssi,
                Field::OnWire,
                Field::ClientMac,
            ]),
        example: r#"{"kind":"neighbor","ap":"5c5b35000001","bssid":"02a1b2c3d4e5","ssid":"Maui","channel":36,"rssi":-61,"on_wire":true}"#,
    },
    KindRow {
        kind: Kind::Intrusion,
        name: "intrusion",
        doc: "A radio noticed an attack: `type` is `replay`, `tkip-icv`, `deauthentication` or \
              `ad-hoc`, `count` says how often since the last report.",
        required: ALWAYS | set(&[Field::Ap, Field::Type]),
        optional: ANY
            | set(&[Field::Count, Field::ClientMac, Field::PeerMac, Field::Bssid, Field::Ssid]),
        example: r#"{"kind":"intrusion","ap":"5c5b35000001","type":"deauthentication","count":40,"client_mac":"70ef0071535f"}"#,
    },
    KindRow {
        kind: Kind::ClientEvent,
        name: "client-event",
        doc: "Anything else that befell a client; `type` is a key of `/const/client_events` that is \
              not derived of the other kinds.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: HAPPENING,
        example: r#"{"kind":"client-event","mac":"70ef0071535f","type":"SA_QUERY_TIMEOUT","ap":"5c5b35d01338","ssid":"Maui"}"#,
    },
    KindRow {
        kind: Kind::OtherDeviceEvent,
        name: "otherdevice-event",
        doc: "What a device of another vendor reports, a cellular edge for example; `type` is a \
              key of `/const/otherdevice_events`, and `device_mac` the device of the site that it \
              is connected to.",
        required: ALWAYS | set(&[Field::Mac, Field::Type]),
        optional: ANY | set(&[Field::DeviceMac, Field::Vendor, Field::Text]),
        example: r#"{"kind":"otherdevice-event","mac":"0030443b1c5d","type":"CELLULAR_EDGE_MODEM_WAN_DISCONNECTED","vendor":"cradlepoint","device_mac":"5c5b35000004","text":"Internal 5G lost its service"}"#,
    },
];
