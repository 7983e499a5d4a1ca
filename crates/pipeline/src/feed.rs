//! Configuration changes on their way into the journal.

use foghorn_model::{Change, ConfigUpdate, Partition};
use std::collections::BTreeSet;

/// The catalog could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading configuration changes: {0}")]
pub struct FeedError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The committed changes of the catalog, in the order of their sequence numbers.
pub trait ChangeFeed {
    /// The last sequence number that was committed. Cheap: asked for every frame.
    fn latest(&self) -> u64;

    /// The changes after `seq`, at most `limit`, in order and without a gap.
    ///
    /// # Errors
    /// If the catalog cannot be read.
    fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, FeedError>;
}

/// The partitions that a change goes to: those of the sites that it names, the org's home when
/// it is audited, and all of them when it concerns a whole org.
pub fn targets(change: &Change) -> BTreeSet<Partition> {
    let mut targets = BTreeSet::new();
    if change.audit.is_some() {
        targets.insert(Partition::of_org(change.org_id));
    }
    for update in &change.updates {
        match update {
            ConfigUpdate::Org(_)
            | ConfigUpdate::OrgDeleted { .. }
            | ConfigUpdate::OrgSuppression { .. }
            | ConfigUpdate::AlarmTemplate(_)
            | ConfigUpdate::AlarmTemplateDeleted { .. } => targets.extend(Partition::all()),
            ConfigUpdate::Site(site) => {
                targets.insert(Partition::of_site(site.id));
            }
            ConfigUpdate::SiteDeleted { id } => {
                targets.insert(Partition::of_site(*id));
            }
            ConfigUpdate::Edge(edge) => {
                targets.insert(Partition::of_site(edge.site_id));
            }
            ConfigUpdate::Device(device) => {
                targets.extend(device.site_id.map(Partition::of_site));
            }
            ConfigUpdate::DeviceRemoved { site_id, .. }
            | ConfigUpdate::EdgeRemoved { site_id, .. }
            | ConfigUpdate::Suppression { site_id, .. } => {
                targets.insert(Partition::of_site(*site_id));
            }
        }
    }
    targets
}
