//! `foghorn`: the server and the tools around it.

mod cli;
mod client;
mod demo;
mod due;
mod init;
mod inspect;
mod listen;
mod loadgen;
mod serve;
mod trigger;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli::log_to_stderr(cli.log_json);
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
