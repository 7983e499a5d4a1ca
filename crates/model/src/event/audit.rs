//! `audits`: one event per configuration change.

use super::json::JsonObject;
use crate::change::Audit;
use crate::ids::{AuditId, OrgId};
use crate::time::Timestamp;

/// Appends the event of the change with catalog sequence `seq`. `before` and `after` are JSON
/// text inside a string, and `site_id` is null for a change that concerns the whole org, both as
/// on Mist's wire.
pub fn encode(out: &mut Vec<u8>, org: OrgId, seq: u64, at: Timestamp, audit: &Audit) {
    let mut event = JsonObject::begin(out);
    if let Some(admin) = audit.actor.admin_id {
        event.id("admin_id", admin);
    }
    match &audit.actor.admin_name {
        Some(name) => event.text("admin_name", name),
        None => event.null("admin_name"),
    }
    event.text_opt("after", audit.after.as_deref());
    event.text_opt("before", audit.before.as_deref());
    if let Some(device) = audit.device {
        event.id("device_id", device.device_id());
    }
    event.id("id", AuditId::derived(org, seq));
    event.text("message", &audit.message);
    event.id("org_id", org);
    event.id_or_null("site_id", audit.site_id);
    event.text_opt("site_name", audit.site_name.as_deref());
    event.text_opt("src_ip", audit.actor.src_ip.as_deref());
    event.secs_float("timestamp", at);
    event.text_opt("user_agent", audit.actor.user_agent.as_deref());
    event.end();
}
