use super::*;
use proptest::prelude::*;

fn class(text: &str) -> Class {
    classify(text.parse().unwrap())
}

#[test]
fn s02_special_addresses_are_not_global() {
    use Class::*;
    let table: &[(Class, &[&str])] = &[
        (Loopback, &["127.0.0.1", "127.255.255.255", "127.0.0.53", "::1"]),
        (Unspecified, &["0.0.0.0", "0.1.2.3", "0.255.255.255", "::"]),
        (Private, &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255"]),
        (Private, &["192.168.0.0", "192.168.255.255"]),
        (Shared, &["100.64.0.0", "100.127.255.255"]),
        (LinkLocal, &["169.254.0.0", "169.254.255.255", "fe80::1", "febf::1", "fec0::1"]),
        (UniqueLocal, &["fc00::1", "fdff:ffff::1"]),
        (Reserved, &["192.0.0.1", "192.88.99.1", "240.0.0.1", "255.255.255.255", "100::1"]),
        (Reserved, &["2001:1::1", "2001:1ff::1", "4000::1", "5f00::1", "200::1", "192.31.196.1"]),
        (Documentation, &["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"]),
        (Benchmarking, &["198.18.0.0", "198.19.255.255", "2001:2::1"]),
        (Multicast, &["224.0.0.1", "239.255.255.255", "ff02::1"]),
    ];
    for (expected, addresses) in table {
        for address in *addresses {
            assert_eq!(class(address), *expected, "{address}");
        }
    }
}

#[test]
fn s02_neighbours_of_special_ranges_are_global() {
    for address in [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:200::1",
        "2003::1",
        "2a00:1450:4001::1",
    ] {
        assert_eq!(class(address), Class::Global, "{address}");
    }
}

#[test]
fn s03_cloud_metadata_is_a_class_of_its_own() {
    for address in [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
    ] {
        assert_eq!(class(address), Class::Metadata, "{address}");
    }
}

#[test]
fn s04_ipv4_inside_ipv6_is_refused_in_every_form() {
    for address in [
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "::7f00:1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "::5efe:7f00:1",
        "fe80::5efe:7f00:1",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::100.64.0.1",
        "64:ff9b::0.0.0.0",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ] {
        assert_eq!(class(address), Class::Embedded, "{address}");
    }
    assert_eq!(class("64:ff9b::8.8.8.8"), Class::Global, "sites behind NAT64 work");
}

proptest! {
    #[test]
    fn s04_no_ipv4_becomes_global_by_being_wrapped(bits: u32, other: u16) {
        let inner = Ipv4Addr::from(bits);
        let [a, b, c, d] = inner.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let wrapped = [
            Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, other, high, low),
            Ipv6Addr::new(0x2002, high, low, other, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, other, 0, 0, 0, !high, !low),
            Ipv6Addr::new(0x2a00, other, 0, 0, 0, 0x5efe, high, low),
        ];
        for ip in wrapped {
            prop_assert!(classify_v6(ip) != Class::Global, "{ip}");
        }
        let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
        let global = classify_v4(inner) == Class::Global;
        prop_assert_eq!(classify_v6(nat64) == Class::Global, global, "{}", nat64);
    }

    #[test]
    fn s02_only_global_unicast_is_ever_global(bits: u128) {
        let ip = Ipv6Addr::from(bits);
        if classify_v6(ip) == Class::Global {
            let [first, second, ..] = ip.segments();
            let nat64 = first == 0x64 && second == 0xff9b;
            prop_assert!(first & 0xe000 == 0x2000 || nat64);
        }
    }
}
