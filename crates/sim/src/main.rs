//! `foghorn-sim`: seeds, and the deliberate bugs that they must find.

use anyhow::Result;
use clap::Parser;
use foghorn_sim::{Plan, run};
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Runs seeds through the simulator.
#[derive(Parser, Debug)]
struct Args {
    /// The first seed; chance when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Minutes that a world lives.
    #[arg(long, default_value_t = 10)]
    minutes: i64,
    /// Stop after so many seconds of real time.
    #[arg(long)]
    for_secs: Option<u64>,
    /// Run every deliberate bug until a seed finds it.
    #[arg(long)]
    mutants: bool,
    /// Tell what the server logs.
    #[arg(long)]
    verbose: bool,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    quiet_panics();
    if args.verbose {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    let mut out = std::io::stdout();
    let first = args.seed.unwrap_or_else(fresh);
    let begun = Instant::now();
    let (mut seeds, mut simulated, mut records, mut posts) = (0_u64, 0_i64, 0_u64, 0_u64);
    let (mut deaths, mut power) = (0_u64, 0_u64);
    for seed in first..first.saturating_add(args.seeds) {
        if args.for_secs.is_some_and(|secs| begun.elapsed() > Duration::from_secs(secs)) {
            break;
        }
        let plan = Plan { seed, secs: args.minutes * 60, faults: true, edits: true };
        match run(plan) {
            Ok(summary) => {
                seeds += 1;
                simulated += summary.simulated_secs;
                records += summary.records;
                posts += summary.posts;
                deaths += summary.deaths.0;
                power += summary.deaths.1;
            }
            Err(error) => {
                writeln!(out, "seed {seed} fails: {error:#}")?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let spent = begun.elapsed().as_secs_f64();
    writeln!(
        out,
        "{seeds} seeds from {first}: {records} records, {posts} requests, {deaths} deaths ({power} \
         of power), {simulated} s in {spent:.1} s: {:.0} times as fast",
        simulated as f64 / spent
    )?;
    Ok(ExitCode::SUCCESS)
}

fn fresh() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |since| since.as_micros() as u64)
}

/// Poisoned records panic by design, and are caught.
fn quiet_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let poisoned = panic.payload().downcast_ref::<&str>() == Some(&"a poisoned record");
        if !poisoned {
            hook(panic);
        }
    }));
}
