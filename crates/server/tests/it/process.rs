//! Starts the binary, speaks to it, reads what its receiver noted.

use crate::phases::{Aimed, Phase};
use md5::{Digest, Md5};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_foghorn");
pub const SECRET: &str = "s3cret";
pub const RADIUS_SECRET: &str = "testing123";
/// No wait in a test is longer: what has not happened by then will not.
const PATIENCE: Duration = Duration::from_secs(60);

/// An address that nobody uses.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    assert!(within_patience(holds), "waited for {what} in vain");
}

/// Waits until something holds, and says whether it does.
pub fn within_patience(mut holds: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !holds() {
        if begun.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// A process that is ended with its owner.
pub struct Process(pub Child);

impl Process {
    pub fn start(arguments: &[&str], log: &Path, variables: &[(&str, &str)]) -> Self {
        Self::start_telling(arguments, Stdio::null(), log, variables)
    }

    /// Starts it where what it prints is read.
    pub fn start_telling(
        arguments: &[&str],
        out: impl Into<Stdio>,
        log: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(BINARY);
        command.args(arguments).stdout(out).stderr(log);
        command.envs(variables.iter().copied());
        Self(command.spawn().unwrap())
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Asks it to end, and says whether it did so in order.
    pub fn terminate(&mut self) -> bool {
        self.signal("-TERM");
        self.0.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub fn foghorn(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).env("FOGHORN_LOG", "warn").output().unwrap()
}

/// A data directory with an org, a server on it, and a receiver that notes what comes.
pub struct World {
    pub directory: tempfile::TempDir,
    pub org: String,
    pub site: String,
    pub token: String,
    pub api: SocketAddr,
    pub radius: SocketAddr,
    pub radius_secret: &'static str,
    pub receiver: SocketAddr,
    pub server: Option<Process>,
    pub listener: Option<Process>,
}

impl World {
    pub fn new() -> Self {
        Self::in_directory(tempfile::tempdir().unwrap())
    }

    pub fn in_directory(directory: tempfile::TempDir) -> Self {
        let data = directory.path().join("data");
        let made = foghorn(&[
            "init",
            "--data",
            data.to_str().unwrap(),
            "--org",
            "Acme",
            "--site",
            "HQ",
            "--json",
        ]);
        assert!(made.status.success(), "{made:?}");
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let made = ["org_id", "site_id", "token"].map(|key| made[key].as_str().unwrap());
        Self::over(directory, made)
    }

    /// A world whose data stands in the directory already: its org, its site and a token.
    pub fn over(directory: tempfile::TempDir, [org, site, token]: [&str; 3]) -> Self {
        Self {
            org: org.into(),
            site: site.into(),
            token: token.into(),
            directory,
            api: free_address(),
            radius: free_address(),
            radius_secret: RADIUS_SECRET,
            receiver: free_address(),
            server: None,
            listener: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// That nothing on disk has any of these in it.
    pub fn hides(&self, secrets: &[&str]) {
        let mut folders = vec![self.path("data"), self.path("serve.log"), self.path("ledger")];
        while let Some(path) = folders.pop() {
            if path.is_dir() {
                folders.extend(std::fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{secret}: {}", path.display());
            }
        }
    }

    pub fn serve(&mut self, more: &[&str]) {
        self.serve_with(more, &[]);
    }

    /// Starts the server with more of the environment.
    pub fn serve_with(&mut self, more: &[&str], variables: &[(&str, &str)]) {
        let arguments = self.serve_arguments(more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.server = Some(Process::start(&arguments, &self.path("serve.log"), variables));
        until("the API", || TcpStream::connect(self.api).is_ok());
    }

    /// Starts the server to be killed at once when it begins this phase of its work.
    pub fn serve_aimed(&self, more: &[&str], aim: Option<Phase>) -> Aimed {
        let arguments = self.serve_arguments(more);
        let mut command = Command::new(BINARY);
        command.args(arguments).env("FOGHORN_LOG", "info,foghorn::phase=trace");
        Aimed::start(&mut command, &self.path("serve.log"), aim)
    }

    /// Starts the server and kills it: one kill after the other is aimed at each phase of its
    /// work, and one at none. Tells in which phases it was.
    pub fn serve_and_kill(&self, more: &[&str], kill: u32) -> Vec<Phase> {
        let aim = Phase::ALL.get(kill as usize % (Phase::ALL.len() + 1)).copied();
        let server = self.serve_aimed(more, aim);
        // Chance, but the same every time; who aims has some patience.
        let wait = if aim.is_some() { 1_500 } else { 20 + (u64::from(kill) * 7919) % 400 };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(wait) && !server.is_over() {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.kill()
    }

    fn serve_arguments(&self, more: &[&str]) -> Vec<String> {
        let (data, api) = (self.path("data"), self.api.to_string());
        let radius = self.radius.to_string();
        let arguments = [
            "serve",
            "--data",
            data.to_str().unwrap(),
            "--listen",
            &api,
            "--radius-listen",
            &radius,
            "--radius-secret",
            self.radius_secret,
            "--allow-loopback",
        ];
        arguments.iter().chain(more).map(ToString::to_string).collect()
    }

    pub fn listen(&mut self) {
        self.listen_with(&[]);
    }

    /// Starts the receiver with more of the environment.
    pub fn listen_with(&mut self, variables: &[(&str, &str)]) {
        let (address, ledger) = (self.receiver.to_string(), self.path("ledger"));
        let arguments = [
            "listen",
            "--listen",
            &address,
            "--secret",
            SECRET,
            "--quiet",
            "--ledger",
            ledger.to_str().unwrap(),
        ];
        self.listener = Some(Process::start(&arguments, &self.path("listen.log"), variables));
        until("the receiver", || TcpStream::connect(self.receiver).is_ok());
    }

    pub fn webhook(&self, topics: &[&str]) -> String {
        self.webhook_of(&format!("orgs/{}", self.org), topics)
    }

    /// A webhook of the org or of the site.
    pub fn webhook_of(&self, scope: &str, topics: &[&str]) -> String {
        let body = serde_json::json!({
            "name": "test", "url": format!("http://{}/", self.receiver), "secret": SECRET,
            "topics": topics,
        });
        let made = self.post(&format!("{scope}/webhooks"), &body);
        made["id"].as_str().unwrap().to_owned()
    }

    pub fn device(&self, mac: &str, name: &str) {
        let body = serde_json::json!({ "mac": mac, "name": name, "type": "ap" });
        self.post(&format!("sites/{}/devices", self.site), &body);
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.request("POST", path, &[], body.to_string().as_bytes());
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> (u16, Value) {
        request(self.api, &self.token, method, path, headers, body).unwrap()
    }

    pub fn telemetry(&self, lines: &str) -> Value {
        let path = format!("sites/{}/telemetry", self.site);
        let (status, answer) = self.request("POST", &path, &[], lines.as_bytes());
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The text of the server's metrics.
    pub fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.api).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = self.api;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// What the receiver noted, in the order of its coming.
    pub fn ledger(&self) -> Vec<Value> {
        self.ledger_from(&mut 0)
    }

    /// What it noted after this many bytes, and how many it is now.
    pub fn ledger_from(&self, read: &mut u64) -> Vec<Value> {
        let Ok(mut file) = std::fs::File::open(self.path("ledger")) else { return Vec::new() };
        let mut text = String::new();
        file.seek(SeekFrom::Start(*read)).unwrap();
        file.read_to_string(&mut text).unwrap();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        *read += whole as u64;
        text[..whole].lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Leaves the directory for whoever looks into a failure, and says where it is.
    pub fn keep(&mut self) -> String {
        self.directory.disable_cleanup(true);
        self.directory.path().display().to_string()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }
}

/// One request on a connection of its own.
pub fn request(
    api: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<(u16, Value)> {
    let token = format!("Authorization: Token {token}");
    let headers = [&[token.as_str()], headers].concat();
    exchange(api, method, path, &headers, body).map(|(status, _, answer)| (status, answer))
}

/// One request with these headers only; the status, the head and the body of the answer.
pub fn exchange(
    api: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<(u16, String, Value)> {
    let mut stream = TcpStream::connect(api)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nHost: {api}\r\nContent-Length: {}\r\n\
         Connection: close\r\n",
        body.len()
    );
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let broken = || std::io::Error::other("no whole answer");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(broken)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    if length.is_some_and(|length| body.len() < length) {
        return Err(broken());
    }
    Ok((status, head.to_owned(), serde_json::from_str(body).unwrap_or_default()))
}

/// An accounting request as a NAS makes it.
pub fn accounting(identifier: u8, status: u8, session: &str, secret: &str) -> Vec<u8> {
    let attributes: HashMap<u8, Vec<u8>> = HashMap::from([
        (40, vec![0, 0, 0, status]),
        (44, session.into()),
        (1, b"alice".to_vec()),
        (4, vec![172, 16, 0, 10]),
        (31, b"5E-66-01-11-5B-49".to_vec()),
        (61, vec![0, 0, 0, 19]),
    ]);
    let mut packet = vec![4, identifier, 0, 0];
    packet.extend_from_slice(&[0; 16]);
    let mut attributes: Vec<_> = attributes.into_iter().collect();
    attributes.sort();
    for (kind, value) in attributes {
        packet.extend_from_slice(&[kind, u8::try_from(value.len() + 2).unwrap()]);
        packet.extend_from_slice(&value);
    }
    let length = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let digest = Md5::new().chain_update(&packet).chain_update(secret).finalize();
    packet[4..20].copy_from_slice(&digest);
    packet
}

/// Sends a request until it is answered, or gives up when `give_up` says so.
pub fn until_answered(radius: SocketAddr, packet: &[u8], give_up: impl Fn() -> bool) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut answer = [0; 64];
    while !give_up() {
        let answered = socket
            .send_to(packet, radius)
            .and_then(|_| socket.recv_from(&mut answer))
            .is_ok_and(|(length, _)| length >= 20 && answer[1] == packet[1]);
        if answered {
            return true;
        }
    }
    false
}
