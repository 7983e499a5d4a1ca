//! The steps of each task.

use crate::bench::process;
use crate::needs::succeeds;
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Runs a command to its good end, with these variables.
pub fn run(command: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    let line = command.join(" ");
    eprintln!("\nxtask: {line}");
    let begun = Instant::now();
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let mut process = Command::new(program);
    process.args(arguments).envs(variables.iter().copied());
    let status = process.status().with_context(|| line.clone())?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    eprintln!("xtask: {line}: fine after {:.1} s", begun.elapsed().as_secs_f32());
    Ok(())
}

/// Seeds that failed once.
const SEEDS: &str = "crates/sim/seeds.txt";
/// How long fresh seeds are run in the test command.
const FRESH_SECS: &str = "60";

/// Everything that must hold before a change lands.
pub fn test(kills: Option<&str>) -> Result<()> {
    run(&["cargo", "fmt", "--all", "--check"], &[])?;
    run(
        &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    )?;
    deny()?;
    sim(&["--list", SEEDS, "--seeds", "1000000", "--for-secs", FRESH_SECS])?;
    sim(&["--day", "small"])?;
    sim(&["--day", "whole"])?;
    let kills: Vec<(&str, &str)> =
        kills.map(|kills| ("FOGHORN_KILLS", kills)).into_iter().collect();
    if succeeds(&["cargo", "nextest", "--version"]) {
        run(&["cargo", "nextest", "run", "--workspace", "--no-fail-fast"], &kills)
    } else {
        eprintln!("xtask: cargo-nextest is not there: cargo test instead, which is slower");
        run(&["cargo", "test", "--workspace", "--quiet", "--no-fail-fast"], &kills)
    }
}

/// The suite on other people's data, which lies at `data`.
pub fn reference(data: &str) -> Result<()> {
    let data = std::path::absolute(data)?;
    let data = data.to_str().context("--data: the path is not UTF-8")?;
    run(
        &[
            "cargo",
            "test",
            "--package",
            "foghorn",
            "--features",
            "reference",
            "--test",
            "reference",
        ],
        &[("FOGHORN_DATA", data)],
    )
}

/// Licences, sources and bans always; advisories when their database can be had.
fn deny() -> Result<()> {
    run(&["cargo", "deny", "--all-features", "check", "bans", "licenses", "sources"], &[])?;
    if let Err(error) = run(&["cargo", "deny", "--all-features", "fetch"], &[]) {
        eprintln!("\nxtask: ADVISORIES WERE NOT CHECKED: their database cannot be had ({error})");
        return Ok(());
    }
    run(&["cargo", "deny", "--all-features", "check", "--disable-fetch", "advisories"], &[])
}

/// Runs the simulator.
pub fn sim(options: &[&str]) -> Result<()> {
    let mut command =
        vec!["cargo", "run", "--profile", "sim", "--quiet", "--package", "foghorn-sim", "--"];
    command.extend(options.iter().filter(|option| **option != "--"));
    run(&command, &[])
}

/// Kills the real binary, and worse.
pub fn chaos(kills: &str) -> Result<()> {
    run(
        &["cargo", "test", "--package", "foghorn", "--test", "chaos", "--", "--nocapture"],
        &[("FOGHORN_KILLS", kills)],
    )
}

/// So long before an hour of its clock is full a demo at the hour begins.
const BEFORE_THE_HOUR_SECS: u64 = 60;

/// Shows the server at work; at the hour with a clock that is set ahead, so that what comes with the
/// full hour comes soon.
pub fn demo(at_the_hour: bool) -> Result<()> {
    process::build()?;
    let binary = process::binary();
    let demo = [binary.to_str().context("the path of the binary is not UTF-8")?, "demo"];
    if !at_the_hour {
        return run(&demo, &[]);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let ahead = 3_600 - (now + BEFORE_THE_HOUR_SECS) % 3_600;
    eprintln!(
        "\nxtask: the clock of the demo is {} min ahead, and of no use with what has the true time",
        ahead / 60
    );
    // What has passed is not for a clock that is set to say.
    let ahead = format!("+{ahead}");
    let clock = ["faketime", "-m", "--exclude-monotonic", "-f", &ahead];
    run(&[&clock[..], &demo].concat(), &[]).context("it takes Debian's faketime")
}

/// Builds this program and the server with all optimisations, then measures.
pub fn bench_in_release(what: &[&str]) -> Result<()> {
    run(&["cargo", "build", "--release", "--package", "foghorn", "--package", "xtask"], &[])?;
    let mut command =
        vec!["cargo", "run", "--release", "--quiet", "--package", "xtask", "--", "bench"];
    command.extend(what);
    run(&command, &[])
}

/// Whether what is compared with a secret takes as long whatever is shown (K7 of docs/security.md).
pub fn bench_k7() -> Result<()> {
    run(&["cargo", "bench", "--quiet", "--package", "foghorn", "--bench", "k7"], &[])
}

/// What a day of a site costs the fold, and whether that grows with the site.
pub fn bench_day() -> Result<()> {
    run(
        &[
            "cargo",
            "bench",
            "--quiet",
            "--package",
            "foghorn-sim",
            "--no-default-features",
            "--bench",
            "day",
        ],
        &[],
    )
}

/// Writes the OpenAPI document anew.
pub fn openapi() -> Result<()> {
    let command = ["run", "--quiet", "--package", "foghorn", "--", "openapi"];
    let made = Command::new("cargo").args(command).output()?;
    if !made.status.success() {
        bail!("{}", String::from_utf8_lossy(&made.stderr));
    }
    std::fs::write("openapi.json", made.stdout).context("openapi.json")
}
