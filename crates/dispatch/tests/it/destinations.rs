//! Where a request goes, and where it never goes.

use crate::network::Lies;
use crate::receiver::{OK, Receiver, read_request};
use crate::{Delivery, egress, loopback};
use foghorn_dispatch::egress::policy::MixedAnswers;
use foghorn_dispatch::egress::{AddressPolicy, Egress, Options, UrlError};
use foghorn_dispatch::outcome::ErrorClass;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::AsyncWriteExt as _;

const HOOK: &str = "http://hooks.example.com:8080/x";
const PUBLIC: &str = "93.184.216.34";
const CLOSING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn private(net: &str) -> AddressPolicy {
    AddressPolicy { allow_private: vec![net.parse().unwrap()], ..AddressPolicy::default() }
}

#[tokio::test]
async fn s01_a_name_that_leads_to_loopback_is_refused_at_send() {
    let receiver = Receiver::answering(OK).await;
    for answer in [["127.0.0.1"], ["::1"], ["0.0.0.0"], ["::ffff:127.0.0.1"]] {
        let lies = Lies::new(&[&answer], receiver.address);
        let egress = lies.egress(AddressPolicy::default());
        let error = Delivery::default().send_to(&egress, HOOK).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Blocked, "{answer:?}");
        assert_eq!(lies.seen(), ["lookup hooks.example.com"], "{answer:?}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn s01_literals_and_names_saved_under_a_wider_policy_are_refused_at_send() {
    let receiver = Receiver::answering(OK).await;
    let strict = Egress::new(Options::new(AddressPolicy::default())).unwrap();
    let port = receiver.address.port();
    for host in ["127.0.0.1", "127.1", "2130706433", "localhost", "LOCALHOST."] {
        let saved = egress().check_url(&format!("http://{host}:{port}/")).unwrap();
        let error = Delivery::default().send(&strict, &saved).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Blocked, "{host}");
        assert_eq!(strict.vet(&saved).await, Err(UrlError::Blocked), "{host}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn s03_metadata_is_refused_under_the_widest_rules() {
    let receiver = Receiver::answering(OK).await;
    let mut wide = private("0.0.0.0/0");
    wide.allow_private.push("::/0".parse().unwrap());
    wide.allow_loopback = true;
    for answer in ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"] {
        let lies = Lies::new(&[&[answer]], receiver.address);
        let error = Delivery::default().send_to(&lies.egress(wide.clone()), HOOK).await;
        assert_eq!(error.unwrap_err().class, ErrorClass::Blocked, "{answer}");
        assert_eq!(lies.seen(), ["lookup hooks.example.com"], "{answer}");
    }
}

#[tokio::test]
async fn s05_of_mixed_answers_only_the_allowed_one_is_dialled() {
    let receiver = Receiver::answering(CLOSING).await;
    for answer in [["10.0.0.5", PUBLIC], [PUBLIC, "fd00::5"], ["127.0.0.1", PUBLIC]] {
        let lies = Lies::new(&[&answer], receiver.address);
        let egress = lies.egress(AddressPolicy::default());
        assert_eq!(Delivery::default().send_to(&egress, HOOK).await.unwrap().status, 200);
        assert_eq!(lies.seen(), ["lookup hooks.example.com", "dial 93.184.216.34:8080"]);
    }
}

#[tokio::test]
async fn s05_mixed_answers_are_refused_when_the_policy_says_so() {
    let receiver = Receiver::answering(OK).await;
    let policy = AddressPolicy { mixed: MixedAnswers::Refuse, ..AddressPolicy::default() };
    for answer in [["10.0.0.5", PUBLIC], [PUBLIC, "fd00::5"]] {
        let lies = Lies::new(&[&answer], receiver.address);
        let error = Delivery::default().send_to(&lies.egress(policy.clone()), HOOK).await;
        assert_eq!(error.unwrap_err().class, ErrorClass::Blocked);
        assert_eq!(lies.seen(), ["lookup hooks.example.com"]);
    }
    let clean = Lies::new(&[&[PUBLIC]], receiver.address);
    assert!(Delivery::default().send_to(&clean.egress(policy), HOOK).await.is_ok());
}

#[tokio::test]
async fn s05_two_hundred_answers_are_all_vetted_and_few_dialled() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = nobody.local_addr().unwrap();
    drop(nobody);
    let mut answer = vec!["10.0.0.5"; 190];
    answer.extend([PUBLIC; 10]);
    let lies = Lies::new(&[&answer], closed);
    let egress = lies.egress(AddressPolicy::default());
    let error = Delivery::default().send_to(&egress, HOOK).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Connect);
    let dials: Vec<String> = lies.seen().into_iter().skip(1).collect();
    assert_eq!(dials, vec!["dial 93.184.216.34:8080"; foghorn_dispatch::egress::DIALS_MAX]);
}

#[tokio::test]
async fn a_name_without_addresses_is_a_dns_failure() {
    let receiver = Receiver::answering(OK).await;
    let lies = Lies::new(&[&[]], receiver.address);
    let egress = lies.egress(AddressPolicy::default());
    let error = Delivery::default().send_to(&egress, HOOK).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Dns);
    let saved = egress.check_url(HOOK).unwrap();
    assert_eq!(egress.vet(&saved).await, Ok(()), "it may resolve later");
}

#[tokio::test]
async fn s06_a_name_that_is_rebound_between_attempts_is_refused() {
    let receiver = Receiver::answering(CLOSING).await;
    let lies = Lies::new(&[&[PUBLIC], &["127.0.0.1"]], receiver.address);
    let egress = lies.egress(AddressPolicy::default());
    assert!(Delivery::default().send_to(&egress, HOOK).await.is_ok());
    let error = Delivery::default().send_to(&egress, HOOK).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Blocked);
    let lookup = "lookup hooks.example.com";
    assert_eq!(lies.seen(), [lookup, "dial 93.184.216.34:8080", lookup]);
}

#[tokio::test]
async fn s06_within_one_attempt_the_name_is_looked_up_once() {
    let receiver = Receiver::answering(OK).await;
    let lies = Lies::new(&[&[PUBLIC], &["127.0.0.1"]], receiver.address);
    let egress = lies.egress(AddressPolicy::default());
    // The second one goes over the connection that was vetted for the first.
    for _ in 0..2 {
        assert!(Delivery::default().send_to(&egress, HOOK).await.is_ok());
    }
    assert_eq!(lies.seen(), ["lookup hooks.example.com", "dial 93.184.216.34:8080"]);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn s07_redirects_are_recorded_and_not_followed() {
    for code in [301, 302, 303, 307, 308] {
        let trap = Receiver::answering(OK).await;
        let location = format!("http://{}/", trap.address);
        let answer =
            format!("HTTP/1.1 {code} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let receiver = Receiver::start(move |mut stream| {
            let (answer, count) = (answer.clone(), Arc::clone(&count));
            async move {
                while read_request(&mut stream).await.is_some() {
                    count.fetch_add(1, Ordering::SeqCst);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        })
        .await;
        let response = Delivery::default().send_to(&egress(), &receiver.url()).await.unwrap();
        assert_eq!(response.status, code);
        assert_eq!(response.location, Some(location));
        assert_eq!(requests.load(Ordering::SeqCst), 1);
        assert_eq!(trap.connections(), 0, "{code}");
    }
}

#[tokio::test]
async fn s09_our_own_listener_is_refused_at_save_and_at_send() {
    let ours = Receiver::answering(OK).await;
    let other = Receiver::answering(OK).await;
    let everywhere = format!("0.0.0.0:{}", ours.address.port()).parse().unwrap();
    for own in [ours.address, everywhere] {
        let policy = AddressPolicy { own_listeners: vec![own], ..loopback() };
        let strict = Egress::new(Options::new(policy)).unwrap();
        assert_eq!(strict.check_url(&ours.url()), Err(UrlError::Blocked));
        let saved = egress().check_url(&ours.url()).unwrap();
        let error = Delivery::default().send(&strict, &saved).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Blocked);
        assert!(Delivery::default().send_to(&strict, &other.url()).await.is_ok());
    }
    assert_eq!(ours.connections(), 0);
}

#[tokio::test]
async fn s12_a_refusal_tells_nothing_about_the_network() {
    let receiver = Receiver::answering(OK).await;
    let mut words = Vec::new();
    for answer in ["127.0.0.1", "10.0.0.5", "169.254.169.254", "192.0.2.1", "::1"] {
        let lies = Lies::new(&[&[answer]], receiver.address);
        let egress = lies.egress(AddressPolicy::default());
        words.push(Delivery::default().send_to(&egress, HOOK).await.unwrap_err().to_string());
    }
    words.dedup();
    assert_eq!(words, ["this destination is not allowed"]);
}

#[tokio::test]
async fn s13_what_one_org_may_reach_another_may_not() {
    let receiver = Receiver::answering(OK).await;
    let lies = Lies::new(&[&["10.20.0.9"]], receiver.address);
    let first = lies.egress(private("10.20.0.0/16"));
    let second = lies.egress(AddressPolicy::default());
    let saved = first.check_url(HOOK).unwrap();
    assert_eq!(first.vet(&saved).await, Ok(()));
    assert!(Delivery::default().send(&first, &saved).await.is_ok());
    // The first one's connection lies in its pool now: it is of no use to the second.
    let error = Delivery::default().send(&second, &saved).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Blocked);
    assert_eq!(second.vet(&saved).await, Err(UrlError::Blocked));
    assert_eq!(receiver.connections(), 1);
}

/// Run by [`s11_proxies_of_the_environment_are_ignored`] in a process with other variables.
#[tokio::test]
async fn s11_child() {
    let Ok(url) = std::env::var("FOGHORN_TEST_RECEIVER") else { return };
    assert!(std::env::var("HTTP_PROXY").is_ok());
    assert_eq!(Delivery::default().send_to(&egress(), &url).await.unwrap().status, 200);
}

#[tokio::test]
async fn s11_proxies_of_the_environment_are_ignored() {
    let receiver = Receiver::answering(OK).await;
    let proxy = Receiver::answering(OK).await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "destinations::s11_child"]);
    child.env("FOGHORN_TEST_RECEIVER", receiver.url());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        child.env(name, format!("http://{}", proxy.address));
    }
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((receiver.connections(), proxy.connections()), (1, 0));
}
