//! What a developer types: `cargo xtask test`, `demo`, `bench`, `openapi`.

mod bench;
mod compat;
mod fuzz;
mod needs;
mod steps;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test      everything that must hold before a change lands
    --install         install what it needs and is missing
    --kills N         kill the server so often
    --data DIR        then also the suites on published schemas, samples and captures in DIR
cargo xtask sim       seeds through the simulator; `-- --help` tells how many, how long, which bugs
cargo xtask chaos     the real binary under kills and worse; --kills N, 100 unless told
cargo xtask fuzz      every fuzz target, guided by coverage; --secs N of each, 60 unless told
cargo xtask compat    the mistapi package and Schemathesis against the server; with --data DIR also
                      the OpenAPI document that was published
cargo xtask demo      a server, real input and a verifying receiver
    --at-the-hour     by a clock on which an hour is full in a minute; needs faketime
cargo xtask bench     Foghorn against limit programs, in one run
    api               what is read over the API: p50, p99, and the cost as the data grows
    day               what a day of a site costs; fails if a record costs a fifth more at 50,000
                      clients of one site than of a hundred
    k7                fails if what is compared with a secret takes longer the more of it is right
cargo xtask openapi   writes openapi.json anew";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.split_first() {
        Some((&"test", options)) => {
            let install = options.contains(&"--install");
            let kills = options.iter().position(|option| *option == "--kills");
            let kills = kills.and_then(|at| options.get(at + 1)).copied();
            needs::check(install)?;
            steps::test(kills)?;
            compat::compat_if_it_can_be_had(install)?;
            let data = options.iter().position(|option| *option == "--data");
            let data = data.and_then(|at| options.get(at + 1)).copied();
            compat::published(data)?;
            match data {
                Some(data) => steps::reference(data),
                None => Ok(()),
            }
        }
        Some((&"sim", options)) => steps::sim(options),
        Some((&"chaos", [])) => steps::chaos("100"),
        Some((&"chaos", ["--kills", kills])) => steps::chaos(kills),
        Some((&"compat", [])) => compat::compat(None),
        Some((&"compat", ["--data", data])) => compat::compat(Some(data)),
        Some((&"fuzz", [])) => fuzz::all("60"),
        Some((&"fuzz", ["--secs", secs])) => fuzz::all(secs),
        Some((&"demo", [])) => steps::demo(false),
        Some((&"demo", ["--at-the-hour"])) => steps::demo(true),
        // The limit programs are measured as optimised as what they are the limit of.
        Some((&"bench", ["k7"])) => steps::bench_k7(),
        Some((&"bench", ["day"])) => steps::bench_day(),
        Some((&"bench", what @ ([] | ["api"]))) if cfg!(debug_assertions) => {
            steps::bench_in_release(what)
        }
        Some((&"bench", [])) => bench::run(),
        Some((&"bench", ["api"])) => bench::api::run(),
        Some((&"openapi", [])) => steps::openapi(),
        _ => bail!("what to do?\n{USAGE}"),
    }
}
