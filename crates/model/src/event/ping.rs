//! `ping`: sent to one webhook on request.

use super::json::JsonObject;
use crate::ids::{SiteId, WebhookId};
use crate::time::Timestamp;

/// Appends the event. `site_id` is null for an org webhook: receivers look the key up.
pub fn encode(out: &mut Vec<u8>, id: WebhookId, name: &str, site: Option<SiteId>, at: Timestamp) {
    let mut event = JsonObject::begin(out);
    event.id("id", id);
    event.text("name", name);
    event.id_or_null("site_id", site);
    event.secs_float("timestamp", at);
    event.end();
}
