//! What is signed opens for just what it was signed for, with the key of its server.

use crate::open;

#[test]
fn t04_a_signed_text_opens_for_its_purpose_only_and_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let catalog = open(&directory);
    let text = catalog.signed(&["org-a", "/logs"], b"place");
    assert_eq!(catalog.opened(&["org-a", "/logs"], &text).unwrap(), b"place");
    for other in [&["org-b", "/logs"][..], &["org-a", "/log"], &["org-a/", "logs"], &["org-a/logs"]]
    {
        assert_eq!(catalog.opened(other, &text), None, "{other:?}");
    }
    // Any other letter anywhere, and any piece of it.
    for at in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        assert_eq!(catalog.opened(&["org-a", "/logs"], &altered), None, "{at}");
        assert_eq!(catalog.opened(&["org-a", "/logs"], &text[..at]), None, "{at}");
    }
    drop(catalog);
    let catalog = open(&directory);
    assert_eq!(catalog.opened(&["org-a", "/logs"], &text).unwrap(), b"place");
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(open(&elsewhere).opened(&["org-a", "/logs"], &text), None);
}
