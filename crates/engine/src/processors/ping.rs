//! `ping`: one event for one webhook, on command.

use crate::output::{Audience, Emitter};
use foghorn_model::event::ping;
use foghorn_model::record::Command;
use foghorn_model::{Timestamp, Topic};

pub(crate) fn on_command(command: &Command, at: Timestamp, emitter: &mut Emitter<'_>) {
    let Command::Ping { webhook_id, name, org_id, site_id } = command;
    let audience = Audience { org: *org_id, site: *site_id, target: Some(*webhook_id) };
    emitter.emit(Topic::Ping, audience, |out| ping::encode(out, *webhook_id, name, *site_id, at));
}
