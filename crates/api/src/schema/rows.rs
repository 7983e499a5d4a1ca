//! The shapes of rows: what searches find, and what is told of how things are.
//!
//! A row may have further members, and what was relayed has those that it came with.

use crate::openapi::{array_of, reference};
use serde_json::{Map, Value, json};

/// What each row is called, and its members, `name:type` each; one with `!` always stands.
const ROWS: &[(&str, &str)] = &[
    (
        "AuditRow",
        "id:id timestamp!:number message:text admin_id:text admin_name:text org_id:id \
         site_id:id? site_name:text src_ip:text user_agent:text before:object after:object \
         device_id:id template_id:id",
    ),
    (
        "SessionRow",
        "timestamp!:number org_id:id site_id:id site_name:text mac:text ap:text ap_name:text \
         next_ap:text band:text bssid:text ssid:text wlan_id:id connect:number \
         connect_float:number disconnect:number disconnect_float:number duration:number \
         rssi:number random_mac:flag termination_reason:whole version:whole client_family:text \
         client_hostname:text client_ip:text client_manufacture:text client_model:text \
         client_os:text client_username:text psk_id:id psk_name:text",
    ),
    (
        "DeviceEventRow",
        "timestamp!:number org_id:id site_id:id? site_name:text type:text ev_type:text mac:text \
         device_type:text device_name:text model:text ap:text ap_name:text apfw:text reason:text \
         text:text audit_id:text port_id:text band:text channel:whole bandwidth:whole \
         power:number \
         count:whole ext_ip:text peer_mac:text pre_bandwidth:whole pre_channel:whole pre_power:number \
         ssid:text version:text wlan_id:text \
         alarm_class:text chassis_mac:text end_time:whole fixed_version:text new_server:text \
         node:text occurrence:whole old_server:text peer_site_id:text start_time:whole \
         type_code:whole vc-backup-id:whole vc-master-id:whole vpn_name:text",
    ),
    (
        "ClientEventRow",
        "timestamp!:number org_id:id site_id:id type:text mac:text ap:text band:text bssid:text \
         ssid:text wlan_id:id server:text text:text reason:text \
         duration:number",
    ),
    (
        "NacEventRow",
        "timestamp!:number org_id:id site_id:id type:text mac:text ap:text bssid:text ssid:text \
         username:text auth_type:text nas_vendor:text nas_ip:text nacrule_id:id \
         nacrule_matched:flag dryrun_nacrule_id:id dryrun_nacrule_matched:flag random_mac:flag \
         idp_id:id idp_role:texts resp_attrs:texts usermac_labels:texts vlan:text \
         client_type:text device_cert_expiry:text session_duration_in_mins:whole session_id:text \
         session_unique_id:text vlan_source:text",
    ),
    (
        "MxEdgeEventRow",
        "timestamp!:number org_id:id site_id:id type:text mxedge_id:id mxedge_name:text \
         mxcluster_id:id service:text component:text package:text port_id:text \
         audit_id:text bounced_ports:texts from_version:text lag:text port:text severity:text \
         to_version:text",
    ),
    (
        "OtherDeviceEventRow",
        "timestamp!:number org_id:id site_id:id type:text mac:text device_mac:text vendor:text \
         text:text",
    ),
    (
        "GuestAuthorizationRow",
        "org_id:id site_id:id client:text ssid:text wlan_id:id ap:text auth_method:text name:text \
         email:text company:text mobile:text field1:text sponsor_email:text \
         authorized_time:number authorized_expiring_time:number",
    ),
    (
        "AlarmRow",
        "id!:id timestamp!:number type!:text group:text severity:text count:whole last_seen:number \
         status:text resolved_time:number org_id:id site_id:id site_name:text acked!:flag \
         acked_time:number ack_admin_id:text ack_admin_name:text note:text aps:texts \
         switches:texts gateways:texts hostnames:texts port_ids:texts reasons:texts \
         ssids:texts servers:texts details:object email_content:object \
         impacted_entities:objects suggestion:text category:text \
         alert_id:text bssids:texts client_macs:texts \
         impacted_client_count:whole root_cause:text site_count:whole site_ids:texts \
         sites:texts sources:texts start:whole vlans:texts wcids:texts webhook_ids:texts \
         webhooks:texts wlan_ids:texts offset:whole records:texts \
         client_mac1:text client_mac2:text fw_version:text hostname:text model:text",
    ),
    (
        "DeliveryRow",
        "id!:id timestamp!:number org_id!:id site_id:id webhook_id!:id topic!:text status!:text \
         status_code:whole error:text req_url:text req_headers:text req_payload:text \
         resp_headers:text resp_body:text attempt!:whole outcome!:text latency_ms:number \
         req_bytes:whole events:whole partition:whole first:text last:text",
    ),
    (
        "DeviceRow",
        "mac!:text type!:text status!:text org_id!:id site_id:id hostname!:texts \
         last_hostname:text model:text serial:text ip:text ext_ip:text version:text uptime:whole \
         timestamp:number",
    ),
    (
        "ClientRow",
        "mac!:text timestamp!:number org_id!:id site_id!:id site_ids!:texts ap!:texts last_ap:text \
         device!:texts last_device:text hostname!:texts last_hostname:text ip!:texts last_ip:text \
         os!:texts last_os:text ssid!:texts last_ssid:text username!:texts last_username:text \
         wlan_id!:texts last_wlan_id:id psk_id!:texts last_psk_id:id psk_name!:texts \
         last_psk_name:text model:text last_model:text mfg:text band:text random_mac!:flag",
    ),
    ("VisitRow", "timestamp:number scope:text scope_id:id user:text user_type:text"),
    ("EventDefinition", "key!:text display!:text description:text example:object"),
    (
        "AlarmDefinition",
        "key!:text display!:text group!:text severity!:text fields!:texts tier!:text \
         description:text example:object",
    ),
    (
        "TopicDefinition",
        "key!:text for_org:flag has_delivery_results:flag allows_single_event_per_message:flag \
         internal:flag",
    ),
    ("TelemetryKind", "kind!:text description!:text example!:object schema!:object"),
    (
        "Admin",
        "admin_id!:id email!:text first_name:text last_name:text name!:text privileges!:objects \
         enable_two_factor!:flag",
    ),
    (
        "Invite",
        "id!:id email!:text first_name:text last_name:text expire_time!:number token:text \
         privileges:objects",
    ),
    ("InviteAccepted", "email!:text org_id!:id"),
    ("InventoryAnswer", "op!:text success!:texts error!:texts reason!:texts"),
    (
        "OrgStats",
        "id!:id name!:text num_sites!:whole num_devices!:whole num_devices_connected!:whole \
         num_devices_disconnected!:whole num_inventory!:whole alarmtemplate_id:id? \
         orggroup_ids:texts sle:objects",
    ),
    (
        "SiteStats",
        "id!:id name!:text org_id!:id num_clients!:whole num_devices!:whole \
         num_devices_connected!:whole num_ap!:whole num_ap_connected!:whole num_switch!:whole \
         num_switch_connected!:whole num_gateway!:whole num_gateway_connected!:whole",
    ),
    ("MxEdgeStats", "id!:id mac:text? name:text? model:text? status!:text last_seen!:number?"),
    (
        "ZoneStats",
        "id!:id name:text? site_id!:id map_id:id? num_clients!:whole num_sdkclients!:whole \
         num_assets!:whole num_discovered_assets!:whole num_unconnected_clients!:whole \
         client_waits:object clients_waits:object assets_waits:object sdkclients_waits:object \
         clients:objects sdkclients:objects assets:objects",
    ),
    ("Located", "mac!:text x:number y:number map_id:id last_seen:number"),
    ("Usage", "requests!:whole request_limit!:whole"),
    ("TwoFactorSecret", "two_factor_secret!:text"),
];

/// The schemas of all rows.
pub(super) fn schemas() -> impl Iterator<Item = (String, Value)> {
    ROWS.iter().map(|(name, members)| ((*name).to_owned(), row(members)))
}

/// The answer of a search for rows of this name.
pub(crate) fn search_of(row: &str) -> Value {
    let results = json!({ "properties": { "results": array_of(reference(row)) } });
    json!({ "allOf": [reference("Search"), results] })
}

fn row(members: &str) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for (name, kind) in members.split_whitespace().filter_map(|member| member.split_once(':')) {
        let (kind, is_nullable) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
        let mut schema = match kind {
            "text" => json!({ "type": "string" }),
            "id" => json!({ "type": "string", "format": "uuid" }),
            "flag" => json!({ "type": "boolean" }),
            "whole" => json!({ "type": "integer" }),
            "number" => json!({ "type": "number" }),
            "object" => json!({ "type": "object" }),
            "texts" => array_of(json!({ "type": "string" })),
            "objects" => array_of(json!({ "type": "object" })),
            unknown => unreachable!("{unknown} is no type of {name}"),
        };
        if is_nullable {
            schema["type"] = json!([schema["type"], "null"]);
        }
        let always = name.strip_suffix('!');
        required.extend(always);
        properties.insert(always.unwrap_or(name).to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}
