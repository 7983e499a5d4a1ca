//! Whether a site is down as a whole: that concerns its org.

use super::{DeviceState, Devices, Status};
use crate::output::Emitter;
use foghorn_model::{Mac, Matter, Site, Timestamp};

/// How many devices are up, or not told down yet, and how many are told down. It is counted anew
/// when the state is read back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    up: usize,
    down: usize,
}

impl Devices {
    /// Whether a device stands, if that is known.
    pub(super) fn stands(&self, mac: Mac) -> Option<bool> {
        self.by_mac.get(&mac).and_then(DeviceState::stands)
    }

    /// A device may stand now that did not, or the other way round.
    pub(super) fn count_standing(&mut self, mac: Mac, before: Option<bool>) {
        let after = self.stands(mac);
        let Standing { up, down } = &mut self.standing;
        *up = *up + usize::from(after == Some(true)) - usize::from(before == Some(true));
        *down = *down + usize::from(after == Some(false)) - usize::from(before == Some(false));
    }

    pub(super) fn count_all_standing(&mut self) {
        let stand = |wanted| self.by_mac.values().filter(|it| it.stands() == Some(wanted)).count();
        self.standing = Standing { up: stand(true), down: stand(false) };
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

impl DeviceState {
    fn stands(&self) -> Option<bool> {
        (self.status != Status::Unknown).then(|| !self.is_told_down())
    }
}
