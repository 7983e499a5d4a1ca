//! The OpenAPI document that is committed is the one that the code makes.

use crate::process::foghorn;

#[test]
fn the_committed_document_is_what_the_code_makes() {
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json"));
    let made = foghorn(&["openapi"]).stdout;
    let (committed, made) = (String::from_utf8(committed.unwrap()), String::from_utf8(made));
    let (committed, made) = (committed.unwrap(), made.unwrap());
    let differs = committed.lines().zip(made.lines()).find(|(committed, made)| committed != made);
    assert_eq!(differs, None, "write it anew: cargo xtask openapi");
    assert_eq!(committed.len(), made.len(), "write it anew: cargo xtask openapi");
}
