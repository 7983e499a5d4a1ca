//! What a day of a site costs the fold: processor time a record and memory a client, for 500, 5,000
//! and 50,000 clients with a device for 25 each, and for devices that all flap.
//!
//! The days go on side by side, three minutes of each in turn, so that whatever else the machine does
//! meets all of them; the lines of an hour are made before it is measured, since making them needs
//! the caches too, lie one behind the other as in a log, and are copied to where the server would
//! have just read them. Of the sites of 500 clients that are folded alone each has its whole hour
//! instead, one after the other, of which the first [`WARM`] minutes are not counted: after them the
//! processor's caches hold what is touched of one. So a hundred are folded too of which each has a
//! minute in turn: what a record costs more at 50,000 clients than there is the size of the site, the
//! rest is the memory of the machine. When either is more than [`GROWTH_MAX`], over the day or in the
//! median of its hours, the process fails. Time is that of the thread on a processor. Memory is what a
//! process of its own grows by that restores copies of the state at its largest, with the server's
//! allocator.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use foghorn_engine::Engine;
use foghorn_model::time::Micros;
use foghorn_model::{Partition, SiteId, Timestamp, Topic};
use foghorn_sim::day::{Day, Folding, Line, REST, Size};
use rustix::time::{ClockId, clock_gettime};
use std::io::{Read, Write};
use std::ops::Range;
use std::process::{Command, ExitCode, Stdio};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The cost of a record at 50,000 clients over that at 500, alone or as many in all.
const GROWTH_MAX: f64 = 1.2;
const MIDNIGHT: Timestamp = Timestamp(1_700_006_400_000_000);
const HOURS: i64 = 24;
/// So many turns each day has in an hour.
const TURNS: i64 = 20;
const _: () = assert!(60 % TURNS == 0);
/// In so many minutes the caches take in what is touched of a small site.
const WARM: i64 = 6;
/// So many small sites are folded one by one, in a turn each: of one there are too few records to
/// measure.
const ALONE: u64 = TURNS as u64;
/// So many have as many clients as a large one.
const MANY: u64 = 100;
/// When most are here.
const FULL_HOUR: i64 = 11;
/// Events are taken after so many lines.
const AT_ONCE: usize = 1_000;
/// So many clients are held in memory to see what one takes.
const HELD: usize = 100_000;
/// What the process is called with that holds them.
const HOLD: &str = "--hold";
const FLAPS: i64 = 10;

fn main() -> ExitCode {
    if let [_, hold, copies] = &std::env::args().collect::<Vec<_>>()[..]
        && hold == HOLD
    {
        println!("{}", held(copies.parse().unwrap()));
        return ExitCode::SUCCESS;
    }
    let mut rows = [
        Row::new(Size::SMALL, ALONE, Together::No),
        Row::new(Size::SMALL, MANY, Together::Yes),
        Row::new(Size::WHOLE, 1, Together::Yes),
        Row::new(Size::LARGE, 1, Together::Yes),
    ];
    for hour in 0..HOURS {
        let from = MIDNIGHT + Micros::from_mins(60 * hour);
        let mut lines: Vec<Vec<Lines>> = rows.iter_mut().map(|row| row.lines(from)).collect();
        for turn in 0..TURNS {
            for (row, lines) in rows.iter_mut().zip(&mut lines) {
                row.live_through(from, turn, lines);
            }
        }
        for (row, lines) in rows.iter_mut().zip(&lines) {
            row.end_hour(lines);
            if hour == FULL_HOUR {
                row.weigh();
            }
        }
    }
    println!(
        "sites clients devices    records   events  ns/record  ns worst hour  here  snapshot B/client  memory B/client"
    );
    rows.iter_mut().for_each(Row::report);
    let [alone, many, _, large] = &rows;
    println!("a record of 50,000 clients costs, over the day and in the median of its hours,");
    let mut growth = 0.0_f64;
    for (other, what) in [(many, "as many at a hundred sites"), (alone, "500 alone")] {
        let (of_day, of_hours) = (large.each() / other.each(), large.over(other));
        println!("{of_day:.2} and {of_hours:.2} times one of {what}");
        growth = growth.max(of_day).max(of_hours);
    }
    println!();
    println!("devices that flap    records   events   alarms  ns/record");
    [100, 1_000, 10_000].into_iter().for_each(flap);
    if growth > GROWTH_MAX {
        println!("FAILED: a record costs {growth:.2} times as much, {GROWTH_MAX} is the limit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Whether the sites of a row live at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Together {
    Yes,
    No,
}

/// Sites that live side by side.
struct Row {
    together: Together,
    sites: Vec<Site>,
    records: u64,
    events: u64,
    /// Of the records that are counted, and how many these are.
    nanos: u64,
    counted: u64,
    /// The same of the hour.
    in_hour: (u64, u64),
    /// Nanoseconds a record, by hour.
    hours: Vec<f64>,
    /// Clients that are here at the full hour, and the bytes of the snapshot and in memory.
    weight: (usize, usize, usize),
    text: String,
}

struct Site {
    size: Size,
    day: Day,
    folding: Folding,
    ahead: Option<Line>,
}

/// Lines one behind the other.
#[derive(Default)]
struct Lines {
    text: String,
    /// When each came, and where it begins.
    starts: Vec<(Timestamp, usize)>,
    /// So many are folded.
    done: usize,
}

impl Row {
    fn new(size: Size, count: u64, together: Together) -> Self {
        let sites = (1..=count).map(|seed| Site::new(size, seed)).collect();
        Self {
            together,
            sites,
            records: 0,
            events: 0,
            nanos: 0,
            counted: 0,
            in_hour: (0, 0),
            hours: Vec::new(),
            weight: (0, 0, 0),
            text: String::new(),
        }
    }

    /// The lines of the hour from then on, of each site.
    fn lines(&mut self, from: Timestamp) -> Vec<Lines> {
        self.sites.iter_mut().map(|site| site.lines(from + Micros::from_mins(60))).collect()
    }

    /// This turn of the hour from then on.
    fn live_through(&mut self, from: Timestamp, turn: i64, hour: &mut [Lines]) {
        let each = 60 / TURNS;
        let turns: Vec<(i64, usize)> = match self.together {
            Together::No => (1..=60).map(|minute| (minute, turn as usize)).collect(),
            Together::Yes => (turn * each + 1..=(turn + 1) * each)
                .flat_map(|minute| (0..hour.len()).map(move |at| (minute, at)))
                .collect(),
        };
        for (minute, at) in turns {
            let (site, lines) = (&mut self.sites[at], &mut hour[at]);
            let is_counted = self.together == Together::Yes || minute > WARM;
            while let Some(some) = lines.next(from + Micros::from_mins(minute)) {
                let count = some.len() as u64;
                let nanos = site.fold(lines, some, &mut self.text);
                if is_counted {
                    self.in_hour = (self.in_hour.0 + nanos, self.in_hour.1 + count);
                }
                self.events += u64::from(site.folding.out.record.count);
                site.folding.out.clear();
            }
        }
    }

    fn end_hour(&mut self, hour: &[Lines]) {
        assert!(hour.iter().all(|lines| lines.done == lines.starts.len()), "all lines are folded");
        let (nanos, counted) = std::mem::take(&mut self.in_hour);
        self.hours.push(nanos as f64 / counted as f64);
        self.nanos += nanos;
        self.counted += counted;
        self.records += hour.iter().map(|lines| lines.starts.len() as u64).sum::<u64>();
    }

    /// Nanoseconds a record, over the day.
    fn each(&self) -> f64 {
        self.nanos as f64 / self.counted as f64
    }

    /// What a record costs here over what it costs there: the median over the hours.
    fn over(&self, other: &Self) -> f64 {
        let hours = self.hours.iter().zip(&other.hours);
        let mut growth: Vec<f64> = hours.map(|(this, other)| this / other).collect();
        growth.sort_by(f64::total_cmp);
        growth[growth.len() / 2]
    }

    fn weigh(&mut self) {
        let engine = &self.sites[0].folding.engine;
        let here = engine.site(site_id()).unwrap().client_count();
        let snapshot = engine.snapshot();
        let copies = HELD.div_ceil(here);
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([HOLD, &copies.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(&snapshot).unwrap();
        let told = process.wait_with_output().unwrap().stdout;
        let grown: usize = std::str::from_utf8(&told).unwrap().trim().parse().unwrap();
        self.weight = (here, snapshot.len() / here, grown / copies / here);
    }

    fn report(&mut self) {
        for site in &mut self.sites {
            site.folding.tick(&site.day, site.day.ends() + REST);
            self.events += u64::from(site.folding.out.record.count);
        }
        let Size { switches, aps_each, gateways, edges, clients, .. } = self.sites[0].size;
        let devices = switches * (1 + aps_each) + gateways + edges;
        let each = self.each();
        let worst = self.hours.iter().copied().fold(0.0, f64::max);
        let (here, snapshot, memory) = self.weight;
        println!(
            "{:>5} {clients:>7} {devices:>7} {:>10} {:>8} {each:>10.0} {worst:>14.0} {here:>5} \
             {snapshot:>18} {memory:>16}",
            self.sites.len(),
            self.records,
            self.events
        );
    }
}

impl Site {
    fn new(size: Size, seed: u64) -> Self {
        let day = Day::new(seed, size, site_id(), MIDNIGHT);
        let folding = Folding::new(&day);
        Self { size, day, folding, ahead: None }
    }

    /// Folds some of the lines, and says how long that took.
    fn fold(&mut self, lines: &Lines, some: Range<usize>, text: &mut String) -> u64 {
        // As the server has them: in a buffer that was just written.
        let (first, last) = (lines.starts[some.start].1, lines.end_of(some.end - 1));
        text.clear();
        text.push_str(&lines.text[first..last]);
        let begun = cpu_nanos();
        for at in some {
            let (came, start) = lines.starts[at];
            self.folding.line(&self.day, came, &text[start - first..lines.end_of(at) - first]);
        }
        cpu_nanos() - begun
    }

    fn lines(&mut self, until: Timestamp) -> Lines {
        let mut lines = Lines::default();
        self.ahead.take().iter().for_each(|line| lines.add(line));
        for line in self.day.by_ref() {
            if line.at >= until {
                self.ahead = Some(line);
                break;
            }
            lines.add(&line);
        }
        drop(self.day.take_expected());
        lines
    }
}

impl Lines {
    fn add(&mut self, line: &Line) {
        self.starts.push((line.at, self.text.len()));
        self.text.push_str(&line.text);
    }

    fn end_of(&self, at: usize) -> usize {
        self.starts.get(at + 1).map_or(self.text.len(), |(_, start)| *start)
    }

    /// The next lines before this time, not too many at once.
    fn next(&mut self, until: Timestamp) -> Option<Range<usize>> {
        let left = &self.starts[self.done..];
        let count = left.iter().take(AT_ONCE).take_while(|(at, _)| *at < until).count();
        let some = self.done..self.done + count;
        self.done = some.end;
        (count > 0).then_some(some)
    }
}

/// So many APs are away for longer than their threshold, again and again, and their switches too.
fn flap(aps: usize) {
    let aps_each = 15.min(aps);
    let (switches, gateways, edges, clients) = (aps.div_ceil(aps_each), 0, 0, 0);
    let size = Size { switches, aps_each, gateways, edges, clients, ..Size::SMALL };
    let day = Day::new(1, size, site_id(), MIDNIGHT);
    let mut folding = Folding::new(&day);
    let devices = (switches * (1 + aps_each)) as i64;
    let (mut nanos, mut records, mut events, mut alarms) = (0, 0, 0, 0);
    for turn in 0..2 * FLAPS {
        // Away for 150 s, there for 50 s; each has its own moment within 30 s.
        let at = MIDNIGHT + Micros::from_secs(turn / 2 * 200 + turn % 2 * 150);
        let kind = if turn % 2 == 0 { "device-disconnected" } else { "device-connected" };
        let lines: Vec<Line> = (0..devices)
            .map(|device| {
                let mac = day.layout().mac(device as usize);
                let text = format!(r#"{{"kind":"{kind}","mac":"{mac}"}}"#);
                Line { at: at + Micros(device * 30_000_000 / devices), text }
            })
            .collect();
        let begun = cpu_nanos();
        for line in &lines {
            folding.line(&day, line.at, &line.text);
        }
        nanos += cpu_nanos() - begun;
        records += devices;
        events += folding.out.record.count;
        folding.take(|told| alarms += u64::from(told.topic == Topic::Alarms)).unwrap();
    }
    println!(
        "{devices:>17} {records:>10} {events:>8} {alarms:>8} {:>10}",
        nanos / records.unsigned_abs()
    );
}

fn site_id() -> SiteId {
    SiteId::from_bytes([2; 16])
}

/// The time that this thread had a processor.
fn cpu_nanos() -> u64 {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    at.tv_sec.unsigned_abs() * 1_000_000_000 + at.tv_nsec.unsigned_abs()
}

/// The bytes that this process grows by when it holds so many copies of what it reads.
fn held(copies: usize) -> usize {
    let mut snapshot = Vec::new();
    std::io::stdin().read_to_end(&mut snapshot).unwrap();
    let partition = Partition::of_site(site_id());
    // What reading one takes is there already.
    let mut engines = vec![Engine::restore(partition, &snapshot).unwrap()];
    let before = resident();
    engines.extend((0..copies).map(|_| Engine::restore(partition, &snapshot).unwrap()));
    resident() - before
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
