//! A run: one seed, one world, one verdict.

use crate::catalog::Catalog;
use crate::day::{self, Day};
use crate::dice::Dice;
use crate::journal::Journal;
use crate::network::Network;
use crate::node::{Node, Setup, Wrote};
use crate::oracle::{self, Ledger, Precedence};
use crate::people::People;
use crate::store::Store;
use anyhow::{Context, Result, anyhow, bail, ensure};
use foghorn_log::{SimFaults, SimStorage, Storage as _};
use foghorn_model::time::Micros;
use foghorn_model::{SiteId, Timestamp};
use foghorn_mutant::{Mutant, with};
use foghorn_pipeline::ChangeFeed;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The world begins here.
const START: Timestamp = Timestamp(1_700_000_000_000_000);
/// Longer than whatever is owed may take: silence, threshold, and the deferral of outages.
const QUIET: Micros = Micros::from_mins(60);
/// So long a crash is likely after something was handed over: until then it may be told again.
const HANDED: Micros = Micros::from_secs(20);
/// No run needs more turns than this to come to rest.
const TURNS_MAX: u64 = 2_000_000;

/// What a run is made of.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Everything else comes from it.
    pub seed: u64,
    /// How long the world lives before it falls silent, seconds.
    pub secs: i64,
    /// Whether processes die and disks fail.
    pub faults: bool,
    /// Whether administrators edit.
    pub edits: bool,
    /// A site of this size beside the others lives through a day, as long as the world lives.
    pub day: Option<day::Size>,
    /// So many times rarer than otherwise is what the others do and what befalls the server.
    pub calm: u64,
    /// A deliberate bug that is switched on.
    pub mutant: Option<Mutant>,
}

impl Plan {
    /// A world that lives through a day of a site.
    pub fn of_day(seed: u64, size: day::Size) -> Self {
        let size = day::Size { is_sure: true, ..size };
        let secs = day::LENGTH.0 / 1_000_000;
        Self { seed, secs, faults: true, edits: true, day: Some(size), calm: 10, mutant: None }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Seconds that passed in the world.
    pub simulated_secs: i64,
    /// Records journaled.
    pub records: u64,
    /// Requests that arrived.
    pub posts: u64,
    /// Deaths of the process, and of these failures of power.
    pub deaths: (u64, u64),
    /// Frames that the disk had no room for.
    pub refused: u64,
    /// Requests of alarms that began while others waited for the same webhook, and of these those
    /// in the storm of a day.
    pub went_first: (u64, u64),
    /// Requests of others that began while an alarm waited, since it was their turn.
    pub let_through: u64,
}

struct Run {
    plan: Plan,
    setup: Setup,
    dice: Dice,
    storage: SimStorage,
    store: Store,
    catalog: Catalog,
    people: People,
    network: Network,
    journal: Journal,
    ledger: Ledger,
    precedence: Precedence,
    node: Option<Node>,
    now: Timestamp,
    /// When the dead process is started again.
    start_at: Timestamp,
    healed: bool,
    deaths: (u64, u64),
    /// Clock that never jumps.
    monotonic: Micros,
    full_until: Option<Timestamp>,
    handed_until: Timestamp,
    refused: u64,
    /// The snapshot that was damaged last.
    spoiled: Option<String>,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.simulated_secs += other.simulated_secs;
        self.records += other.records;
        self.posts += other.posts;
        self.deaths.0 += other.deaths.0;
        self.deaths.1 += other.deaths.1;
        self.refused += other.refused;
        self.went_first.0 += other.went_first.0;
        self.went_first.1 += other.went_first.1;
        self.let_through += other.let_through;
    }
}

/// Runs a plan.
///
/// # Errors
/// What did not hold; the root cause begins with the name of the oracle.
pub fn run(plan: Plan) -> Result<Summary> {
    let ended = catch_unwind(AssertUnwindSafe(|| with(plan.mutant, || live(plan))));
    ended.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(anyhow!("an assertion: {}", text.unwrap_or_default()))
    })
}

/// The day that a site lives through in the world of a seed.
pub fn day_of(seed: u64, size: day::Size) -> Day {
    Day::new(seed, size, SiteId::from_bytes([0xda; 16]), START)
}

fn live(plan: Plan) -> Result<Summary> {
    let mut dice = Dice::new(plan.seed);
    let mut setup = Setup::new(&mut dice.fork(1));
    let mut precedence = Precedence::default();
    let mut catalog = Catalog::new(&mut dice.fork(2), START);
    let mut people = People::new(&catalog.sources(), plan.calm, &mut dice.fork(4), START);
    let of_run = dice.fork(3);
    if let Some(size) = plan.day {
        let day = day_of(plan.seed, size);
        let (place, webhook) = catalog.add_campus(day.layout(), &mut dice, START);
        setup = setup.tight(&mut dice);
        precedence.expect_storm(webhook, START + day::STORM.0..START + day::STORM.1);
        people.live_through(place, day, START);
    }
    let mut run = Run {
        plan,
        setup,
        dice: of_run,
        storage: SimStorage::new(),
        store: Store::default(),
        catalog,
        people,
        network: Network::default(),
        journal: Journal::default(),
        ledger: Ledger::default(),
        precedence,
        node: None,
        now: START,
        start_at: START,
        healed: false,
        deaths: (0, 0),
        monotonic: Micros(0),
        full_until: None,
        handed_until: START,
        refused: 0,
        spoiled: None,
    };
    run.live().with_context(|| format!("at {} s", run.now.since(START).0 / 1_000_000))?;
    let Run { node, journal, ledger, precedence, store, catalog, people, .. } = &run;
    let node = node.as_ref().context("no server runs")?;
    precedence.check()?;
    if let Err(error) = oracle::check(node, journal, ledger, store, catalog, people) {
        journal.tell(START)?;
        return Err(error);
    }
    Ok(Summary {
        simulated_secs: run.now.since(START).0 / 1_000_000,
        records: journal.records(),
        posts: ledger.arrived,
        deaths: run.deaths,
        refused: run.refused,
        went_first: (precedence.went_first, precedence.in_storm),
        let_through: precedence.let_through,
    })
}

impl Run {
    fn live(&mut self) -> Result<()> {
        let end = START + Micros::from_secs(self.plan.secs);
        while self.now < end {
            self.turn()?;
            self.pass_time();
        }
        self.heal();
        let mut turns = 0;
        while !self.is_at_rest() {
            turns += 1;
            ensure!(turns < TURNS_MAX, "rest: it never comes to rest: {}", self.left());
            self.turn()?;
            self.pass_time();
        }
        let quiet = self.now + QUIET;
        while self.now < quiet || !self.is_at_rest() {
            turns += 1;
            ensure!(turns < TURNS_MAX, "rest: it never comes to rest when quiet: {}", self.left());
            self.turn()?;
            let node = self.node.as_ref().and_then(Node::next_deadline);
            let next = node.into_iter().chain(self.people.next()).min().unwrap_or(quiet);
            let soon = self.now + Micros::from_secs(1);
            self.set_time(if self.is_at_rest() {
                next.clamp(soon, quiet + Micros(1))
            } else {
                soon
            });
        }
        Ok(())
    }

    fn heal(&mut self) {
        self.healed = true;
        self.people.fall_silent(self.now);
        self.network.heal();
        self.storage.set_faults(SimFaults::default());
        self.full_until = None;
    }

    fn left(&self) -> String {
        let node = self.node.as_ref().map_or_else(|| "no server".into(), Node::left);
        let (done, next) = (self.people.is_done(), self.network.next());
        format!("people done {done}, network next {next:?}, now {:?}, {node}", self.now)
    }

    fn is_at_rest(&self) -> bool {
        self.people.is_done()
            && self.network.next().is_none()
            && !self.catalog.is_unpublished()
            && self.node.as_ref().is_some_and(|node| node.is_at_rest(self.now))
    }

    /// Time goes to the next thing that happens, or a little.
    fn pass_time(&mut self) {
        let node = self.node.as_ref().and_then(Node::next_deadline);
        let next = [self.people.next(), self.network.next(), node];
        let next = next.into_iter().flatten().min().unwrap_or(self.now);
        let little = self.now + Micros(self.dice.between(1_000, 400_000));
        self.set_time(next.clamp(self.now + Micros(1), little));
        if !self.healed && self.dice.one_in(4000 * self.plan.calm) {
            // Suspended, or the clock was set.
            // Far less than ids are remembered for.
            let away = Micros::from_secs(self.dice.between(11, 250));
            self.now = self.now + away;
            if self.dice.one_in(2) {
                self.monotonic = Micros(self.monotonic.0 + away.0);
            }
        }
    }

    fn set_time(&mut self, to: Timestamp) {
        self.monotonic = Micros(self.monotonic.0 + to.since(self.now).0.max(0));
        self.now = self.now.max(to);
    }

    /// Everyone has a turn, in any order, and the process may die in between.
    fn turn(&mut self) -> Result<()> {
        if self.healed {
            self.people.say_last_words(self.now);
        } else {
            self.people.act(&mut self.dice, self.now);
            if self.plan.edits && self.dice.one_in(300 * self.plan.calm) {
                self.catalog.edit(&mut self.dice, self.now);
            }
            if self.dice.one_in(150) {
                self.network.change(&mut self.dice);
            }
        }
        for attempt in self.network.arrived(self.now) {
            self.ledger.arrived(&attempt)?;
        }
        if self.node.is_none() {
            return self.start_again();
        }
        if self.plan.faults && !self.healed {
            self.plan_faults();
        }
        for _ in 0..6 {
            let mean = self.mean_life();
            if self.plan.faults && !self.healed && self.dice.one_in(mean * self.plan.calm) {
                let power = self.dice.one_in(2);
                if !power && self.dice.one_in(4) {
                    self.stop_in_order();
                }
                return self.die(power);
            }
            if let Err(error) = self.step() {
                return self.failed(error);
            }
        }
        if let Some(node) = &self.node {
            node.check_limits().context("limits")?;
        }
        Ok(())
    }

    /// In how many steps the process dies once. What waits to be handed over is easily lost, and
    /// what was is easily told again.
    fn mean_life(&mut self) -> u64 {
        if self.node.as_ref().is_some_and(Node::hands_over) {
            self.handed_until = self.now + HANDED;
            30
        } else if self.now < self.handed_until {
            600
        } else {
            2500
        }
    }

    /// Faults that strike in the middle of something.
    fn plan_faults(&mut self) {
        let calm = self.plan.calm;
        let mut faults = self.storage.faults();
        if self.dice.one_in(4000 * calm) {
            faults.changes_left = Some(self.dice.below(30));
        }
        if self.dice.one_in(6000 * calm) {
            faults.fail_sync = true;
        }
        if self.dice.one_in(6000 * calm) {
            faults.fail_write = true;
        }
        if self.full_until.is_none() && self.dice.one_in(2000 * calm) {
            let most = *self.dice.pick(&[4 << 10, 64 << 10, 600 << 10]);
            faults.room = Some(self.dice.below(most));
            self.full_until = Some(self.now + Micros::from_secs(self.dice.between(5, 400)));
        }
        if self.full_until.is_some_and(|until| until <= self.now) {
            faults.room = None;
            self.full_until = None;
        }
        self.storage.set_faults(faults);
    }

    fn step(&mut self) -> Result<()> {
        let Some(node) = &mut self.node else { return Ok(()) };
        match self.dice.below(24) {
            0..=2 => {
                let seq = self.catalog.latest();
                for request in self.people.requests(self.now) {
                    let Some(node) = &self.node else { break };
                    let taken = node.submit(&request, seq, self.now);
                    self.people.submitted(request.ack, taken.is_ok(), self.now);
                }
            }
            3..=6 => self.commit()?,
            7..=10 => node.fold(&mut self.dice, self.now)?,
            11..=13 => node.hear(&mut self.dice, self.now),
            14 => drop(node.read(self.now)?),
            15..=17 => {
                let current = !self.catalog.is_unpublished() && !node.has_unheard_index();
                let attempts = node.begin(self.now)?;
                let begun: Vec<_> = attempts.iter().map(|attempt| attempt.lane).collect();
                if !begun.is_empty() {
                    self.precedence
                        .begun(&begun, &node.held(self.now), &self.setup.lanes, self.now)
                        .map_err(|error| Broken(format!("{error:#}")))?;
                }
                for attempt in attempts {
                    let webhook = self.catalog.webhooks().get(&attempt.lane.webhook);
                    let webhook = webhook.filter(|_| current);
                    self.ledger
                        .begun(&attempt, webhook, self.now)
                        .map_err(|error| Broken(format!("{error:#}")))?;
                    self.network.send(attempt, &mut self.dice, self.now, self.healed);
                }
            }
            18 | 19 => {
                if let Some((attempt, report)) = self.network.answered(self.now) {
                    self.ledger.answered(&attempt, report.answer);
                    self.precedence.answered(attempt.lane);
                    node.settle(&report, self.now);
                }
            }
            20 => node.flush(&mut self.store, self.now)?,
            21 if self.catalog.is_unpublished() => {
                node.swap_index(self.catalog.index());
                self.catalog.publish();
            }
            22 if node.hands_over() || self.dice.one_in(6 * self.plan.calm) => node.snapshot()?,
            23 if self.dice.one_in(6) => {
                node.housekeep()?;
                node.find(self.catalog.latest(), self.now)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        let Some(node) = &mut self.node else { return Ok(()) };
        match node.commit(&self.catalog, self.now, self.monotonic)? {
            Wrote::Nothing => {}
            Wrote::Refused(acks) => {
                self.refused += 1;
                acks.iter().for_each(|ack| self.people.submitted(*ack, false, self.now));
            }
            Wrote::Frame(acks, blocks) => {
                self.journal.add(&blocks);
                acks.iter().for_each(|ack| self.people.acknowledged(*ack));
            }
        }
        Ok(())
    }

    /// The process ended itself. That must have had a reason.
    fn failed(&mut self, error: anyhow::Error) -> Result<()> {
        if error.is::<Broken>() {
            return Err(error);
        }
        let text = format!("{error:#}");
        let ours = [
            "the power is gone",
            "a simulated",
            "no room left",
            "storage is full",
            "no storage space",
            "the log is fenced",
        ];
        if !self.plan.faults || !ours.iter().any(|known| text.contains(known)) {
            bail!("the process ended: {text}");
        }
        let power = text.contains("the power is gone");
        self.die(power)
    }

    /// An orderly end, which a fault may cut short.
    fn stop_in_order(&mut self) {
        if let Some(node) = &mut self.node
            && node.stop(&mut self.store).is_err()
        {
            self.deaths.0 += 1;
        }
    }

    fn die(&mut self, power: bool) -> Result<()> {
        self.node = None;
        self.deaths.0 += 1;
        self.ledger.hung_up();
        self.precedence.hung_up();
        for attempt in self.network.drop_answers(&mut self.dice) {
            self.ledger.arrived(&attempt)?;
        }
        if power {
            self.deaths.1 += 1;
            self.storage.crash(self.dice.next());
            self.store.lose_power(&mut self.dice);
            self.ledger.lost_power();
        } else {
            self.storage.kill();
            self.storage.set_faults(SimFaults::default());
        }
        self.full_until = None;
        if self.dice.one_in(12) {
            self.spoil_a_snapshot();
        }
        self.people.hung_up(self.now);
        let is_long = self.dice.one_in(4);
        let most = if is_long { 20_000_000 } else { 1_000_000 };
        self.start_at = self.now + Micros(self.dice.between(10_000, most));
        Ok(())
    }

    /// A bit of a partition's newest snapshot flips: the one before must do.
    fn spoil_a_snapshot(&mut self) {
        let Ok(names) = self.storage.list("snapshots") else { return };
        let names: Vec<&String> = names.iter().filter(|name| name.ends_with(".snap")).collect();
        if self.spoiled.as_ref().is_some_and(|spoiled| names.contains(&spoiled)) {
            return;
        }
        let newest: Vec<&&String> = names
            .windows(2)
            .filter(|pair| pair[0].split('-').next() == pair[1].split('-').next())
            .map(|pair| &pair[1])
            .collect();
        if !newest.is_empty() {
            let name = (**self.dice.pick(&newest)).clone();
            self.spoiled = Some(name.clone());
            let at = self.dice.next();
            self.storage.damage(&format!("snapshots/{name}"), |bytes| {
                let at = usize::try_from(at % bytes.len().max(1) as u64).unwrap_or(0);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1;
                }
            });
        }
    }

    fn start_again(&mut self) -> Result<()> {
        if self.now < self.start_at {
            let start_at = self.start_at;
            self.set_time(start_at);
        }
        // The wall clock goes on while the process is gone; the monotonic one begins anew.
        self.monotonic = Micros(0);
        if self.plan.faults && !self.healed && self.dice.one_in(10) {
            let left = self.dice.below(20);
            self.storage.set_faults(SimFaults { changes_left: Some(left), ..SimFaults::default() });
        }
        let (setup, storage) = (self.setup, &self.storage);
        let clocks = (self.now, self.monotonic);
        let (store, catalog) = (&self.store, &mut self.catalog);
        match Node::start(setup, storage, store, catalog, &mut self.dice, clocks) {
            Ok(node) => {
                self.journal.compare(&*node.input)?;
                self.node = Some(node);
                Ok(())
            }
            Err(error) => self.failed(error),
        }
    }
}

/// An oracle was broken: no fault of the disk's.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);
