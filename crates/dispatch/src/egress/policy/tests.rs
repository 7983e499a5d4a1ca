use super::*;

const NOT_LOCAL: fn(IpAddr) -> bool = |_| false;

fn open_everything() -> AddressPolicy {
    AddressPolicy {
        allow_private: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
        ..AddressPolicy::default()
    }
}

fn allowed(policy: &AddressPolicy, ip: &str) -> bool {
    policy.vet_ip(ip.parse().unwrap()).is_ok()
}

#[test]
fn s02_by_default_only_the_public_internet_is_open() {
    let policy = AddressPolicy::default();
    for ip in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::1", "0.0.0.0"] {
        assert!(!allowed(&policy, ip), "{ip}");
    }
    assert!(allowed(&policy, "93.184.216.34"));
    assert!(allowed(&policy, "2606:4700::1111"));
}

#[test]
fn s13_an_allowed_network_opens_itself_and_nothing_beside_it() {
    let allow_private = vec!["10.20.0.0/16".parse().unwrap(), "fd12::/16".parse().unwrap()];
    let policy = AddressPolicy { allow_private, ..AddressPolicy::default() };
    assert!(allowed(&policy, "10.20.255.1"));
    assert!(allowed(&policy, "fd12::1"));
    for ip in ["10.21.0.1", "192.168.0.1", "fd13::1", "::ffff:10.20.0.1", "64:ff9b::10.20.0.1"] {
        assert!(!allowed(&policy, ip), "{ip}");
    }
    assert!(!allowed(&AddressPolicy::default(), "10.20.255.1"), "another org's policy");
}

#[test]
fn s13_allow_rules_never_open_loopback_link_local_or_metadata() {
    let policy = open_everything();
    for ip in ["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fd00::1"] {
        assert!(allowed(&policy, ip), "{ip}");
    }
    for ip in [
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "::",
        "169.254.0.1",
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.0.2.1",
        "::ffff:10.0.0.1",
        "2002:a00:1::",
    ] {
        assert!(!allowed(&policy, ip), "{ip}");
    }
}

#[test]
fn allow_loopback_opens_loopback_alone() {
    let policy = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
    assert!(allowed(&policy, "127.0.0.1") && allowed(&policy, "127.9.9.9"));
    assert!(allowed(&policy, "::1"));
    for ip in ["0.0.0.0", "::", "10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"] {
        assert!(!allowed(&policy, ip), "{ip}");
    }
}

#[test]
fn s09_own_listeners_are_refused_by_every_way_in() {
    let own_listeners = ["127.0.0.1:8080", "0.0.0.0:9090", "198.41.0.4:443"];
    let policy = AddressPolicy {
        allow_loopback: true,
        own_listeners: own_listeners.map(|own| own.parse().unwrap()).to_vec(),
        ..open_everything()
    };
    let is_local = |ip: IpAddr| ip == "10.1.2.3".parse::<IpAddr>().unwrap();
    let vet = |address: &str| policy.vet(address.parse().unwrap(), is_local);
    for own in ["127.0.0.1:8080", "127.0.0.1:9090", "127.7.7.7:9090", "[::1]:9090", "10.1.2.3:9090"]
    {
        assert_eq!(vet(own), Err(Refusal::OwnListener), "{own}");
    }
    assert_eq!(vet("198.41.0.4:443"), Err(Refusal::OwnListener), "listed public address");
    for other in ["127.0.0.1:8081", "10.1.2.4:9090", "10.1.2.3:8080", "198.41.0.4:8443"] {
        assert_eq!(vet(other), Ok(()), "{other}");
    }
}

#[test]
fn s09_ports_of_other_services_are_denied_until_opened() {
    assert!(PORTS_DENIED.is_sorted());
    let policy = AddressPolicy::default();
    for port in [0, 22, 25, 5432, 6379, 9200] {
        assert_eq!(policy.vet_port(port), Err(Refusal::Port(port)));
        let address = SocketAddr::new("93.184.216.34".parse().unwrap(), port);
        assert_eq!(policy.vet(address, NOT_LOCAL), Err(Refusal::Port(port)));
    }
    for port in [80, 443, 3000, 5000, 8000, 8080, 8088, 8443, 9000, 65535] {
        assert_eq!(policy.vet_port(port), Ok(()));
    }
    let opened = AddressPolicy { allow_ports: vec![9200], ..AddressPolicy::default() };
    assert_eq!(opened.vet_port(9200), Ok(()));
    assert_eq!(opened.vet_port(6379), Err(Refusal::Port(6379)));
}

#[test]
fn s01_s03_local_and_metadata_names_are_refused_at_once() {
    let policy = AddressPolicy::default();
    let names = ["localhost", "LOCALHOST.", "a.b.localhost", "metadata.google.internal"];
    for name in names.iter().chain(&["METADATA.google.internal.", "metadata"]) {
        assert_eq!(policy.vet_name(name), Err(Refusal::Name), "{name}");
    }
    for name in ["example.com", "localhost.example.com", "notlocalhost", "metadata.example.com"] {
        assert_eq!(policy.vet_name(name), Ok(()), "{name}");
    }
    let development = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
    assert_eq!(development.vet_name("localhost"), Ok(()));
    assert_eq!(development.vet_name("metadata.google.internal"), Err(Refusal::Name));
}
