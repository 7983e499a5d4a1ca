//! Fuzzing guided by coverage, on the stable toolchain: the compiler's own coverage counters and
//! libFuzzer, without a sanitizer, which safe code can do without.

use crate::steps::run;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1";
const TARGETS: &str = "target/guided";
const CORPUS: &str = "crates/fuzz/corpus";

/// Runs each target for some seconds, from its corpus. What it finds on the way is kept in the
/// target directory; what makes it fail is written to the working directory, and named.
pub fn all(secs: &str) -> Result<()> {
    // With a target named, the flags are not those of build scripts.
    let host = host()?;
    run(
        &[
            "cargo",
            "build",
            "--profile",
            "sim",
            "--package",
            "foghorn-fuzz",
            "--features",
            "guided",
            "--bin",
            "guided",
            "--target",
            &host,
            "--target-dir",
            TARGETS,
        ],
        &[("RUSTFLAGS", RUSTFLAGS)],
    )?;
    let program = format!("{TARGETS}/{host}/sim/guided");
    let time = format!("-max_total_time={secs}");
    let mut names: Vec<String> = std::fs::read_dir(CORPUS)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.sort();
    for name in names {
        let found = format!("{TARGETS}/corpus/{name}");
        std::fs::create_dir_all(Path::new(&found))?;
        let known = format!("{CORPUS}/{name}");
        let options =
            ["-max_len=65536", "-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1"];
        let command = [&[program.as_str(), &found, &known, &time], &options[..]].concat();
        run(&command, &[("FOGHORN_FUZZ_TARGET", &name)])?;
    }
    Ok(())
}

fn host() -> Result<String> {
    let said = Command::new("rustc").arg("-vV").output()?;
    let said = String::from_utf8(said.stdout)?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}
