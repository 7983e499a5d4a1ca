//! What `foghorn serve` is told: flags over environment over file over defaults.

use anyhow::{Context, Result, bail};
use clap::Args;
use foghorn_model::OrgId;
use ipnet::IpNet;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Flags of `foghorn serve`. Each is also an environment variable and a key of the file.
#[derive(Args, Debug, Clone, Default)]
pub struct ServeArgs {
    /// Directory that holds everything the server keeps.
    #[arg(long, env = "FOGHORN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address of the API [default: 127.0.0.1:8080].
    #[arg(long, env = "FOGHORN_LISTEN", value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Own address for /healthz, /readyz and /metrics; they are on the API's when absent.
    #[arg(long, env = "FOGHORN_METRICS_LISTEN", value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// Certificate chain of the API in PEM; without it the API speaks plain HTTP.
    #[arg(long, env = "FOGHORN_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the API in PEM.
    #[arg(long, env = "FOGHORN_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Address of the RADIUS accounting listener; off when absent.
    #[arg(long, env = "FOGHORN_RADIUS_LISTEN", value_name = "ADDR")]
    pub radius_listen: Option<SocketAddr>,
    /// RADIUS secret of clients that no site names.
    #[arg(long, env = "FOGHORN_RADIUS_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub radius_secret: Option<String>,
    /// Address of a syslog listener, UDP and TCP; with `ORG_ID@` before it, one that takes only
    /// what senders of that org send. Repeatable; off when absent.
    #[arg(
        long,
        env = "FOGHORN_SYSLOG_LISTEN",
        value_name = "[ORG_ID@]ADDR",
        value_delimiter = ','
    )]
    pub syslog_listen: Vec<SyslogAddress>,
    /// Private network that webhooks may go to; repeatable.
    #[arg(long, env = "FOGHORN_ALLOW_PRIVATE", value_name = "CIDR", value_delimiter = ',')]
    pub allow_private: Vec<IpNet>,
    /// Let webhooks go to this machine: for development.
    #[arg(long, env = "FOGHORN_ALLOW_LOOPBACK")]
    pub allow_loopback: bool,
    /// Network of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; repeatable.
    #[arg(long, env = "FOGHORN_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,
    /// User-Agent of webhooks [default: Mist-webhook].
    #[arg(long, env = "FOGHORN_USER_AGENT", value_name = "TEXT")]
    pub user_agent: Option<String>,
    /// Threads that derive events [default: half the cores].
    #[arg(long, env = "FOGHORN_SHARDS", value_name = "N")]
    pub shards: Option<usize>,
    /// Bytes of input that are kept, beyond what recovery needs [default: 8 GiB].
    #[arg(long, env = "FOGHORN_INPUT_BYTES_MAX", value_name = "BYTES")]
    pub input_bytes_max: Option<u64>,
    /// Hours of input that are kept [default: 24].
    #[arg(long, env = "FOGHORN_INPUT_HOURS", value_name = "HOURS")]
    pub input_hours: Option<u32>,
    /// Bytes of events that are kept, for each class of topics [default: 8 GiB].
    #[arg(long, env = "FOGHORN_EVENT_BYTES_MAX", value_name = "BYTES")]
    pub event_bytes_max: Option<u64>,
    /// Days that events of record topics are kept [default: 7].
    #[arg(long, env = "FOGHORN_EVENT_DAYS", value_name = "DAYS")]
    pub event_days: Option<u32>,
    /// Input is refused when less than this is free on the disk [default: 1 GiB].
    #[arg(long, env = "FOGHORN_FREE_BYTES_MIN", value_name = "BYTES")]
    pub free_bytes_min: Option<u64>,
    /// Records that one org may send in a day [default: no limit].
    #[arg(long, env = "FOGHORN_ORG_RECORDS_PER_DAY", value_name = "RECORDS")]
    pub org_records_per_day: Option<u64>,
    /// Bytes of input that one org may send in a day [default: no limit].
    #[arg(long, env = "FOGHORN_ORG_BYTES_PER_DAY", value_name = "BYTES")]
    pub org_bytes_per_day: Option<u64>,
    /// Calls of the API that a token may make in an hour; telemetry is not counted
    /// [default: 5000].
    #[arg(long, env = "FOGHORN_CALLS_PER_HOUR", value_name = "CALLS")]
    pub calls_per_hour: Option<u32>,
    /// Seconds in which nothing comes through to a webhook before that is an alarm
    /// [default: 300].
    #[arg(long, env = "FOGHORN_WEBHOOK_FAILING_SECS", value_name = "SECONDS")]
    pub webhook_failing_secs: Option<u32>,
    /// Seconds between snapshots of a partition [default: 30].
    #[arg(long, env = "FOGHORN_SNAPSHOT_SECS", value_name = "SECONDS")]
    pub snapshot_secs: Option<u32>,
    /// Bytes of a log segment [default: 64 MiB].
    #[arg(long, env = "FOGHORN_SEGMENT_BYTES", value_name = "BYTES", hide = true)]
    pub segment_bytes: Option<u64>,
    /// Go on although data is missing or damaged; what is lost is named and recorded.
    #[arg(long)]
    pub accept_data_loss: bool,
    /// TOML file with the same keys, in snake case.
    #[arg(long, env = "FOGHORN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The file.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    metrics_listen: Option<SocketAddr>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    radius_listen: Option<SocketAddr>,
    radius_secret: Option<String>,
    #[serde(default)]
    syslog_listen: Vec<SyslogAddress>,
    #[serde(default)]
    allow_private: Vec<IpNet>,
    #[serde(default)]
    allow_loopback: bool,
    #[serde(default)]
    trusted_proxy: Vec<IpNet>,
    user_agent: Option<String>,
    shards: Option<usize>,
    input_bytes_max: Option<u64>,
    input_hours: Option<u32>,
    event_bytes_max: Option<u64>,
    event_days: Option<u32>,
    free_bytes_min: Option<u64>,
    org_records_per_day: Option<u64>,
    org_bytes_per_day: Option<u64>,
    calls_per_hour: Option<u32>,
    webhook_failing_secs: Option<u32>,
    snapshot_secs: Option<u32>,
    segment_bytes: Option<u64>,
}

/// What holds after everything is put together.
#[derive(Debug, Clone)]
pub struct Options {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub tls: Option<(PathBuf, PathBuf)>,
    pub radius_listen: Option<SocketAddr>,
    pub radius_secret: Option<String>,
    pub syslog_listen: Vec<SyslogAddress>,
    pub allow_private: Vec<IpNet>,
    pub allow_loopback: bool,
    pub trusted_proxy: Vec<IpNet>,
    pub user_agent: String,
    pub shards: usize,
    pub input_bytes_max: u64,
    pub input_hours: u32,
    pub event_bytes_max: u64,
    pub event_days: u32,
    pub free_bytes_min: u64,
    pub org_records_per_day: Option<u64>,
    pub org_bytes_per_day: Option<u64>,
    pub calls_per_hour: u32,
    pub webhook_failing_secs: Option<u32>,
    pub snapshot_secs: u32,
    pub segment_bytes: u64,
    pub accept_data_loss: bool,
}

/// Where syslog is taken, and from which org if from one only: `[ORG_ID@]ADDR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SyslogAddress {
    pub org: Option<OrgId>,
    pub address: SocketAddr,
}

impl FromStr for SyslogAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (org, address) = match text.split_once('@') {
            Some((org, address)) => {
                let org = org.parse().map_err(|_| format!("{org} is no id of an org"))?;
                (Some(org), address)
            }
            None => (None, text),
        };
        let address = address.parse().map_err(|_| format!("{address} is no address and port"))?;
        Ok(Self { org, address })
    }
}

impl TryFrom<String> for SyslogAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

const GIB: u64 = 1 << 30;
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

impl Options {
    /// Puts flags, environment, file and defaults together.
    ///
    /// # Errors
    /// If the file cannot be read, or no data directory is named.
    pub fn resolve(args: ServeArgs) -> Result<Self> {
        let file = args.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let Some(data) = args.data.or(file.data) else {
            bail!("no data directory: give --data DIR, FOGHORN_DATA or `data` in the file");
        };
        let tls = match (args.tls_cert.or(file.tls_cert), args.tls_key.or(file.tls_key)) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => bail!("tls_cert and tls_key are needed together"),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            data,
            listen: args.listen.or(file.listen).unwrap_or(DEFAULT_LISTEN),
            metrics_listen: args.metrics_listen.or(file.metrics_listen),
            tls,
            radius_listen: args.radius_listen.or(file.radius_listen),
            radius_secret: args.radius_secret.or(file.radius_secret),
            syslog_listen: [args.syslog_listen, file.syslog_listen].concat(),
            allow_private: [args.allow_private, file.allow_private].concat(),
            allow_loopback: args.allow_loopback || file.allow_loopback,
            trusted_proxy: [args.trusted_proxy, file.trusted_proxy].concat(),
            user_agent: args.user_agent.or(file.user_agent).unwrap_or("Mist-webhook".into()),
            shards: args.shards.or(file.shards).unwrap_or(cores / 2).clamp(1, 64),
            input_bytes_max: args.input_bytes_max.or(file.input_bytes_max).unwrap_or(8 * GIB),
            input_hours: args.input_hours.or(file.input_hours).unwrap_or(24),
            event_bytes_max: args.event_bytes_max.or(file.event_bytes_max).unwrap_or(8 * GIB),
            event_days: args.event_days.or(file.event_days).unwrap_or(7),
            free_bytes_min: args.free_bytes_min.or(file.free_bytes_min).unwrap_or(GIB),
            org_records_per_day: args.org_records_per_day.or(file.org_records_per_day),
            org_bytes_per_day: args.org_bytes_per_day.or(file.org_bytes_per_day),
            calls_per_hour: args
                .calls_per_hour
                .or(file.calls_per_hour)
                .unwrap_or(foghorn_api::CALLS_PER_HOUR),
            webhook_failing_secs: args.webhook_failing_secs.or(file.webhook_failing_secs),
            snapshot_secs: args.snapshot_secs.or(file.snapshot_secs).unwrap_or(30).max(1),
            segment_bytes: args.segment_bytes.or(file.segment_bytes).unwrap_or(64 << 20),
            accept_data_loss: args.accept_data_loss,
        })
    }
}

fn read(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syslog_listener_is_of_all_orgs_or_of_one() {
        let org = "5a1a3c5e-0000-4000-8000-000000000001";
        let one: SyslogAddress = format!("{org}@[::1]:1514").parse().unwrap();
        assert_eq!(one.org, org.parse().ok());
        let file: File = toml::from_str("syslog_listen = [\"127.0.0.1:514\"]").unwrap();
        assert_eq!(file.syslog_listen, ["127.0.0.1:514".parse().unwrap()]);
        assert!("acme@127.0.0.1:514".parse::<SyslogAddress>().is_err());
        assert!("127.0.0.1".parse::<SyslogAddress>().is_err());
    }
}
