//! `ping`: one event for one webhook, on command.

use crate::output::{Audience, Emitter};
use foghorn_model::event::ping;
use foghorn_model::{OrgId, SiteId, Timestamp, Topic, WebhookId};

pub(crate) fn on_command(
    webhook: WebhookId,
    name: &str,
    (org, site): (OrgId, Option<SiteId>),
    at: Timestamp,
    emitter: &mut Emitter<'_>,
) {
    let audience = Audience { org, site, target: Some(webhook) };
    emitter.emit(Topic::Ping, audience, |out| ping::encode(out, webhook, name, site, at));
}
