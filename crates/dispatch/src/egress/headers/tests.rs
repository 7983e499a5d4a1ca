use super::*;
use crate::sign::Signer;
use proptest::prelude::*;
use uuid::Uuid;

fn check(name: &str, value: &str) -> Result<(), HeaderError> {
    check_custom(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
}

#[test]
fn ordinary_custom_headers_are_accepted() {
    let table = [
        ("Authorization", "Bearer abc.def"),
        ("X-Mist-Secret", "hunter2"),
        ("x-notify-type", ""),
        ("X_Api_Key", "a b\tc"),
        ("User-Agent", "mine"),
        ("x-mist", "x"),
    ];
    for (name, value) in table {
        assert_eq!(check(name, value), Ok(()), "{name}");
    }
}

#[test]
fn h1_control_characters_are_refused_in_names_and_values() {
    for bad in ["a\rb", "a\nb", "a\r\n\r\nGET /admin", "a\0b", "a\u{7f}b", "é", "a\r\n b", "\u{1}"]
    {
        assert!(matches!(check("x-a", bad), Err(HeaderError::Value(_))), "{bad:?}");
        assert!(matches!(check(bad, "x"), Err(HeaderError::Name(_))), "{bad:?}");
    }
}

#[test]
fn h2_reserved_headers_are_refused() {
    for name in [
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Expect",
        "TE",
        "Upgrade",
        "Trailer",
        "Keep-Alive",
        "Content-Type",
        "Content-Encoding",
        "Accept-Encoding",
        "Proxy-Authorization",
        "Proxy-Connection",
        "X-Mist-Signature",
        "X-Mist-Signature-V2",
        "x-mist-signature-v3",
        "webhook-id",
        "Webhook-Signature",
        "webhook-timestamp",
        "X-Foghorn-Lane",
        "x-foghorn-anything",
        "HTTP2-Settings",
        "Via",
    ] {
        assert_eq!(check(name, "x"), Err(HeaderError::Reserved(name.into())), "{name}");
    }
}

#[test]
fn h3_spellings_are_made_one_before_the_check() {
    for name in ["hOsT", "CONTENT_LENGTH", "Transfer_Encoding", "webhook_id", "X_MIST-Signature"] {
        assert_eq!(check(name, "x"), Err(HeaderError::Reserved(name.into())), "{name}");
    }
    for name in ["Host ", " Host", ":path", ":authority", "", "a:b", "a b", "Host\t"] {
        assert_eq!(check(name, "x"), Err(HeaderError::Name(name.into())), "{name}");
    }
    for value in [" x", "x ", "\tx"] {
        assert_eq!(check("x-a", value), Err(HeaderError::Value("x-a".into())), "{value:?}");
    }
    let twice = [("X-A", "1"), ("x-a", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let refused = check_custom(&BTreeMap::from(twice));
    assert_eq!(refused, Err(HeaderError::Repeated("x-a".into())));
}

#[test]
fn h4_a_thousand_bytes_are_too_many() {
    assert_eq!(check("x-a", &"v".repeat(996)), Ok(()));
    assert_eq!(check("x-a", &"v".repeat(997)), Err(HeaderError::TooLong));
    let many = (0..200).map(|n| (format!("x-{n}"), String::new())).collect();
    assert_eq!(check_custom(&many), Ok(()));
    let more = (0..200).map(|n| (format!("x-{n:04}"), String::new())).collect();
    assert_eq!(check_custom(&more), Err(HeaderError::TooLong));
}

#[test]
fn h2_refused_headers_make_no_template_either() {
    let stored = BTreeMap::from([("Host".to_owned(), "evil".to_owned())]);
    let refused = Template::new(USER_AGENT, &stored).map(|_| ());
    assert_eq!(refused, Err(HeaderError::Reserved("Host".into())));
    assert!(Template::new("a\r\nb", &BTreeMap::new()).is_err());
}

fn attempt(trace: &Trace<'_>) -> Result<HeaderMap, HeaderError> {
    let custom = BTreeMap::from([("X-Mist-Secret".to_owned(), "canary".to_owned())]);
    let template = Template::new(USER_AGENT, &custom).unwrap();
    let signatures = Signer::new(Some("s")).headers(Uuid::nil(), 1_750_000_000, b"{}");
    template.attempt(&HeaderValue::from_static("example.com"), trace, &signatures, None)
}

#[test]
fn an_attempt_has_all_its_headers_once() {
    let trace = Trace {
        lane: Some("wh.alarms.7"),
        first: Some("7-1-12-0"),
        last: Some("7-1-13-2"),
        previous: None,
    };
    let map = attempt(&trace).unwrap();
    let names: Vec<&str> = map.keys().map(HeaderName::as_str).collect();
    let expected = [
        "user-agent",
        "content-type",
        "accept-encoding",
        "x-mist-secret",
        "host",
        "x-mist-signature-v2",
        "x-mist-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-foghorn-lane",
        "x-foghorn-first",
        "x-foghorn-last",
    ];
    assert_eq!(names, expected);
    assert_eq!(map.len(), map.keys_len());
    assert_eq!(map["webhook-timestamp"], "1750000000");
    assert_eq!(map["x-foghorn-lane"], "wh.alarms.7");
    assert_eq!(map["x-foghorn-last"], "7-1-13-2");
    assert_eq!(map["host"], "example.com");
    assert!(!format!("{map:?}").contains("canary"), "values of a webhook are not printed");
}

#[test]
fn h5_event_data_cannot_become_a_header_of_its_own() {
    for lane in ["a\r\nHost: evil", "a\nb", "é", "a\0", "a\tb"] {
        let trace = Trace { lane: Some(lane), ..Trace::default() };
        assert_eq!(attempt(&trace), Err(HeaderError::Value("x-foghorn-lane".into())), "{lane:?}");
    }
}

proptest! {
    #[test]
    fn h1_what_is_accepted_is_clean(name in "\\PC{0,20}", value in "[\\x00-\\xff]{0,40}") {
        if check(&name, &value).is_ok() {
            prop_assert!(name.bytes().all(|b| b.is_ascii_graphic() && b != b':'));
            prop_assert!(value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)));
        }
    }
}
