//! The real server, driven by its own load generator.

use super::process::{binary, build, cpu_us, free};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

const SITES: usize = 64;

/// A server on a scratch directory with 64 sites and a webhook to the load generator.
pub struct Server {
    process: Child,
    data: PathBuf,
    api: SocketAddr,
    receiver: SocketAddr,
    token: String,
    webhook: String,
    neighbour: Option<Child>,
    slow: String,
    sites: Vec<String>,
    delivered: Cell<u64>,
}

/// Processor time of the server.
#[derive(Clone, Copy)]
pub struct Cpu {
    us: u64,
    delivered: u64,
}

impl Cpu {
    /// Microseconds for each event delivered in between.
    pub fn us_per_event_since(self, before: Self) -> f64 {
        (self.us - before.us) as f64 / (self.delivered - before.delivered) as f64
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for process in std::iter::once(&mut self.process).chain(&mut self.neighbour) {
            if let Err(error) = process.kill().and_then(|()| process.wait()) {
                eprintln!("xtask: {error}");
            }
        }
        if let Err(error) = std::fs::remove_dir_all(&self.data) {
            eprintln!("xtask: {}: {error}", self.data.display());
        }
    }
}

impl Server {
    pub fn start() -> Result<Self> {
        build()?;
        let data = std::env::temp_dir().join(format!("foghorn-bench-{}", std::process::id()));
        let (api, receiver) = (free()?, free()?);
        let made = Command::new(binary())
            .args(["init", "--org", "Bench", "--site", "s0", "--json", "--data"])
            .arg(&data)
            .output()?;
        let made: Value = serde_json::from_slice(&made.stdout).context("foghorn init")?;
        let text = |key: &str| made[key].as_str().unwrap_or_default().to_owned();
        let process = Command::new(binary())
            .args(["serve", "--allow-loopback", "--listen", &api.to_string(), "--data"])
            .arg(&data)
            .env("FOGHORN_LOG", "warn")
            .spawn()?;
        let mut server = Self {
            process,
            data,
            api,
            receiver,
            token: text("token"),
            webhook: String::new(),
            neighbour: None,
            slow: String::new(),
            sites: Vec::new(),
            delivered: Cell::new(0),
        };
        while TcpStream::connect(api).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let org = text("org_id");
        for at in 0..SITES {
            let site = server.post(
                "POST",
                &format!("orgs/{org}/sites"),
                &json!({"name": format!("s{at}")}),
            )?;
            server.sites.push(site["id"].as_str().unwrap_or_default().into());
        }
        let webhook = json!({
            "url": format!("http://{receiver}/"), "secret": "s3cret", "topics": ["device-events"],
        });
        let path = format!("orgs/{org}/webhooks");
        let webhook = server.post("POST", &path, &webhook)?;
        server.webhook = format!("{path}/{}", webhook["id"].as_str().unwrap_or_default());
        Ok(server)
    }

    pub fn set_single(&self, single: bool) -> Result<()> {
        self.post("PUT", &self.webhook, &json!({"single_event_per_message": single})).map(drop)
    }

    /// Events a second from the first that is sent to the last that arrives.
    pub fn delivered_per_sec(&self, events: usize) -> Result<f64> {
        let events = events.to_string();
        let report = self.load(&["--events", &events, "--batch", "100", "--connections", "16"])?;
        report["arrived_per_sec"].as_f64().context("arrived_per_sec")
    }

    /// p50 and p99 from when an event was due to its arrival.
    pub fn latency_ms(&self, rate: u32, events: u32) -> Result<(f64, f64)> {
        let (rate, events) = (rate.to_string(), events.to_string());
        let report = self.load(&["--events", &events, "--rate", &rate, "--batch", "1"])?;
        let figure = |key: &str| report[key].as_f64().with_context(|| key.to_owned());
        Ok((figure("p50_ms")?, figure("p99_ms")?))
    }

    /// Adds a webhook whose receiver answers after three seconds, switched off.
    pub fn add_slow_neighbour(&mut self) -> Result<()> {
        let receiver = free()?.to_string();
        let listener = Command::new(binary())
            .args(["listen", "--quiet", "--delay", "3s", "--secret", "s3cret", "--listen"])
            .arg(&receiver)
            .env("FOGHORN_LOG", "warn")
            .stdout(std::process::Stdio::null())
            .spawn()?;
        self.neighbour = Some(listener);
        let webhook = json!({
            "url": format!("http://{receiver}/"), "secret": "s3cret", "topics": ["device-events"],
            "enabled": false,
        });
        let path = self.webhook.rsplit_once('/').map_or("", |(path, _)| path).to_owned();
        let webhook = self.post("POST", &path, &webhook)?;
        self.slow = format!("{path}/{}", webhook["id"].as_str().unwrap_or_default());
        Ok(())
    }

    pub fn set_slow_neighbour(&self, enabled: bool) -> Result<()> {
        self.post("PUT", &self.slow, &json!({"enabled": enabled})).map(drop)
    }

    /// What the server has spent and done so far.
    pub fn cpu(&self) -> Result<Cpu> {
        Ok(Cpu { us: cpu_us(&self.process)?, delivered: self.delivered.get() })
    }

    fn load(&self, more: &[&str]) -> Result<Value> {
        let (api, receiver) = (self.api.to_string(), self.receiver.to_string());
        let mut command = Command::new(binary());
        command.args(["loadgen", "--json", "--api", &api, "--token", &self.token]);
        command.args(["--receive", &receiver]).args(more);
        for site in &self.sites {
            command.args(["--site", site]);
        }
        let output = command.output()?;
        ensure!(
            output.status.success(),
            "a void run: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let report: Value = serde_json::from_slice(&output.stdout)?;
        self.delivered.set(self.delivered.get() + report["arrived"].as_u64().unwrap_or(0));
        Ok(report)
    }

    fn post(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.api)?;
        write!(
            stream,
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Token {}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.api,
            self.token,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        Ok(serde_json::from_str(body)?)
    }
}
