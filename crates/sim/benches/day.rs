//! What a day of a site costs the fold: processor time a record and memory a client, for 500, 5,000
//! and 50,000 clients with a device for 25 each, and for devices that all flap.
//!
//! The days go hour by hour in turn, so that whatever else the machine does meets all of them; the
//! lines of an hour are made before it is measured, since making them needs the caches too, and
//! copied to where the server would have just read them. Of a site of 500 clients alone the
//! processor's caches hold everything, so a hundred of them are folded too, a minute of each in turn:
//! what a record costs more at 50,000 clients than there is the size of the site, the rest is the
//! memory of the machine. Both are told; when the first, the median over the hours, is more than
//! [`GROWTH_MAX`], the process fails. Time is that of the thread on a processor. Memory is what a
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
use std::process::{Command, ExitCode, Stdio};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The cost of a record at 50,000 clients over that at 500 where there are as many in all.
const GROWTH_MAX: f64 = 1.2;
const MIDNIGHT: Timestamp = Timestamp(1_700_006_400_000_000);
const HOURS: i64 = 24;
/// So many small sites have as many clients as a large one.
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
    let mut rows = [(Size::SMALL, 1), (Size::SMALL, MANY), (Size::WHOLE, 1), (Size::LARGE, 1)]
        .map(|(size, count)| Row::new(size, count));
    for hour in 0..HOURS {
        for row in &mut rows {
            row.live_through(MIDNIGHT + Micros::from_mins(60 * hour));
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
    let growth = large.over(many);
    println!(
        "a record of 50,000 clients, median of {HOURS} hours, over one of as many at {MANY} sites: \
         {growth:.2}; of 500 clients alone: {:.2}\n",
        large.over(alone)
    );
    println!("devices that flap    records   events   alarms  ns/record");
    [100, 1_000, 10_000].into_iter().for_each(flap);
    if growth > GROWTH_MAX {
        println!("FAILED: a record costs {growth:.2} times as much, {GROWTH_MAX} is the limit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Sites that live side by side.
struct Row {
    sites: Vec<Site>,
    records: u64,
    events: u64,
    nanos: u64,
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

impl Row {
    fn new(size: Size, count: u64) -> Self {
        let sites = (1..=count).map(|seed| Site::new(size, seed)).collect();
        let (hours, weight, text) = (Vec::new(), (0, 0, 0), String::new());
        Self { sites, records: 0, events: 0, nanos: 0, hours, weight, text }
    }

    /// An hour, minute by minute.
    fn live_through(&mut self, from: Timestamp) {
        let hour: Vec<Vec<Line>> =
            self.sites.iter_mut().map(|site| site.lines(from + Micros::from_mins(60))).collect();
        let mut left: Vec<&[Line]> = hour.iter().map(Vec::as_slice).collect();
        let (mut records, mut nanos) = (0, 0);
        for minute in 1..=60 {
            let until = from + Micros::from_mins(minute);
            for (site, left) in self.sites.iter_mut().zip(&mut left) {
                let (now, later) = left.split_at(left.partition_point(|line| line.at < until));
                *left = later;
                for lines in now.chunks(AT_ONCE) {
                    nanos += site.fold(lines, &mut self.text);
                    self.events += u64::from(site.folding.out.record.count);
                    site.folding.out.clear();
                }
                records += now.len() as u64;
            }
        }
        self.hours.push(nanos as f64 / records as f64);
        self.nanos += nanos;
        self.records += records;
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
        let each = self.nanos / self.records;
        let worst = self.hours.iter().copied().fold(0.0, f64::max);
        let (here, snapshot, memory) = self.weight;
        println!(
            "{:>5} {clients:>7} {devices:>7} {:>10} {:>8} {each:>10} {worst:>14.0} {here:>5} \
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

    /// Folds lines, and says how long that took.
    fn fold(&mut self, lines: &[Line], text: &mut String) -> u64 {
        // As the server has them: in one buffer, just written.
        text.clear();
        lines.iter().for_each(|line| text.push_str(&line.text));
        let ends = lines.iter().scan(0, |end, line| {
            *end += line.text.len();
            Some((line.at, *end))
        });
        let (ends, mut from): (Vec<_>, _) = (ends.collect(), 0);
        let begun = cpu_nanos();
        for (at, end) in ends {
            self.folding.line(&self.day, at, &text[from..end]);
            from = end;
        }
        cpu_nanos() - begun
    }

    fn lines(&mut self, until: Timestamp) -> Vec<Line> {
        let mut lines: Vec<Line> = self.ahead.take().into_iter().collect();
        for line in self.day.by_ref() {
            if line.at >= until {
                self.ahead = Some(line);
                break;
            }
            lines.push(line);
        }
        drop(self.day.take_expected());
        lines
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
