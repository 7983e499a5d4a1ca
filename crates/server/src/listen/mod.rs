//! `foghorn listen`: a receiver for developers.

mod chain;
mod post;
mod receiver;

use anyhow::Result;
use clap::Args;
pub use post::Summary;
pub use receiver::{Behaviour, Receiver};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// Flags of `foghorn listen`.
#[derive(Args, Debug)]
pub struct ListenArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9000", value_name = "ADDR")]
    listen: SocketAddr,
    /// Secret that signatures are checked with; repeatable while one is rotated. What does not
    /// hold is marked and counted, and answered like the rest.
    #[arg(long, env = "FOGHORN_SECRET", hide_env_values = true)]
    secret: Vec<String>,
    /// Share of the requests that is answered with an error, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    fail_rate: f64,
    /// The status of that error.
    #[arg(long, default_value_t = 500)]
    fail_status: u16,
    /// How long to wait before answering, e.g. `250ms` or `3s`.
    #[arg(long, value_parser = duration, default_value = "0ms")]
    delay: Duration,
    /// Print a summary only.
    #[arg(long)]
    quiet: bool,
    /// Print events as JSON lines.
    #[arg(long)]
    json: bool,
    /// Append a JSON line for each request to this file, before it is answered.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// Receives until a signal; says whether everything was as it should be.
pub fn run(args: ListenArgs) -> Result<bool> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(listen(args))
}

async fn listen(args: ListenArgs) -> Result<bool> {
    let behaviour = Behaviour {
        secrets: args.secret,
        fail_rate: args.fail_rate,
        fail_status: args.fail_status,
        delay: args.delay,
        ledger: args.ledger,
    };
    let (sender, mut posts) = mpsc::unbounded_channel();
    let receiver = Receiver::start(args.listen, behaviour, sender).await?;
    tracing::info!(address = %receiver.address(), "listening");
    let mut out = std::io::stdout();
    let mut summary = Summary::default();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    loop {
        let post = tokio::select! {
            post = posts.recv() => post,
            _ = tokio::signal::ctrl_c() => None,
            _ = terminate.recv() => None,
        };
        let Some(post) = post else { break };
        summary.add(&post);
        if args.json {
            post.print_json(&mut out)?;
        } else if !args.quiet {
            post.print(&mut out)?;
        }
    }
    write!(out, "{summary}")?;
    Ok(summary.is_fine())
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(char::is_alphabetic).len());
    let number: u64 = number.parse().map_err(|_| "not like 250ms or 3s".to_owned())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        _ => Err("not like 250ms or 3s".into()),
    }
}
