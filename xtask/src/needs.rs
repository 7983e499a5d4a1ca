//! What the machine must have, and how to get it.

use anyhow::{Result, bail};
use std::process::{Command, Stdio};

struct Need {
    /// A command that succeeds when it is there.
    probe: &'static [&'static str],
    what: &'static str,
    get: &'static [&'static str],
}

const NEEDS: [Need; 4] = [
    Need {
        probe: &["cc", "--version"],
        what: "a C compiler, for SQLite and aws-lc",
        get: &["apt-get", "install", "-y", "build-essential"],
    },
    Need {
        probe: &["cargo", "fmt", "--version"],
        what: "rustfmt",
        get: &["rustup", "component", "add", "rustfmt"],
    },
    Need {
        probe: &["cargo", "clippy", "--version"],
        what: "clippy",
        get: &["rustup", "component", "add", "clippy"],
    },
    Need {
        probe: &["cargo", "deny", "--version"],
        what: "cargo-deny, for licences, advisories and sources",
        get: &["cargo", "install", "cargo-deny", "--locked"],
    },
];

/// Whether a command runs and succeeds.
pub fn succeeds(command: &[&str]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What tests can do without, and do more with: a clock that can be set.
const WELCOME: [&str; 4] = ["apt-get", "install", "-y", "faketime"];

/// Says what is missing and how to get it; with `install`, gets it.
pub fn check(install: bool) -> Result<()> {
    let mut missing = Vec::new();
    for need in NEEDS.iter().filter(|need| !succeeds(need.probe)) {
        if !install {
            missing.push(format!("{}: {}", need.what, need.get.join(" ")));
            continue;
        }
        eprintln!("xtask: getting {}", need.what);
        let Some((program, arguments)) = need.get.split_first() else { continue };
        let status = Command::new(program).args(arguments).status();
        if !status.is_ok_and(|status| status.success()) {
            missing.push(format!("{} (could not be installed: {})", need.what, need.get.join(" ")));
        }
    }
    if install && !succeeds(&["faketime", "--version"]) && !succeeds(&WELCOME) {
        eprintln!("xtask: there is no faketime to be had: the chaos test sets no clock");
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing:\n  {}", missing.join("\n  "))
}
