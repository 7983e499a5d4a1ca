//! The real server over a data directory that is filled while it is down.

use super::client::Client;
use crate::bench::process::{binary, cpu_us, free};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long a start may take.
const START: Duration = Duration::from_secs(120);

/// A data directory with one org, removed when it is dropped.
pub struct Scratch {
    data: PathBuf,
    pub org: String,
    token: String,
}

/// A server that runs, and is ended when it is dropped.
pub struct Server {
    process: Child,
    pub client: Client,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.data) {
            eprintln!("xtask: {}: {error}", self.data.display());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("xtask: {error}");
        }
    }
}

impl Scratch {
    pub fn new(name: &str) -> Result<Self> {
        let name = format!("foghorn-bench-{name}-{}", std::process::id());
        let data = std::env::temp_dir().join(name);
        let made = Command::new(binary())
            .args(["init", "--org", "Bench", "--site", "Site 0", "--json", "--data"])
            .arg(&data)
            .output()?;
        let made: Value = serde_json::from_slice(&made.stdout).context("foghorn init")?;
        let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
        Ok(Self { data, org: text("org_id"), token: text("token") })
    }

    /// Fills it up to so many things of a kind; what the program that does it says, if anything.
    pub fn stock(&self, what: &str, count: usize) -> Result<Option<Value>> {
        let done = Command::new("cargo")
            .args(["bench", "--quiet", "--package", "foghorn-catalog", "--bench", "stock", "--"])
            .arg(&self.data)
            .args([what, &count.to_string()])
            .output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        if done.stdout.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&done.stdout).map(Some).context("stock")
    }

    pub fn serve(&self) -> Result<Server> {
        let api = free()?;
        let process = Command::new(binary())
            .args(["serve", "--calls-per-hour", "1000000000"])
            .args(["--listen", &api.to_string(), "--data"])
            .arg(&self.data)
            .env("FOGHORN_LOG", "warn")
            .spawn()?;
        let server = Server { process, client: Client { api, token: self.token.clone() } };
        let until = Instant::now() + START;
        while server.client.get("/api/v1/self").is_err() {
            ensure!(Instant::now() < until, "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Server {
    /// Microseconds of processor time that it has spent so far.
    pub fn cpu_us(&self) -> Result<u64> {
        cpu_us(&self.process)
    }
}
