//! A real hostapd and a real supplicant, over two ends of a virtual cable: what hostapd logs goes
//! through the logger of the system, and its accounting straight to the server.
//!
//! It takes Debian's `hostapd` and `wpasupplicant`, and the right to make a network interface.

use crate::process::{Process, RADIUS_SECRET, World, free_address, until};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

const USER: &str = "alice@example.net";
const PASSWORD: &str = "a long password";

/// A cable between two interfaces; it is taken away with its owner.
struct Cable {
    nas: String,
    client: String,
}

impl Cable {
    /// Lays one, or says why it cannot be had.
    fn lay() -> Result<Self, String> {
        let id = std::process::id();
        let cable = Self { nas: format!("fh{id}n"), client: format!("fh{id}c") };
        let (nas, client) = (cable.nas.as_str(), cable.client.as_str());
        succeed("ip", &["link", "add", nas, "type", "veth", "peer", "name", client])?;
        for end in [nas, client] {
            succeed("ip", &["link", "set", end, "up"])?;
        }
        Ok(cable)
    }

    fn address(end: &str) -> String {
        let address = std::fs::read_to_string(format!("/sys/class/net/{end}/address")).unwrap();
        address.trim().replace(':', "")
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        drop(succeed("ip", &["link", "delete", &self.nas]));
    }
}

/// Runs a command, and says what went wrong if something did.
fn succeed(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{program} {}: {}", arguments.join(" "), text(&output.stderr)))
}

/// The cable, if all that the lab takes is here.
fn laid() -> Result<Cable, String> {
    for program in ["hostapd", "wpa_supplicant", "wpa_cli", "logger"] {
        let is_here = Command::new(program).arg("-v").output();
        is_here.map_err(|error| format!("{program}: {error}"))?;
    }
    Cable::lay()
}

fn hostapd(world: &World, cable: &Cable, syslog: SocketAddr) -> [Process; 2] {
    let users = world.path("users");
    std::fs::write(&users, format!("\"{USER}\" MD5 \"{PASSWORD}\"\n")).unwrap();
    let settings = format!(
        "interface={}\ndriver=wired\nieee8021x=1\nuse_pae_group_addr=1\nlogger_stdout=-1\n\
         logger_stdout_level=2\neap_server=1\neap_user_file={}\nown_ip_addr=127.0.0.1\n\
         nas_identifier=lab\nacct_server_addr={}\nacct_server_port={}\n\
         acct_server_shared_secret={RADIUS_SECRET}\n",
        cable.nas,
        users.display(),
        world.radius.ip(),
        world.radius.port(),
    );
    let file = world.path("hostapd.conf");
    std::fs::write(&file, settings).unwrap();
    let mut hostapd = Command::new("hostapd");
    let mut hostapd = hostapd.arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let (host, port) = (syslog.ip().to_string(), syslog.port().to_string());
    let mut logger = Command::new("logger");
    logger.args(["--udp", "--rfc3164", "--tag", "hostapd", "--server", &host, "--port", &port]);
    let logger = logger.stdin(hostapd.stdout.take().unwrap()).spawn().unwrap();
    [Process(hostapd), Process(logger)]
}

fn supplicant(world: &World, cable: &Cable, control: &Path) -> Process {
    let settings = format!(
        "ctrl_interface={}\nap_scan=0\nnetwork={{\n key_mgmt=IEEE8021X\n eap=MD5\n \
         identity=\"{USER}\"\n password=\"{PASSWORD}\"\n eapol_flags=0\n}}\n",
        control.display()
    );
    let file = world.path("supplicant.conf");
    std::fs::write(&file, settings).unwrap();
    let mut supplicant = Command::new("wpa_supplicant");
    supplicant.args(["-D", "wired", "-i", &cable.client, "-c"]).arg(file).stdout(Stdio::null());
    Process(supplicant.spawn().unwrap())
}

#[test]
fn a_client_of_a_real_hostapd_joins_and_leaves() {
    let cable = match laid() {
        Ok(cable) => cable,
        Err(why) => {
            eprintln!("THE LAB WITH A REAL HOSTAPD DID NOT RUN HERE: {why}");
            return;
        }
    };
    let mut world = World::new();
    let syslog = free_address();
    world.listen();
    world.serve(&["--syslog-listen", &syslog.to_string()]);
    world.webhook(&["client-join", "client-sessions", "nac-accounting"]);
    // The logger says the name of this machine, so the AP has that.
    let name = succeed("uname", &["-n"]).unwrap();
    let ap = Cable::address(&cable.nas);
    world.device(&ap, &name);
    let interfaces = json!({cable.nas.as_str(): {"ssid": "Lab", "bssid": ap}});
    let senders = json!([{"network": "127.0.0.1", "relay": true, "interfaces": interfaces}]);
    let body = json!({"syslog_senders": senders}).to_string();
    let setting = format!("sites/{}/setting", world.site);
    assert_eq!(world.request("PUT", &setting, &[], body.as_bytes()).0, 200);
    let events = |topic: &str| -> Vec<Value> {
        let posts = world.ledger().into_iter().filter(|post| post["topic"] == topic);
        posts.flat_map(|post| post["events"].as_array().cloned().unwrap_or_default()).collect()
    };

    let _nas = hostapd(&world, &cable, syslog);
    let control = world.path("control");
    let _supplicant = supplicant(&world, &cable, &control);
    until("the join", || events("client-join").len() == 1);
    until("the start of accounting", || events("nac-accounting").len() == 1);
    let control = control.to_str().unwrap();
    succeed("wpa_cli", &["-p", control, "-i", &cable.client, "logoff"]).unwrap();
    until("the end of the session", || events("client-sessions").len() == 1);
    until("the end of accounting", || events("nac-accounting").len() == 2);

    let client = Cable::address(&cable.client);
    let (join, session) = (&events("client-join")[0], &events("client-sessions")[0]);
    for event in [join, session] {
        assert_eq!([&event["mac"], &event["ap"], &event["ap_name"]], [&client, &ap, &name]);
        assert_eq!([&event["ssid"], &event["bssid"]], ["Lab", &ap]);
    }
    assert_eq!(session["termination_reason"], 1);
    let accounting = events("nac-accounting");
    let types: Vec<&Value> = accounting.iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["NAC_ACCOUNTING_START", "NAC_ACCOUNTING_STOP"]);
    for event in &accounting {
        assert_eq!([&event["mac"], &event["nas_ip"]], [client.as_str(), "127.0.0.1"]);
        assert_eq!(event["session_id"], accounting[0]["session_id"]);
    }
    assert_eq!(accounting[1]["terminate_cause"], "User-Request");
    assert_eq!((events("client-join").len(), events("client-sessions").len()), (1, 1));
}
