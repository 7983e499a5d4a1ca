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

/// What tests can do without, and do more with.
struct Welcome {
    /// A program that is there if it is.
    program: &'static str,
    /// The package of Debian that has it.
    package: &'static str,
    /// What is not done without it.
    without: &'static str,
}

const WELCOME: [Welcome; 4] = [
    Welcome {
        program: "faketime",
        package: "faketime",
        without: "no clock is set: client-latency and site-sle are not seen to arrive from demo \
                  and trigger, and the chaos test leaves the clock alone",
    },
    Welcome {
        program: "logger",
        package: "bsdutils",
        without: "nothing is sent through the logger of a system",
    },
    Welcome { program: "hostapd", package: "hostapd", without: "no real hostapd is listened to" },
    Welcome {
        program: "wpa_supplicant",
        package: "wpasupplicant",
        without: "no client of a real hostapd joins",
    },
];

/// Whether a program is there, whatever it makes of the question.
fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-v").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

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
    for Welcome { program, package, without } in &WELCOME {
        let get = ["apt-get", "install", "-y", "--no-install-recommends", package];
        let is_here = starts(program) || (install && succeeds(&get));
        if !is_here {
            eprintln!("xtask: THERE IS NO {program}: {without}; {}", get.join(" "));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("missing:\n  {}", missing.join("\n  "))
}
