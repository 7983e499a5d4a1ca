use super::*;
use proptest::prelude::*;

fn check(text: &str) -> Result<Destination, UrlError> {
    check_url(text, &AddressPolicy::default())
}

fn refused(texts: &[&str], expected: UrlError) {
    for text in texts {
        assert_eq!(check(text).map(|d| d.origin().to_owned()), Err(expected), "{text}");
    }
}

#[test]
fn ordinary_urls_are_accepted() {
    let hook = check("https://Hooks.Example.com/mist?token=a%20b&x={1}").unwrap();
    assert_eq!(hook.origin(), "https://hooks.example.com:443");
    assert_eq!((hook.host(), hook.port(), hook.is_https()), ("hooks.example.com", 443, true));
    assert_eq!(hook.host_header(), "hooks.example.com");
    assert_eq!(hook.target(), "/mist?token=a%20b&x={1}");

    let plain = check("http://93.184.216.34:8080").unwrap();
    assert_eq!((plain.host(), plain.port(), plain.is_https()), ("93.184.216.34", 8080, false));
    assert_eq!(plain.host_header(), "93.184.216.34:8080");

    let six = check("HTTPS://[2606:4700::1111]:8443/x").unwrap();
    assert_eq!((six.host(), six.port()), ("2606:4700::1111", 8443));
    assert_eq!(check("https://bücher.example/").unwrap().host(), "xn--bcher-kva.example");
}

#[test]
fn s01_every_spelling_of_loopback_is_refused_at_save() {
    refused(
        &[
            "http://127.0.0.1",
            "http://127.1",
            "http://2130706433",
            "http://0x7f000001",
            "http://0x7f.1",
            "http://0177.0.0.1",
            "http://127.0.0.1.",
            "http://localhost",
            "http://LOCALHOST.",
            "http://x.localhost:8080/",
            "http://127.0.0.1:443/",
            "http://127。0。0。1/",
        ],
        UrlError::Blocked,
    );
}

#[test]
fn s02_s03_s04_addresses_of_other_classes_are_refused_at_save() {
    refused(
        &[
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "http://192.168.0.1/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/",
            "http://metadata.google.internal/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fec0::1]/",
        ],
        UrlError::Blocked,
    );
}

#[test]
fn s08_other_schemes_are_refused() {
    refused(
        &[
            "file:///etc/passwd",
            "gopher://example.com/",
            "ftp://example.com/",
            "unix:///run/x.sock",
            "data:text/plain,x",
            "javascript:alert(1)",
            "//example.com/",
            "example.com",
            "",
            "httpx://example.com/",
        ],
        UrlError::Scheme,
    );
}

#[test]
fn s08_userinfo_and_fragments_are_refused() {
    let userinfo = ["http://user:pass@example.com/", "http://u@10.0.0.1/", "http://@example.com/"];
    refused(&userinfo, UrlError::UserInfo);
    refused(&["http://user:pass@evil@10.0.0.1/"], UrlError::UserInfo);
    refused(&["http://evil#@10.0.0.1", "https://example.com/#x"], UrlError::Fragment);
}

#[test]
fn s08_what_two_parsers_could_read_in_two_ways_is_refused() {
    refused(
        &[
            "http:\\\\example.com\\",
            "http://example.com\\@10.0.0.1/",
            "http://exa\tmple.com/",
            "http://example.com/\n",
            " http://example.com/",
            "http://example.com/ x",
            "http://example.com/\u{0}",
            "http:///example.com/",
            "http://%31%32%37.0.0.1/",
            "http://[::1]%2f/",
            "http://[fe80::1%25eth0]/",
            "http://[fe80::1%eth0]/",
            "http://example.com:99999/",
            "http://[::1/",
            "http://1.2.3.4.5/",
            "http://:80/",
        ],
        UrlError::Malformed,
    );
    // Fullwidth digits are normalised, then vetted.
    refused(&["http://１２７.0.0.1/"], UrlError::Blocked);
}

#[test]
fn s09_denied_ports_are_refused_at_save() {
    refused(&["http://example.com:22/", "https://example.com:6379/"], UrlError::Port);
    refused(&["http://example.com:0/"], UrlError::Port);
}

#[test]
fn urls_have_a_length() {
    let base = "https://example.com/";
    let longest = format!("{base}{}", "a".repeat(URL_BYTES_MAX - base.len()));
    assert!(check(&longest).is_ok());
    assert_eq!(check(&format!("{longest}a")), Err(UrlError::TooLong));
}

#[test]
fn s13_the_policy_opens_at_save_what_it_opens_at_send() {
    let policy = AddressPolicy {
        allow_private: vec!["10.20.0.0/16".parse().unwrap()],
        ..AddressPolicy::default()
    };
    assert!(check_url("http://10.20.0.9/", &policy).is_ok());
    assert_eq!(check_url("http://10.21.0.9/", &policy), Err(UrlError::Blocked));
}

#[test]
fn neither_path_nor_query_is_printed() {
    let printed = format!("{:?}", check("https://example.com/canary?token=canary").unwrap());
    assert!(!printed.contains("canary"), "{printed}");
}

proptest! {
    #[test]
    fn s08_no_text_panics_and_what_passes_keeps_its_host(text in "https?://\\PC{0,40}") {
        if let Ok(destination) = check(&text) {
            prop_assert!(!destination.host().is_empty());
            if let Ok(ip) = destination.host().parse() {
                prop_assert!(AddressPolicy::default().vet_ip(ip).is_ok());
            }
        }
    }
}
