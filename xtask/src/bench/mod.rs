//! `cargo xtask bench`: Foghorn against limit programs of ours, in one run.
//!
//! The machine is small and shared, so a figure alone says little: each is a ratio to what a
//! program can do that does nothing else. The receiver runs on this machine too. A run of
//! Foghorn that does not account for every event is void.
//!
//! `cargo xtask bench api`: the reading side of the API. `cargo xtask bench k7`: whether what is
//! compared with a secret takes as long whatever is shown.

pub mod api;
mod foghorn;
mod limits;
pub mod process;
mod served;

use crate::steps;
use anyhow::{Result, ensure};
use limits::{Limit, Work};
use std::io::Write;
use std::process::Command;

/// Runs of each; the median counts.
const RUNS: usize = 5;
/// Requests in flight.
const CONNECTIONS: usize = 64;

/// Measures and prints.
pub fn run() -> Result<()> {
    let mut out = std::io::stdout();
    let mut server = foghorn::Server::start()?;
    writeln!(
        out,
        "64 sites, one webhook of the org, device-events, {CONNECTIONS} requests in flight"
    )?;
    writeln!(out, "median of {RUNS} runs each; everything on this machine\n")?;
    for batch in [1, 100] {
        let events = if batch == 1 { 100_000 } else { 1_000_000 };
        let measure =
            |work| median((0..RUNS).map(|_| limits::run(work, CONNECTIONS, batch, events)));
        let append = measure(Work { limit: Limit::Append, signed: false })?;
        let bare = measure(Work { limit: Limit::Post, signed: false })?;
        let signed = measure(Work { limit: Limit::Post, signed: true })?;
        let relay = measure(Work { limit: Limit::Relay, signed: true })?;
        let served = median((0..RUNS).map(|_| served::run(CONNECTIONS, batch, events)))?;
        server.set_single(batch == 1)?;
        let before = server.cpu()?;
        let ours = median((0..RUNS).map(|_| server.delivered_per_sec(events)))?;
        let cpu = server.cpu()?.us_per_event_since(before);
        writeln!(out, "events a request: {batch}")?;
        writeln!(out, "  group-commit append       {append:>12.0} events/s")?;
        writeln!(out, "  bare client, unsigned     {bare:>12.0} events/s")?;
        writeln!(out, "  bare client, signed       {signed:>12.0} events/s")?;
        writeln!(out, "  durable relay             {relay:>12.0} events/s")?;
        writeln!(out, "  the same, events served   {served:>12.0} events/s")?;
        writeln!(out, "  foghorn                   {ours:>12.0} events/s")?;
        writeln!(out, "  foghorn / durable relay   {:>12.2}", ours / relay)?;
        writeln!(out, "  foghorn / served relay    {:>12.2}", ours / served)?;
        writeln!(out, "  CPU of foghorn            {cpu:>12.1} us/event\n")?;
    }
    server.set_single(true)?;
    server.add_slow_neighbour()?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        for (slow, latencies) in [(false, &mut alone), (true, &mut beside)] {
            server.set_slow_neighbour(slow)?;
            let before = server.cpu()?;
            let (p50, p99) = server.latency_ms(500, 5000)?;
            latencies.push((p50, p99, server.cpu()?.us_per_event_since(before)));
        }
    }
    for (what, latencies) in [("alone", alone), ("beside a receiver that takes 3 s", beside)] {
        let of = |figure: fn(&(f64, f64, f64)) -> f64| {
            median(latencies.iter().map(|latency| Ok(figure(latency))))
        };
        let (p50, p99, cpu) = (of(|it| it.0)?, of(|it| it.1)?, of(|it| it.2)?);
        writeln!(
            out,
            "at 500 events/s, open loop, {what}: p50 {p50:.2} ms, p99 {p99:.2} ms, \
             {cpu:.0} us of CPU/event"
        )?;
    }
    drop(server);
    pipeline(&mut out)?;
    writeln!(out, "the simulator, on one thread:")?;
    out.flush()?;
    // Its last line says how many times faster it is than the time that it simulates.
    steps::sim(&["--seed", "1", "--seeds", "200"])
}

/// What each step costs an event on one thread, without a socket.
fn pipeline(out: &mut impl Write) -> Result<()> {
    let measured = Command::new("cargo")
        .args(["bench", "--quiet", "--package", "foghorn-pipeline", "--bench", "in_process"])
        .output()?;
    ensure!(measured.status.success(), "{}", String::from_utf8_lossy(&measured.stderr));
    write!(out, "the pipeline in process: {}", String::from_utf8_lossy(&measured.stdout))?;
    Ok(())
}

fn median(values: impl Iterator<Item = Result<f64>>) -> Result<f64> {
    let mut values: Vec<f64> = values.collect::<Result<_>>()?;
    values.sort_by(f64::total_cmp);
    Ok(values[values.len() / 2])
}
