//! The reading side of the API: the real server over HTTP, asked for lists, alarms and who the
//! caller is, while there is ten times as much of each and again.
//!
//! p50 and p99 from the first byte of a request to the last of its answer, over connections that
//! are kept: one, and eight at once. The client runs on this machine too. What a request costs the
//! server is its processor time, all threads together.

mod client;
mod server;

use crate::bench::process;
use anyhow::{Context, Result, ensure};
use client::Latencies;
use server::{Scratch, Server};
use std::collections::BTreeMap;
use std::io::Write;

/// Connections of the second figure.
const AT_ONCE: usize = 8;
const SITES: usize = 64;
const WEBHOOKS: [usize; 3] = [100, 1000, 10_000];
const ALARMS: [usize; 2] = [100_000, 1_000_000];
const TOKENS: [usize; 4] = [10, 100, 1000, 10_000];

/// Measures and prints.
pub fn run() -> Result<()> {
    process::build()?;
    let mut out = std::io::stdout();
    let mut report = Report { out: &mut out, before: BTreeMap::new() };
    report.head()?;
    webhooks(&mut report)?;
    alarms(&mut report)?;
    tokens(&mut report)
}

fn webhooks(report: &mut Report<'_>) -> Result<()> {
    let scratch = Scratch::new("webhooks")?;
    for count in WEBHOOKS {
        scratch.stock("webhooks", count)?;
        let server = scratch.serve()?;
        report.title(&format!("{count} webhooks"))?;
        let path = format!("/api/v1/orgs/{}/webhooks", scratch.org);
        let listed = count.min(1000);
        let all = server.client.get(&format!("{path}?limit=1000"))?;
        ensure!(all.as_array().map(Vec::len) == Some(listed), "not {listed} webhooks are listed");
        let p50 = report.row(&server, "list, limit=1000", &format!("{path}?limit=1000"))?;
        report.say(&format!("{:.1} us a webhook", p50 * 1e3 / listed as f64))?;
        report.row(&server, "list, limit=100", &format!("{path}?limit=100"))?;
    }
    Ok(())
}

fn alarms(report: &mut Report<'_>) -> Result<()> {
    let scratch = Scratch::new("alarms")?;
    scratch.stock("sites", SITES)?;
    for count in ALARMS {
        scratch.stock("alarms", count)?;
        let server = scratch.serve()?;
        report.title(&format!("{count} alarms of {SITES} sites and 30 days"))?;
        let path = format!("/api/v1/orgs/{}/alarms", scratch.org);
        let newest = server.client.get(&format!("{path}/search?limit=1"))?;
        let member = |key: &str| newest["results"][0][key].as_str().context("there is no alarm");
        let (kind, site) = (member("type")?, member("site_id")?);
        for (name, asked) in [
            ("by type", format!("search?type={kind}&duration=30d")),
            ("by site", format!("search?site_id={site}&duration=30d")),
            ("by time: a day", "search?start=-15d&end=-14d".to_owned()),
            (
                "by type, site and time: a week",
                format!("search?type={kind}&site_id={site}&start=-15d&end=-8d"),
            ),
            ("by severity", "search?severity=critical&duration=30d".to_owned()),
            ("by a group that no row has", "search?group=none&duration=30d".to_owned()),
            ("by nothing: 30 days", "search?duration=30d".to_owned()),
            ("count by type: a day", "count?distinct=type&duration=1d".to_owned()),
            ("count by type: 30 days", "count?distinct=type&duration=30d".to_owned()),
        ] {
            report.row(&server, name, &format!("{path}/{asked}"))?;
        }
        let all = server.client.get(&format!("{path}/search?duration=30d"))?;
        let next = all["next"].as_str().context("there is no next page")?;
        report.row(&server, "the next page of that", next)?;
    }
    Ok(())
}

fn tokens(report: &mut Report<'_>) -> Result<()> {
    let scratch = Scratch::new("tokens")?;
    for count in TOKENS {
        let said = scratch.stock("tokens", count)?.context("stock says nothing of tokens")?;
        let server = scratch.serve()?;
        report.title(&format!("{count} tokens"))?;
        report.row(&server, "who the caller is", "/api/v1/self")?;
        let nanos = said["authenticate_ns"].as_f64().context("authenticate_ns")?;
        report.say(&format!("{nanos:.0} ns to find a token, in process"))?;
    }
    Ok(())
}

/// The table that is printed.
struct Report<'a> {
    out: &'a mut dyn Write,
    /// p50 of each row when there was a tenth.
    before: BTreeMap<String, f64>,
}

impl Report<'_> {
    fn head(&mut self) -> Result<()> {
        writeln!(self.out, "milliseconds; everything on this machine\n")?;
        Ok(writeln!(
            self.out,
            "{:32} {:>8} {:>8} {:>9} {:>9} {:>9} {:>8}",
            "", "p50", "p99", "8: p50", "8: p99", "CPU us", "tenfold"
        )?)
    }

    fn title(&mut self, title: &str) -> Result<()> {
        Ok(writeln!(self.out, "\n{title}")?)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "    {text}")?)
    }

    /// Measures a request and prints it; its p50 in milliseconds, one at a time.
    fn row(&mut self, server: &Server, name: &str, path: &str) -> Result<f64> {
        let spent = server.cpu_us()?;
        let one = server.client.latencies(path, 1)?;
        let cpu = (server.cpu_us()? - spent) as f64 / one.count() as f64;
        let eight: Latencies = server.client.latencies(path, AT_ONCE)?;
        let p50 = one.ms(0.5);
        let before = self.before.insert(name.to_owned(), p50);
        let ratio = before.map(|before| format!("{:.2}", p50 / before)).unwrap_or_default();
        writeln!(
            self.out,
            "  {name:30} {p50:>8.2} {:>8.2} {:>9.2} {:>9.2} {cpu:>9.0} {ratio:>8}",
            one.ms(0.99),
            eight.ms(0.5),
            eight.ms(0.99),
        )?;
        self.out.flush()?;
        Ok(p50)
    }
}
