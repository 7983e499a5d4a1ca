//! `foghorn demo`: the server as a process of its own, a simulated building that uses the public
//! inputs only, and a receiver that verifies what arrives.

mod building;
mod nas;

use crate::client::Client;
use crate::init;
use crate::listen::{Behaviour, Receiver, Summary};
use crate::serve::clock;
use anyhow::{Context, Result, bail};
use building::{Action, Building};
use clap::Args;
use http::Method;
use nas::Nas;
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

const SECRET: &str = "demo-secret";
const RADIUS_SECRET: &str = "demo-radius";
const TOPICS: [&str; 11] = [
    "alarms",
    "audits",
    "device-events",
    "device-updowns",
    "client-join",
    "client-sessions",
    "client-info",
    "mxedge-events",
    "nac-accounting",
    "nac-events",
    "guest-authorizations",
];
/// Those of sites only.
const SITE_TOPICS: [&str; 2] = ["client-latency", "site-sle"];
/// So long after their end windows are closed.
const LATE_SECS: i64 = 30;

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
    let scratch =
        Scratch(std::env::temp_dir().join(format!("foghorn-demo-{}", std::process::id())));
    let made = init::make(&scratch.0, "Demo", "Building 1")?;
    let (api, radius) = (free_address()?, free_address()?);
    let _server = serve(&scratch.0, api, radius)?;
    let client = Client { api, token: made.token };
    ready(&client).await?;

    let (sender, mut posts) = mpsc::unbounded_channel();
    let behaviour = Behaviour { secrets: vec![SECRET.into()], ..Behaviour::default() };
    let receiver =
        Receiver::start(SocketAddr::from(([127, 0, 0, 1], 0)), behaviour, sender).await?;
    let webhook = json!({
        "name": "demo", "url": format!("http://{}/", receiver.address()), "secret": SECRET,
        "topics": TOPICS,
    });
    let path = format!("orgs/{}/webhooks", made.org);
    let webhook = client.send(Method::POST, &path, webhook.to_string()).await?;
    let ping = format!("{path}/{}/ping", webhook["id"].as_str().unwrap_or_default());
    let of_site = json!({
        "name": "demo of the site", "url": format!("http://{}/", receiver.address()),
        "secret": SECRET, "topics": SITE_TOPICS,
    });
    client
        .send(Method::POST, &format!("sites/{}/webhooks", made.site), of_site.to_string())
        .await?;
    let edges = format!("sites/{}/mxedges", made.site);
    client.send(Method::POST, &edges, building::edge().to_string()).await?;
    for device in building::devices() {
        let path = format!("sites/{}/devices", made.site);
        client.send(Method::POST, &path, device.to_string()).await?;
    }
    writeln!(out, "The API is at http://{api}/api/v1, its token is {}", client.token)?;
    writeln!(out, "RADIUS accounting is at {radius}, its secret is {RADIUS_SECRET}")?;
    writeln!(
        out,
        "Two topics come by the clock: client-latency first in {}, site-sle in {}",
        until_closed(600),
        until_closed(3600)
    )?;
    writeln!(out, "Org {}, site {}. What the receiver gets:\n", made.org, made.site)?;

    let life = live(client, made.site.to_string(), ping, radius, args.seed);
    let life = tokio::spawn(life);
    let end = async {
        match args.seconds {
            Some(secs) => tokio::time::sleep(Duration::from_secs(secs)).await,
            None => std::future::pending().await,
        }
    };
    let mut end = std::pin::pin!(end);
    let mut summary = Summary::default();
    loop {
        let post = tokio::select! {
            post = posts.recv() => post,
            _ = tokio::signal::ctrl_c() => None,
            () = &mut end => None,
        };
        let Some(post) = post else { break };
        summary.add(&post);
        post.print(&mut out)?;
        if life.is_finished() {
            break;
        }
    }
    writeln!(out, "\n{summary}")?;
    if life.is_finished() {
        life.await??;
    }
    Ok(summary.is_fine())
}

/// How long it takes until the window of so many seconds that it is now is told.
fn until_closed(window: i64) -> String {
    let now = clock::now().secs();
    let left = window - now.rem_euclid(window) + LATE_SECS;
    format!("{} min {} s", left / 60, left % 60)
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
    site: String,
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
                Action::Radius { status, session, user, mac, bssid, secs } => {
                    nas.send(&nas::session(status, &session, &user, mac, bssid, "Corp", secs))
                        .await?;
                }
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
