//! What moves a partition's clock when no record does, and what keeps an outage from passing for
//! silence.
//!
//! When the server was away (stopped, stalled, suspended, its clock set) or refused input, nobody
//! could be heard. Before the clock passes what became due meanwhile, a record must say so: it is
//! the *front* of the next frame, before the changes and before whatever waits, since each of
//! those moves the clock. While input is refused no tick is journaled: time stands still for
//! those who cannot be heard, except where a change moves it, and there the front goes before it.

use crate::intake::Intake;
use crate::outage::OutageWatch;
use foghorn_model::record::{InputGap, Upgrade};
use foghorn_model::time::Micros;
use foghorn_model::{Partition, RecordBody, Timestamp};
use foghorn_mutant::{Mutant, is as mutated};

/// Records that go before everything else of a frame.
#[derive(Debug, Clone, Default)]
pub struct Front {
    /// The records, for each partition, in their order. A gap stands where it tells of a silence.
    pub bodies: Vec<RecordBody<'static>>,
    /// Whether every partition that has lived gets them, or only those that the frame writes to
    /// in any case.
    pub everywhere: bool,
    /// Until when everybody was heard, when that is not now: a start after this frame must not
    /// take those for heard who are not told yet.
    pub heard_until: Option<Timestamp>,
}

/// Decides on ticks and fronts.
#[derive(Debug)]
pub struct Clockwork {
    watch: OutageWatch,
    /// What a start has to say, until it is durable.
    start: Vec<RecordBody<'static>>,
    /// When the process before this one was last alive.
    stopped: Timestamp,
    /// Since when nobody has been heard, until a record that says so is durable.
    since: Option<Timestamp>,
    /// Whether the front of the step under way told everybody.
    told: bool,
    /// The last deadline of each partition that got a tick.
    ticked: Vec<Option<Timestamp>>,
}

impl Clockwork {
    /// After a start: nobody was heard since `since`, and another version of the fold may take
    /// over. The two clocks are those of now, before anything is taken in.
    pub fn resumed(
        since: Timestamp,
        upgrade: Option<Upgrade>,
        (now, monotonic): (Timestamp, Micros),
    ) -> Self {
        // The outage first: any other record would move the clock past it.
        let upgrade = upgrade.map(RecordBody::Upgrade);
        let start = [RecordBody::Resumed { since }].into_iter().chain(upgrade).collect();
        let watch = OutageWatch::new(now, monotonic);
        let ticked = vec![None; usize::from(Partition::COUNT)];
        Self { watch, start, stopped: since, since: None, told: false, ticked }
    }

    /// Called before each step of the committer, at least every second or two, with the wall
    /// clock and the monotonic one: the front of that step. Where no front is due, the partitions
    /// in which something is due by itself get a tick; `due` tells when that is.
    pub fn turn<A>(
        &mut self,
        intake: &Intake<A>,
        due: impl Fn(Partition) -> Option<Timestamp>,
        catalog_seq: u64,
        now: Timestamp,
        monotonic: Micros,
    ) -> Front {
        if let Some(outage) = self.watch.turn(now, monotonic) {
            tracing::warn!(?outage, "the server was away: presence deadlines are deferred");
            self.since = Some(self.since.map_or(outage.since, |since| since.min(outage.since)));
        }
        let refusing = intake.is_refusing();
        if refusing {
            self.since.get_or_insert(now);
        }
        let gap = self.since.map(|since| InputGap { source: "all".into(), since, until: now });
        let start = self.start.iter().cloned();
        let mut bodies: Vec<_> = start.chain(gap.map(RecordBody::InputGap)).collect();
        if mutated(Mutant::FrontForgotten) {
            bodies.clear();
        }
        self.told = !bodies.is_empty() && !refusing;
        if bodies.is_empty() {
            self.tick(intake, due, catalog_seq, now);
        }
        let heard_until = (!bodies.is_empty() && !self.told).then(|| {
            let stopped = (!self.start.is_empty()).then_some(self.stopped);
            stopped.into_iter().chain(self.since).min().unwrap_or(now)
        });
        Front { bodies, everywhere: !refusing, heard_until }
    }

    /// The step wrote its frame, or had nothing to write. Returns whether what the start had to
    /// say is durable just now.
    pub fn committed(&mut self) -> bool {
        if !std::mem::take(&mut self.told) {
            return false;
        }
        self.since = None;
        !std::mem::take(&mut self.start).is_empty()
    }

    /// The disk was full: nobody is heard from now on.
    pub fn refused(&mut self, now: Timestamp) {
        self.told = false;
        self.since.get_or_insert(now);
        // Whatever was in the frame is not in the log.
        self.ticked.fill(None);
    }
}

impl Clockwork {
    /// One tick for each deadline: until it is folded, the deadline stands as it was.
    fn tick<A>(
        &mut self,
        intake: &Intake<A>,
        due: impl Fn(Partition) -> Option<Timestamp>,
        catalog_seq: u64,
        now: Timestamp,
    ) {
        for partition in Partition::all() {
            let ticked = &mut self.ticked[partition.index()];
            let Some(deadline) = due(partition).filter(|deadline| *deadline <= now) else {
                *ticked = None;
                continue;
            };
            if *ticked == Some(deadline) {
                continue;
            }
            *ticked = Some(deadline);
            let tick = RecordBody::Tick;
            if intake.submit_record(partition, catalog_seq, None, tick, now, None).is_err() {
                tracing::debug!(%partition, "stopping: no more ticks");
            }
        }
    }
}
