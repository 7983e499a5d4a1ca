//! `foghorn trigger TOPIC`: makes the real thing happen at a running server, through telemetry or
//! a write, so that whoever subscribes gets it as on any other day.

use crate::client::Client;
use crate::due;
use crate::serve::clock;
use anyhow::{Context, Result, bail};
use clap::Args;
use foghorn_engine::told_at;
use foghorn_model::topic::{TOPICS, TopicRow};
use foghorn_model::{Mac, SiteId, Timestamp, Topic};
use http::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::net::SocketAddr;

/// Flags of `foghorn trigger`.
#[derive(Args, Debug, Clone)]
pub struct TriggerArgs {
    /// The topic, as webhooks name it.
    topic: String,
    /// Address of the API.
    #[arg(long, default_value = "127.0.0.1:8080")]
    api: SocketAddr,
    /// A token that may write.
    #[arg(long, env = "FOGHORN_TOKEN", hide_env_values = true)]
    token: String,
    /// The site where it happens; the only one of the org when absent.
    #[arg(long)]
    site: Option<SiteId>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is done for a topic.
enum Script {
    /// Telemetry of an AP, or of an edge, and a client.
    Say(List, fn(&Things) -> Vec<Value>),
    /// A write.
    Write,
    /// A ping of the first webhook of the site, or of its org.
    Ping,
}

/// What it happens to.
struct Things {
    /// The AP or the edge.
    device: Mac,
    client: Mac,
}

/// A list of the site's things, the first of which it happens to.
struct List {
    path: &'static str,
    /// Read of it are those of this `type`, where they have one.
    kind: Option<&'static str>,
    /// The address of what is made where there is none: locally administered.
    made: Mac,
}

const APS: List =
    List { path: "devices", kind: Some("ap"), made: Mac([0x02, 0xf0, 0x67, 0, 0, 1]) };
const EDGES: List = List { path: "mxedges", kind: None, made: Mac([0x02, 0xf0, 0x67, 0, 0, 2]) };
const CLIENT: Mac = Mac([0x02, 0xf0, 0x67, 0, 1, 1]);

fn script(topic: Topic) -> Option<Script> {
    Some(match topic {
        Topic::Ping => Script::Ping,
        Topic::Audits => Script::Write,
        Topic::Alarms => Script::Say(APS, |it| {
            vec![
                json!({ "kind": "device-restarted", "mac": it.device, "reason": "foghorn trigger" }),
            ]
        }),
        Topic::DeviceEvents => Script::Say(APS, |it| {
            vec![json!({ "kind": "device-event", "mac": it.device, "type": "AP_CONFIGURED",
                         "text": "foghorn trigger" })]
        }),
        Topic::DeviceUpdowns => Script::Say(APS, |it| {
            vec![
                json!({ "kind": "device-restarted", "mac": it.device, "reason": "foghorn trigger" }),
            ]
        }),
        // A client that is there already would not join.
        Topic::ClientJoin | Topic::ClientSessions => Script::Say(APS, |it| {
            let left = json!({ "kind": "client-disassociated", "mac": it.client });
            let came = json!({
                "kind": "client-associated", "mac": it.client, "ap": it.device, "bssid": it.device,
                "ssid": "Foghorn", "band": "5", "rssi": -55,
            });
            vec![left.clone(), came, left]
        }),
        Topic::ClientInfo => Script::Say(APS, |it| {
            vec![json!({ "kind": "client-dhcp", "mac": it.client, "success": true,
                         "client_ip": "192.0.2.7", "client_hostname": "foghorn-trigger",
                         "duration": 0.02 })]
        }),
        Topic::ClientLatency | Topic::SiteSle => Script::Say(APS, |it| {
            ["client-auth", "client-dhcp", "client-dns"]
                .map(|kind| {
                    json!({ "kind": kind, "mac": it.client, "success": true, "duration": 0.02 })
                })
                .to_vec()
        }),
        Topic::MxedgeEvents => Script::Say(EDGES, |it| {
            let service = |state: &str| {
                json!({ "kind": "edge-service", "mac": it.device, "service": "tunterm",
                        "state": state })
            };
            vec![service("stopped"), service("running")]
        }),
        Topic::NacAccounting => Script::Say(APS, |it| {
            let request = |status: &str, secs: u64| {
                json!({ "kind": "accounting", "status": status, "nas_ip": "192.0.2.1",
                        "session_id": "foghorn-trigger", "mac": it.client,
                        "username": "foghorn", "session_time": secs })
            };
            vec![request("start", 0), request("stop", 60)]
        }),
        Topic::NacEvents => Script::Say(APS, |it| {
            vec![json!({ "kind": "nac-event", "type": "NAC_CLIENT_PERMIT", "mac": it.client,
                         "ap": it.device, "ssid": "Foghorn", "username": "foghorn",
                         "auth_type": "eap-tls" })]
        }),
        Topic::GuestAuthorizations => Script::Say(APS, |it| {
            vec![json!({ "kind": "guest-authorization", "mac": it.client, "ap": it.device,
                         "ssid": "Foghorn", "auth_method": "passphrase", "name": "A. Guest" })]
        }),
        _ => return None,
    })
}

/// The topics that something comes of.
pub fn topics() -> impl Iterator<Item = &'static TopicRow> {
    TOPICS.iter().filter(|row| script(row.topic).is_some())
}

/// What is to be known of a topic that does not come at once, or not everywhere.
fn remark(topic: Topic, now: Timestamp) -> Option<String> {
    let always = match topic {
        Topic::Alarms => "told where the site's alarm template enables device_restarted",
        Topic::MxedgeEvents => {
            "told at once; an edge that was made for it is told disconnected when it stays silent"
        }
        _ => {
            let left = due::in_words(told_at(topic, now)?, now);
            return Some(format!("told by the clock, in {left}, to webhooks of the site"));
        }
    };
    Some(always.into())
}

/// Runs it.
pub fn run(args: &TriggerArgs, out: &mut impl Write) -> Result<bool> {
    let topic: Topic = args.topic.parse().with_context(|| args.topic.clone())?;
    let Some(script) = script(topic) else {
        let known: Vec<&str> = topics().map(|row| row.name).collect();
        bail!("nothing makes {topic} yet; there are {}", known.join(", "));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(trigger(args, &script))?;
    let remark = remark(topic, clock::now());
    if args.json {
        writeln!(out, "{}", json!({ "topic": topic, "done": done, "remark": remark }))?;
    } else {
        done.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        remark.map_or(Ok(()), |remark| writeln!(out, "{topic} is {remark}"))?;
    }
    Ok(true)
}

async fn trigger(args: &TriggerArgs, script: &Script) -> Result<Vec<Value>> {
    let client = Client { api: args.api, token: args.token.clone() };
    let (org, site) = place(&client, args.site).await?;
    match script {
        Script::Write => {
            let path = format!("sites/{site}");
            let known = client.send(Method::GET, &path, String::new()).await?;
            let notes = known["notes"].as_str().unwrap_or_default();
            // There and back, so that nothing is left of it.
            for notes in [format!("{notes} (foghorn trigger)"), notes.to_owned()] {
                client.send(Method::PUT, &path, json!({ "notes": notes }).to_string()).await?;
            }
            Ok(vec![json!({ "put": path, "member": "notes" })])
        }
        Script::Ping => {
            for scope in [format!("sites/{site}"), format!("orgs/{org}")] {
                let path = format!("{scope}/webhooks");
                let webhooks = client.send(Method::GET, &path, String::new()).await?;
                let Some(id) = webhooks[0]["id"].as_str() else { continue };
                let path = format!("{path}/{id}/ping");
                client.send(Method::POST, &path, String::new()).await?;
                return Ok(vec![json!({ "post": path })]);
            }
            bail!("neither the site nor its org has a webhook to ping")
        }
        Script::Say(list, lines) => {
            let mut done = Vec::new();
            let device = first(&client, &site, list, &mut done).await?;
            let lines = lines(&Things { device, client: CLIENT });
            let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let path = format!("sites/{site}/telemetry");
            let answer = client.send(Method::POST, &path, body).await?;
            if answer["accepted"] != lines.len() {
                bail!("the server rejected {}", answer["rejected"]);
            }
            done.extend(lines);
            Ok(done)
        }
    }
}

/// The org and the site where it is to happen.
async fn place(client: &Client, site: Option<SiteId>) -> Result<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(site) = site {
        let known = client.send(Method::GET, &format!("sites/{site}"), String::new()).await?;
        let org = text(&known["org_id"]).context("the site's org")?;
        return Ok((org, site.to_string()));
    }
    let me = client.send(Method::GET, "self", String::new()).await?;
    let privileges = me["privileges"].as_array();
    let org = privileges.into_iter().flatten().find_map(|it| text(&it["org_id"]));
    let org = org.context("the token is of no org: name the site with --site")?;
    let sites = client.send(Method::GET, &format!("orgs/{org}/sites"), String::new()).await?;
    match sites.as_array().map(Vec::as_slice) {
        Some([site]) => Ok((org, text(&site["id"]).context("the site")?)),
        _ => bail!("the org has not just one site: name one with --site"),
    }
}

/// The first thing of a list of the site; one is made where there is none, which is then done too.
async fn first(client: &Client, site: &str, list: &List, done: &mut Vec<Value>) -> Result<Mac> {
    let path = format!("sites/{site}/{}", list.path);
    let filter = list.kind.map(|kind| format!("?type={kind}")).unwrap_or_default();
    let things = client.send(Method::GET, &format!("{path}{filter}"), String::new()).await?;
    let fits =
        |it: &&Value| it["mac"].is_string() && list.kind.is_none_or(|kind| it["type"] == kind);
    let first = things.as_array().into_iter().flatten().find(fits);
    if let Some(mac) = first.and_then(|it| it["mac"].as_str()) {
        return mac.parse().context("the address of a device");
    }
    let mut body = json!({ "mac": list.made, "name": "foghorn trigger", "model": "trigger" });
    if let Some(kind) = list.kind {
        body["type"] = kind.into();
    }
    client.send(Method::POST, &path, body.to_string()).await?;
    done.push(json!({ "post": path, "mac": list.made, "name": "foghorn trigger" }));
    Ok(list.made)
}
