//! Which clients are at an AP.

use crate::table::{Table, bring_near};
use foghorn_model::Mac;

/// Every client by the AP that it is at, those of an AP in the order of their addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct ByAp(Table<Mac, Vec<Mac>>);

impl ByAp {
    /// Prefetches the list of an AP.
    pub(super) fn fetch(&self, ap: Mac) {
        self.0.fetch(&ap, bring_near);
    }

    pub(super) fn insert(&mut self, ap: Mac, client: Mac) {
        let clients = self.0.get_or_insert_with(ap, Vec::new);
        if let Err(at) = clients.binary_search(&client) {
            clients.insert(at, client);
        }
    }

    pub(super) fn remove(&mut self, ap: Mac, client: Mac) {
        let Some(clients) = self.0.get_mut(&ap) else { return };
        if let Ok(at) = clients.binary_search(&client) {
            clients.remove(at);
        }
        if clients.is_empty() {
            self.0.remove(&ap);
        }
    }

    pub(super) fn at(&self, ap: Mac) -> impl Iterator<Item = Mac> {
        self.0.get(&ap).into_iter().flatten().copied()
    }
}
