//! Events that another server derived: of whatever topic, passed on as they came.

use crate::output::{Audience, Emitter};
use foghorn_model::{Relayed, SiteId};

pub(crate) fn on_event(event: &Relayed<'_>, site: Option<SiteId>, emitter: &mut Emitter<'_>) {
    let audience = Audience { org: event.org, site, target: None };
    emitter.emit(event.topic, audience, |out| out.extend_from_slice(&event.event));
}
