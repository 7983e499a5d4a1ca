//! What says which alarms are told: templates, and spans in which they are not.

use super::shape::{Member, Shape, member};
use crate::catalog::Document;
use foghorn_model::{AlarmTemplate, AlarmTemplateId, ConfigUpdate, Suppression, Timestamp};
use serde_json::Value;

const DELIVERY: Shape = Shape::Object(&[
    member("enabled", Shape::Flag, "whether mails are sent").required(),
    member("to_org_admins", Shape::Flag, "to the admins of the org"),
    member("to_site_admins", Shape::Flag, "to the admins of the site"),
    member("additional_emails", Shape::List(&Shape::Text(254), 100), "and to these"),
]);
const RULE: Shape = Shape::Object(&[
    member("enabled", Shape::Flag, "whether the alarm is told").required(),
    member("delivery", DELIVERY, "by mail, in place of the template's"),
]);

pub(crate) const TEMPLATE: &[Member] = &[
    member("name", Shape::Text(super::NAME_BYTES_MAX), "its name"),
    member("delivery", DELIVERY, "by mail").required(),
    member("rules", Shape::MapOf(&RULE, 1000), "by key of the alarm").required(),
];

/// The template as the engine knows it.
pub(super) fn template(document: &Document) -> AlarmTemplate {
    let rules = document.body.get("rules").and_then(Value::as_object);
    let enabled = rules.into_iter().flatten().filter(|(_, rule)| rule["enabled"] == true);
    AlarmTemplate {
        id: AlarmTemplateId(document.id),
        org_id: document.org_id,
        enabled: enabled.map(|(key, _)| key.clone()).collect(),
    }
}

pub(crate) const SUPPRESSION: &[Member] = &[
    member("scheduled_time", Shape::Whole(0, i64::MAX), "from when on, epoch seconds").required(),
    member("expire_time", Shape::Whole(0, i64::MAX), "until when").required(),
];

/// What the engine must know of a suppression.
pub(super) fn suppression(
    before: Option<&Document>,
    after: Option<&Document>,
) -> Vec<ConfigUpdate> {
    let Some(document) = after.or(before) else { return Vec::new() };
    let at = |document: &Document, key| {
        let secs = document.body.get(key).and_then(Value::as_i64).unwrap_or_default();
        Timestamp(secs.saturating_mul(1_000_000))
    };
    let span = after
        .map(|it| Suppression { from: at(it, "scheduled_time"), until: at(it, "expire_time") });
    vec![match document.site_id {
        Some(site_id) => ConfigUpdate::Suppression { site_id, span },
        None => ConfigUpdate::OrgSuppression { org_id: document.org_id, span },
    }]
}
