//! `foghorn loadgen`: sends telemetry to a running server and measures.
//!
//! Every event carries its number and the moment that it was due, so the report knows of each
//! whether it arrived, and how long that took from when it *should* have been sent: a server that
//! stalls the sender does not make itself look fast. A run that does not account for every event
//! is void.

mod counter;
mod sender;

use anyhow::{Context, Result, ensure};
use clap::Args;
use counter::Counter;
use foghorn_model::SiteId;
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Flags of `foghorn loadgen`.
#[derive(Args, Debug, Clone)]
pub struct LoadgenArgs {
    /// Address of the API.
    #[arg(long, default_value = "127.0.0.1:8080")]
    api: SocketAddr,
    /// A token that may write.
    #[arg(long, env = "FOGHORN_TOKEN", hide_env_values = true)]
    token: String,
    /// Site to send to; repeatable.
    #[arg(long, required = true)]
    site: Vec<SiteId>,
    /// Events a second; 0 sends as fast as they are acknowledged.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// How many events.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Events in a request.
    #[arg(long, default_value_t = 100)]
    batch: u64,
    /// Connections to the API.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Count what arrives at this address, to which a webhook for device-events points.
    #[arg(long, value_name = "ADDR")]
    receive: Option<SocketAddr>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Nothing that has not arrived by then will.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs it; says whether every event is accounted for.
pub fn run(args: &LoadgenArgs, out: &mut impl Write) -> Result<bool> {
    ensure!(args.batch > 0 && args.connections > 0, "--batch and --connections must not be 0");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let report = runtime.block_on(load(args))?;
    if args.json {
        writeln!(out, "{report}")?;
    } else {
        for (key, value) in report.as_object().into_iter().flatten() {
            writeln!(out, "{key:<24} {value}")?;
        }
    }
    Ok(report["missing"].as_u64().unwrap_or(0) == 0 && report["rejected"] == 0)
}

async fn load(args: &LoadgenArgs) -> Result<Value> {
    let counter = Arc::new(Counter::new(args.events));
    if let Some(address) = args.receive {
        counter::serve(address, Arc::clone(&counter)).await.context("--receive")?;
    }
    sender::make_devices(args).await?;
    let begun = Instant::now();
    let sent = sender::send(args, &counter).await?;
    let sending = begun.elapsed();
    let mut report = json!({
        "events": args.events,
        "sites": args.site.len(),
        "batch": args.batch,
        "connections": args.connections,
        "acknowledged": sent.acknowledged,
        "rejected": sent.rejected,
        "refused": sent.refused,
        "send_secs": sending.as_secs_f64(),
        "acknowledged_per_sec": sent.acknowledged as f64 / sending.as_secs_f64(),
        "ack_p50_ms": millis(percentile(&sent.latencies, 50)),
        "ack_p99_ms": millis(percentile(&sent.latencies, 99)),
    });
    if args.receive.is_some() {
        while counter.distinct() < args.events && begun.elapsed() < sending + PATIENCE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let arrived = counter.report();
        let span = arrived.last.saturating_sub(counter.started()).max(1);
        report["arrived"] = json!(arrived.distinct);
        report["missing"] = json!(args.events - arrived.distinct);
        report["again"] = json!(arrived.events - arrived.distinct);
        report["requests"] = json!(arrived.requests);
        report["arrived_per_sec"] = json!(arrived.distinct as f64 * 1e6 / span as f64);
        report["p50_ms"] = json!(millis(percentile(&arrived.latencies, 50)));
        report["p99_ms"] = json!(millis(percentile(&arrived.latencies, 99)));
    }
    Ok(report)
}

/// The value that this share of the values does not exceed.
fn percentile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_there() {
        let values: Vec<u64> = (1..=100).rev().collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (50, 99));
        assert_eq!((percentile(&[7], 99), percentile(&[], 50)), (7, 0));
    }
}
