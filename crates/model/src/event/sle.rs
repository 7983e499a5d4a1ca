//! `site-sle`.

use super::Place;
use super::json::JsonObject;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// So many of so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Share {
    /// Those that were as they should be.
    pub good: u64,
    /// All.
    pub of: u64,
}

impl Share {
    /// One more.
    pub fn add(&mut self, good: bool) {
        self.good += u64::from(good);
        self.of += 1;
    }

    /// In ten-thousandths, to the nearest; `None` of nothing.
    fn ten_thousandths(self) -> Option<u64> {
        let (good, of) = (u128::from(self.good), u128::from(self.of));
        let rounded = (good * 10_000 + of / 2).checked_div(of)?;
        u64::try_from(rounded).ok()
    }
}

/// Appends a `site-sle` event of an hour that ends at `end`; the classifiers are in order.
pub fn encode(out: &mut Vec<u8>, place: &Place<'_>, shares: &[(&str, Share)], end: Timestamp) {
    let mut event = JsonObject::begin(out);
    event.id("org_id", place.org);
    event.id_opt("site_id", place.site);
    event.nested("sle", |sle| {
        for (name, share) in shares {
            if let Some(share) = share.ten_thousandths() {
                sle.ten_thousandths(name, share);
            }
        }
    });
    event.secs_float("timestamp", end);
    event.end();
}
