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

/// Runs the suites, with `data` also the one on the published document.
pub fn compat(data: Option<&str>) -> Result<()> {
    install()?;
    suites()?;
    published(data)
}

/// Where the published OpenAPI document lies in other people's data.
const PUBLISHED: &str = "reference/openapi-subset.json";

/// Holds the server's answers against the OpenAPI document that was published for Mist's API, if
/// that lies at `data`.
pub fn published(data: Option<&str>) -> Result<()> {
    let document = data.map(|data| Path::new(data).join(PUBLISHED)).filter(|it| it.is_file());
    let Some(document) = document else {
        eprintln!(
            "\nxtask: THE ANSWERS WERE NOT HELD AGAINST THE PUBLISHED DOCUMENT: --data DIR says where \
             {PUBLISHED} lies"
        );
        return Ok(());
    };
    if let Err(error) = install() {
        eprintln!(
            "\nxtask: THE ANSWERS WERE NOT HELD AGAINST THE PUBLISHED DOCUMENT: the suite's packages \
             cannot be had ({error})"
        );
        return Ok(());
    }
    run(&["cargo", "build", "--package", "foghorn"], &[])?;
    run(&[PYTHON, "compat/subset_suite.py", &document.to_string_lossy()], &[])
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
