//! The shapes of bodies, for the OpenAPI document.
#![expect(dead_code, reason = "these types describe bodies; nothing is made of them")]

use std::collections::BTreeMap;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa::{OpenApi as _, ToSchema};
use uuid::Uuid;

/// The document without its paths.
pub(crate) fn document() -> OpenApi {
    let mut document = Schemas::openapi();
    let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        "`Token <key>`",
    )));
    if let Some(components) = &mut document.components {
        components.add_security_scheme("token", scheme);
    }
    let info = InfoBuilder::new()
        .title("Foghorn")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Webhooks of what a network sees, with Mist's REST surface."))
        .build();
    let token = SecurityRequirement::new("token", Vec::<String>::new());
    OpenApiBuilder::from(document).info(info).security(Some([token])).build()
}

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    Problem,
    Org,
    Site,
    Setting,
    Device,
    Webhook,
    ApiToken,
    Privilege,
    TelemetryAnswer,
    Rejected,
    DeliverySearch,
    Delivery,
    EventSearch,
    Count
)))]
struct Schemas;

/// Why a request was not carried out.
#[derive(ToSchema)]
pub(crate) struct Problem {
    /// What is wrong.
    detail: String,
    /// The field at fault.
    field: Option<String>,
    /// What is wrong with it.
    reason: Option<String>,
}

/// An organization.
#[derive(ToSchema)]
pub(crate) struct Org {
    /// Its name.
    name: String,
}

/// A site; further members are kept as they are.
#[derive(ToSchema)]
pub(crate) struct Site {
    /// Its name.
    name: String,
    /// IANA name of its time zone.
    timezone: Option<String>,
    /// ISO 3166 code of its country.
    country_code: Option<String>,
    /// Its address.
    address: Option<String>,
}

/// The setting of an org or a site; further members are kept as they are.
#[derive(ToSchema)]
pub(crate) struct Setting {
    /// Minutes (0 to 240) that a device may be away before `device-updowns` tells of it.
    device_updown_threshold: Option<u32>,
    /// The same for APs only.
    ap_updown_threshold: Option<u32>,
    /// The same for switches only.
    switch_updown_threshold: Option<u32>,
    /// The same for gateways only.
    gateway_updown_threshold: Option<u32>,
    /// Seconds without a heartbeat after which an AP counts as down (extension).
    ap_heartbeat_timeout: Option<u32>,
    /// The same for switches.
    switch_heartbeat_timeout: Option<u32>,
    /// The same for gateways.
    gateway_heartbeat_timeout: Option<u32>,
    /// Seconds of silence after which a client's session ends (extension).
    client_inactivity_timeout: Option<u32>,
    /// Networks whose RADIUS clients belong to the site, with their secrets (extension).
    radius_clients: Option<Vec<BTreeMap<String, String>>>,
}

/// A device.
#[derive(ToSchema)]
pub(crate) struct Device {
    /// Its base MAC.
    mac: String,
    /// Its name.
    name: Option<String>,
    /// `ap`, `switch` or `gateway`.
    #[schema(rename = "type")]
    device_type: Option<String>,
    /// Its model.
    model: Option<String>,
    /// The address that it uses as a RADIUS client (extension).
    ip: Option<String>,
    /// The site that it is assigned to; null puts it back into the inventory.
    site_id: Option<Uuid>,
}

/// A webhook.
#[derive(ToSchema)]
pub(crate) struct Webhook {
    /// Its name.
    name: Option<String>,
    /// Where it sends.
    url: String,
    /// `http-post`.
    #[schema(rename = "type")]
    webhook_type: Option<String>,
    /// What it subscribes to.
    topics: Vec<String>,
    /// Signs what is sent.
    secret: Option<String>,
    /// Further request headers.
    headers: Option<BTreeMap<String, String>>,
    /// Whether it sends.
    enabled: Option<bool>,
    /// Whether the receiver's certificate is verified.
    verify_cert: Option<bool>,
    /// One event a message, where the topic allows it.
    single_event_per_message: Option<bool>,
    /// Further status codes that count as delivered (extension).
    success_codes: Option<Vec<u16>>,
}

/// An API token.
#[derive(ToSchema)]
pub(crate) struct ApiToken {
    /// Its name.
    name: String,
    /// What it may do.
    privileges: Vec<Privilege>,
    /// Where it may come from.
    src_ips: Option<Vec<String>>,
}

/// What a token may do.
#[derive(ToSchema)]
pub(crate) struct Privilege {
    /// `org` or `site`.
    scope: String,
    /// `admin`, `write`, `read`, `helpdesk`, `installer` or `ingest`.
    role: String,
    /// The site, for scope `site`.
    site_id: Option<Uuid>,
}

/// What became of the lines of telemetry.
#[derive(ToSchema)]
pub(crate) struct TelemetryAnswer {
    /// How many are durable.
    accepted: u64,
    /// The lines that are not, at most 1000 of them.
    rejected: Vec<Rejected>,
    /// How many there are.
    rejected_count: u64,
}

/// A line that was not taken.
#[derive(ToSchema)]
pub(crate) struct Rejected {
    /// Its number, from 1.
    line: u32,
    /// The field at fault.
    field: Option<String>,
    /// What is wrong.
    detail: String,
}

/// A page of the delivery log.
#[derive(ToSchema)]
pub(crate) struct DeliverySearch {
    /// The rows.
    results: Vec<Delivery>,
    /// From when, epoch seconds.
    start: i64,
    /// Until when.
    end: i64,
    /// How many a page has.
    limit: u32,
    /// How many there are.
    total: u64,
    /// Path and query of the next page.
    next: Option<String>,
}

/// An attempt.
#[derive(ToSchema)]
pub(crate) struct Delivery {
    /// The delivery id.
    id: Uuid,
    /// The webhook.
    webhook_id: Uuid,
    /// The topic.
    topic: String,
    /// `success` or `failure`.
    status: String,
    /// The status code.
    status_code: Option<u16>,
    /// What went wrong.
    error: Option<String>,
    /// When, epoch seconds.
    timestamp: f64,
}

/// A page of events.
#[derive(ToSchema)]
pub(crate) struct EventSearch {
    /// The events, with the members that their topic has.
    results: Vec<BTreeMap<String, serde_json::Value>>,
    /// From when, epoch seconds.
    start: i64,
    /// Until when.
    end: i64,
    /// How many a page has.
    limit: u32,
    /// How many there are.
    total: u64,
    /// Path and query of the next page.
    next: Option<String>,
}

/// How many rows have each value of a member.
#[derive(ToSchema)]
pub(crate) struct Count {
    /// The member.
    distinct: String,
    /// Its values, each with `count`.
    results: Vec<BTreeMap<String, serde_json::Value>>,
    /// From when, epoch seconds.
    start: i64,
    /// Until when.
    end: i64,
    /// How many values there are at most.
    limit: u32,
    /// How many there are.
    total: u64,
}
