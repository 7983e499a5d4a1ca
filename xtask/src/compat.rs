//! Clients that others wrote, against the server: the suites in `compat/`, which are Python.

use crate::needs::succeeds;
use crate::steps::run;
use anyhow::Result;
use std::path::Path;

const VENV: &str = "target/compat";
const PYTHON: &str = "target/compat/bin/python";
const REQUIREMENTS: &str = "compat/requirements.txt";
/// Requests of each kind that the schema suite makes of an operation.
const EXAMPLES: &str = "8";

/// Gets the packages; an error where their index cannot be reached.
fn install() -> Result<()> {
    if !Path::new(PYTHON).exists() {
        run(&["python3", "-m", "venv", VENV], &[])?;
    }
    run(&[PYTHON, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS], &[])
}

/// Runs both suites.
pub fn compat() -> Result<()> {
    install()?;
    suites()
}

/// Runs both suites, unless the packages that they are about cannot be had.
pub fn compat_if_it_can_be_had(may_install: bool) -> Result<()> {
    let needed = ["python3 -m ensurepip --version", "openssl version"];
    let is_missing = |line: &&str| !succeeds(&line.split(' ').collect::<Vec<_>>());
    if may_install && needed.iter().any(is_missing) {
        let get = ["apt-get", "install", "-y", "python3-venv", "openssl"];
        drop(run(&["apt-get", "update"], &[]).and_then(|()| run(&get, &[])));
    }
    match install() {
        Ok(()) => suites(),
        Err(error) => {
            eprintln!(
                "\nxtask: THE SUITES OF OTHER CLIENTS DID NOT RUN: their packages cannot be had ({error})"
            );
            Ok(())
        }
    }
}

fn suites() -> Result<()> {
    run(&["cargo", "build", "--package", "foghorn"], &[])?;
    run(&[PYTHON, "compat/mistapi_suite.py"], &[])?;
    run(&[PYTHON, "compat/schema_suite.py", EXAMPLES], &[])
}
