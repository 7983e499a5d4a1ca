//! One module a family of topics. Each has its state, what a record does to it (`on_…`), what
//! its timers do (`on_timer`), and what an outage does to its deadlines (`defer`).

pub(crate) mod accounting;
pub(crate) mod air;
pub(crate) mod alarms;
pub(crate) mod audits;
pub(crate) mod carried;
pub(crate) mod clients;
pub(crate) mod clocks;
pub(crate) mod deferral;
pub(crate) mod devices;
pub(crate) mod edges;
pub(crate) mod failures;
pub(crate) mod latency;
pub(crate) mod paths;
pub(crate) mod peerings;
pub(crate) mod ping;
pub(crate) mod ports;
pub(crate) mod presence;
pub(crate) mod radios;
pub(crate) mod ratio;
pub(crate) mod relayed;
pub(crate) mod sites_down;
pub(crate) mod sle;
pub(crate) mod sources;
pub(crate) mod steps;
pub(crate) mod streak;
pub(crate) mod webhooks;
pub(crate) mod windows;

use crate::output::{Audience, Emitter};
use crate::partition::Tally;
use crate::timers::Timers;
use alarms::{Alarms, Telling};
use foghorn_model::event::Place;
use foghorn_model::{Setting, Site, Timestamp, Topic};

/// What a processor has around it while it handles one record of a site.
pub(crate) struct Scene<'a, 'o> {
    /// The site.
    pub(crate) site: &'a Site,
    /// The setting of its org.
    pub(crate) over: &'a Setting,
    /// The partition clock: the record's `received_at`, or the deadline of a timer.
    pub(crate) now: Timestamp,
    /// When it happened by the source's clock, never later than `now`.
    pub(crate) at: Timestamp,
    /// Which alarms are told.
    pub(crate) telling: Telling<'a>,
    pub(crate) alarms: &'a mut Alarms,
    pub(crate) emitter: &'a mut Emitter<'o>,
    pub(crate) timers: &'a mut Timers,
    pub(crate) tally: &'a mut Tally,
}

impl Scene<'_, '_> {
    fn emit(&mut self, topic: Topic, write: impl FnOnce(&mut Vec<u8>, &Place<'_>)) {
        let org = self.site.org_id;
        let site = Some(self.site.id).filter(|_| !self.site.is_of_org());
        let audience = Audience { org, site, target: None };
        let place = Place { org, site, site_name: site.map(|_| self.site.name.as_str()) };
        self.emitter.now = self.now;
        self.emitter.emit(topic, audience, |out| write(out, &place));
    }
}
