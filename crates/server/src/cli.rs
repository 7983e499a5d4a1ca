//! The command line.

use crate::serve::options::{Options, ServeArgs};
use crate::{demo, init, inspect, listen, loadgen, serve, trigger};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Webhooks of what a network sees, on Mist's wire format.
#[derive(Parser, Debug)]
#[command(version, about, propagate_version = true)]
pub struct Cli {
    /// Log as JSON lines.
    #[arg(long, global = true, env = "FOGHORN_LOG_JSON")]
    pub log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server.
    Serve(Box<ServeArgs>),
    /// Make an org with a site and an admin token in a data directory.
    Init(init::InitArgs),
    /// Show it all at work: a server, a simulated building, a receiver that verifies.
    Demo(demo::DemoArgs),
    /// Receive webhooks: verify them, prove that none is missing, print them.
    Listen(listen::ListenArgs),
    /// Make the real thing happen for a topic, at a running server.
    Trigger(trigger::TriggerArgs),
    /// Send load to a running server, and measure.
    Loadgen(loadgen::LoadgenArgs),
    /// List and verify what a data directory holds; the server must not be running.
    Inspect(inspect::InspectArgs),
    /// Print the OpenAPI document.
    Openapi,
}

impl Cli {
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Serve(args) => {
                serve::run(Options::resolve(*args)?)?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Init(args) => {
                init::run(&args, &mut std::io::stdout())?;
                Ok(ExitCode::SUCCESS)
            }
            Command::Demo(args) => code(demo::run(&args)?),
            Command::Listen(args) => code(listen::run(args)?),
            Command::Loadgen(args) => code(loadgen::run(&args, &mut std::io::stdout())?),
            Command::Trigger(args) => code(trigger::run(&args, &mut std::io::stdout())?),
            Command::Inspect(args) => code(inspect::run(&args, &mut std::io::stdout())?),
            Command::Openapi => {
                std::io::stdout().write_all(foghorn_api::openapi().as_bytes())?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every arm gives a result")]
fn code(fine: bool) -> Result<ExitCode> {
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Logs go to standard error; `FOGHORN_LOG` filters them.
pub fn log_to_stderr(json: bool) {
    let filter = EnvFilter::try_from_env("FOGHORN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // The spans are the phases of the work; `foghorn::phase=trace` shows when each begins and ends.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_writer(std::io::stderr);
    if json {
        builder.json().init();
    } else {
        let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
        builder.with_target(false).with_ansi(colours).init();
    }
}
