//! `audits`: one event per change that somebody made, in the org's home partition.

use crate::output::{Audience, Emitter};
use foghorn_model::event::audit;
use foghorn_model::{Change, Partition, Topic};

pub(crate) fn on_change(partition: Partition, change: &Change, emitter: &mut Emitter<'_>) {
    let Some(entry) = &change.audit else { return };
    if Partition::of_org(change.org_id) != partition {
        return;
    }
    let audience = Audience { org: change.org_id, site: entry.site_id, target: None };
    emitter.emit(Topic::Audits, audience, |out| {
        audit::encode(out, change.org_id, change.seq, change.at, entry);
    });
}
