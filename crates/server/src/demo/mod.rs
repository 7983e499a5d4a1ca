//! `foghorn demo`: the server as a process of its own, a simulated building that uses the public
//! inputs only, and a receiver that verifies what arrives.

mod building;
mod nas;
mod progress;

use crate::client::Client;
use crate::init::{self, Made};
use crate::listen::{Behaviour, Receiver, Summary};
use crate::serve::clock;
use crate::trigger;
use anyhow::{Context, Result, bail};
use building::{Action, Building};
use clap::Args;
use foghorn_model::SiteId;
use http::Method;
use nas::Nas;
use progress::Progress;
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

const SECRET: &str = "demo-secret";
const RADIUS_SECRET: &str = "demo-radius";
/// How often it is said how far everything is.
const PROGRESS_EACH: Duration = Duration::from_secs(30);

/// Flags of `foghorn demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Seconds to run; until Ctrl-C when absent.
    #[arg(long)]
    seconds: Option<u64>,
    /// Seed of the building.
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Runs it; says whether everything that arrived was as it should be.
pub fn run(args: &DemoArgs) -> Result<bool> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(demo(args))
}

/// A scratch directory that goes with the demo.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "the scratch directory stays");
        }
    }
}

async fn demo(args: &DemoArgs) -> Result<bool> {
    let mut out = std::io::stdout();
    // From here on a signal waits until there is something to sum up.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let scratch =
        Scratch(std::env::temp_dir().join(format!("foghorn-demo-{}", std::process::id())));
    let made = init::make(&scratch.0, "Demo", "Building 1")?;
    let (api, radius) = (free_address()?, free_address()?);
    let _server = serve(&scratch.0, api, radius)?;
    let client = Client { api, token: made.token.clone() };
    ready(&client).await?;

    let (sender, mut posts) = mpsc::unbounded_channel();
    let behaviour = Behaviour { secrets: vec![SECRET.into()], ..Behaviour::default() };
    let receiver =
        Receiver::start(SocketAddr::from(([127, 0, 0, 1], 0)), behaviour, sender).await?;
    let mut progress = Progress::new(trigger::topics().map(|row| row.topic), clock::now());
    let ping = subscribe(&client, &made, receiver.address()).await?;
    furnish(&client, made.site).await?;
    writeln!(out, "API     http://{api}/api/v1, to be read at http://{api}/api/v1/docs")?;
    writeln!(out, "token   {}", made.token)?;
    writeln!(out, "RADIUS  {radius}, its secret is {RADIUS_SECRET}")?;
    writeln!(out, "org     {}\nsite    {}", made.org, made.site)?;
    writeln!(out, "\n{}\nCtrl-C sums up. What the receiver gets:", building::about())?;

    let mut life = tokio::spawn(live(client, made.site, ping, radius, args.seed));
    let begun = Instant::now();
    let say_how_far = |progress: &Progress| {
        let (secs, line) = (begun.elapsed().as_secs(), progress.line(clock::now()));
        writeln!(std::io::stdout(), "\n--- after {secs} s: {line}\n")
    };
    let end = async {
        match args.seconds {
            Some(secs) => tokio::time::sleep(Duration::from_secs(secs)).await,
            None => std::future::pending().await,
        }
    };
    let mut end = std::pin::pin!(end);
    let mut looks = tokio::time::interval(PROGRESS_EACH);
    // The first is at once: what is to come, and when.
    looks.tick().await;
    say_how_far(&progress)?;
    let mut summary = Summary::default();
    let outcome = loop {
        tokio::select! {
            // The signals first: the server, which gets them too, may be gone already.
            biased;
            _ = interrupt.recv() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            () = &mut end => break Ok(()),
            ended = &mut life => break ended?,
            _ = looks.tick(), if !progress.is_over() => say_how_far(&progress)?,
            Some(post) = posts.recv() => {
                summary.add(&post);
                post.print(&mut out)?;
                if progress.came(&post.topic) {
                    say_how_far(&progress)?;
                }
            }
        }
    };
    writeln!(out, "\n{summary}{}", progress.line(clock::now()))?;
    outcome.map(|()| summary.is_fine())
}

/// Subscribes to every topic that something comes of, some of which are of sites only. Returns the
/// path by which the webhook of the org is pinged.
async fn subscribe(client: &Client, made: &Made, receiver: SocketAddr) -> Result<String> {
    let webhook = |name: &str, for_org: bool| {
        let rows = trigger::topics().filter(|row| row.for_org == for_org && !row.internal);
        let topics: Vec<&str> = rows.map(|row| row.name).collect();
        let body = json!({
            "name": name, "url": format!("http://{receiver}/"), "secret": SECRET, "topics": topics,
        });
        body.to_string()
    };
    let path = format!("sites/{}/webhooks", made.site);
    client.send(Method::POST, &path, webhook("demo of the site", false)).await?;
    let path = format!("orgs/{}/webhooks", made.org);
    let of_org = client.send(Method::POST, &path, webhook("demo", true)).await?;
    let id = of_org["id"].as_str().context("the webhook has no id")?;
    Ok(format!("{path}/{id}/ping"))
}

/// Puts the devices into the building.
async fn furnish(client: &Client, site: SiteId) -> Result<()> {
    let path = format!("sites/{site}/mxedges");
    client.send(Method::POST, &path, building::edge().to_string()).await?;
    // Strangers are looked for where that is asked for.
    let setting = json!({ "rogue": { "enabled": true, "honeypot_enabled": true } });
    let path = format!("sites/{site}/setting");
    client.send(Method::PUT, &path, setting.to_string()).await?;
    let path = format!("sites/{site}/devices");
    for device in building::devices() {
        client.send(Method::POST, &path, device.to_string()).await?;
    }
    Ok(())
}

/// The server, ended with the demo.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            tracing::warn!(%error, "the server of the demo");
        }
    }
}

fn serve(data: &Path, api: SocketAddr, radius: SocketAddr) -> Result<Server> {
    let log = std::fs::File::create(data.join("serve.log"))?;
    let child = std::process::Command::new(std::env::current_exe()?)
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--listen", &api.to_string(), "--radius-listen", &radius.to_string()])
        .args(["--radius-secret", RADIUS_SECRET, "--allow-loopback"])
        .stderr(log)
        .spawn()
        .context("starting the server")?;
    Ok(Server(child))
}

fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

async fn ready(client: &Client) -> Result<()> {
    for _ in 0..100 {
        if client.send(Method::GET, "self", String::new()).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the server does not start")
}

/// Lets the building live, a second a second.
async fn live(
    client: Client,
    site: SiteId,
    ping: String,
    radius: SocketAddr,
    seed: u64,
) -> Result<()> {
    let mut nas = Nas::connect(radius, RADIUS_SECRET).await?;
    let mut building = Building::new(seed);
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    for now in 0.. {
        clock.tick().await;
        let mut lines = String::new();
        for action in building.second(now) {
            match action {
                Action::Telemetry(line) => lines.push_str(&format!("{line}\n")),
                Action::Radius(accounting) => nas.send(&accounting).await?,
                Action::Rename { device, name } => {
                    let path = format!("sites/{site}/devices/{}", device.device_id());
                    client.send(Method::PUT, &path, json!({ "name": name }).to_string()).await?;
                }
                Action::Ping => drop(client.send(Method::POST, &ping, String::new()).await?),
            }
        }
        if !lines.is_empty() {
            let path = format!("sites/{site}/telemetry");
            let answer = client.send(Method::POST, &path, lines).await?;
            if answer["rejected"].as_array().is_some_and(|rejected| !rejected.is_empty()) {
                bail!("the server rejected {}", Value::clone(&answer["rejected"]));
            }
        }
    }
    Ok(())
}
