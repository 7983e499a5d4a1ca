//! Which of the 64 partitions a site or an org lives in. The function is frozen: changing it
//! would move sites away from their own history.

use crate::ids::{OrgId, SiteId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// One of the 64 independent, single-writer streams of the journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub u8);

impl Partition {
    /// The number of partitions, for ever.
    pub const COUNT: u8 = 64;

    /// Every partition, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Where the records of a site go.
    pub fn of_site(site: SiteId) -> Self {
        Self::of(site.as_bytes())
    }

    /// The home of what concerns a whole org.
    pub fn of_org(org: OrgId) -> Self {
        Self::of(org.as_bytes())
    }

    /// For indexing an array of one value per partition.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    fn of(id: &[u8; 16]) -> Self {
        Self(Sha256::digest(id)[0] % Self::COUNT)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frozen: if this fails, do not change the numbers, change the code back.
    #[test]
    fn the_partition_of_a_site_never_changes() {
        let of = |text: &str| Partition::of_site(text.parse().unwrap()).0;
        assert_eq!(of("00000000-0000-0000-0000-000000000000"), 55);
        assert_eq!(of("4ac1dcf4-9d8b-7211-65c4-057819f0862b"), 25);
        assert_eq!(of("d761985e-49b1-4506-88e9-e0368a05c301"), 10);
    }
}
