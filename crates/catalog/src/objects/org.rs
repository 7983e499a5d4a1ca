//! Orgs.

use super::shape::{Member, OnDelete, Shape, member};
use super::{Kind, setting};
use foghorn_model::{Org, OrgId};
use serde_json::{Map, Value};

pub(crate) const MEMBERS: &[Member] = &[
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name").required(),
    member(
        "alarmtemplate_id",
        Shape::Ref(Kind::AlarmTemplate, OnDelete::LetGo),
        "which alarms are told, at sites that have no template of their own",
    ),
    member(
        "entitlements",
        Shape::Object(&[member(
            MARVIS,
            Shape::Flag,
            "whether webhooks may name client-latency, as with a Marvis subscription",
        )]),
        "what the org may use; everything where nothing is said (extension)",
    ),
    member("session_expiry", Shape::Whole(10, 20_160), "minutes that a login lasts")
        .defaults_to("1440"),
];

/// The entitlement that stands for a Marvis subscription for wireless.
const MARVIS: &str = "marvis_wireless";

/// Whether an org has what a Marvis subscription is asked for. One that hosts itself has.
pub(crate) fn has_marvis(body: &Map<String, Value>) -> bool {
    body.get("entitlements").and_then(|it| it.get(MARVIS)) != Some(&Value::Bool(false))
}

/// The org as the engine knows it.
pub(super) fn org(id: OrgId, body: &Map<String, Value>, setting: &Map<String, Value>) -> Org {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    Org {
        id,
        name: name.into(),
        setting: setting::engine(setting),
        alarmtemplate_id: super::alarmtemplate_id(body),
    }
}
