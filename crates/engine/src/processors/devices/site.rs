//! Whether a site is down as a whole: that concerns its org.

use super::{Devices, Stand, Status};
use crate::output::Emitter;
use foghorn_model::{Matter, Site, Timestamp};

/// How many devices are up, or not told down yet, and how many are told down. It is counted anew
/// when the state is read back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    up: usize,
    down: usize,
}

impl Standing {
    /// A device may stand now that did not, or the other way round; or it came, or is gone.
    pub(super) fn count(&mut self, before: Option<Stand>, after: Option<Stand>) {
        let is = |stand: Option<Stand>, wanted| {
            usize::from(stand.and_then(Stand::stands) == Some(wanted))
        };
        self.up = self.up + is(after, true) - is(before, true);
        self.down = self.down + is(after, false) - is(before, false);
    }
}

impl Devices {
    pub(super) fn count_all_standing(&mut self) {
        self.standing = Standing::default();
        for state in self.by_mac.each() {
            self.standing.count(None, Some(state.stand()));
        }
    }

    /// Hands over to the org whether the site is down, when that has changed.
    pub(crate) fn look_at_site(&mut self, site: &Site, now: Timestamp, emitter: &mut Emitter<'_>) {
        let is_down = self.standing.up == 0 && self.standing.down > 0;
        if is_down == self.site_is_down {
            return;
        }
        self.site_is_down = is_down;
        let matter = match is_down {
            true => Matter::SiteDown { site_id: site.id, name: site.name.clone() },
            false => Matter::SiteUp { site_id: site.id },
        };
        emitter.hand_over(site.org_id, now, matter);
    }

    /// The site is gone, and down no longer.
    pub(crate) fn leave(&self, site: &Site, now: Timestamp, emitter: &mut Emitter<'_>) {
        if self.site_is_down {
            emitter.hand_over(site.org_id, now, Matter::SiteUp { site_id: site.id });
        }
    }
}

impl Stand {
    /// Whether the device stands, if that is known.
    fn stands(self) -> Option<bool> {
        (self.status != Status::Unknown).then_some(!self.is_told_down)
    }
}
