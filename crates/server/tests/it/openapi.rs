//! The OpenAPI document that is committed is the one that the code makes.

use crate::process::foghorn;

#[test]
fn the_committed_document_is_what_the_code_makes() {
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json"));
    let made = foghorn(&["openapi"]).stdout;
    assert_eq!(
        String::from_utf8(committed.unwrap()).unwrap(),
        String::from_utf8(made).unwrap(),
        "write it anew: cargo run -- openapi > openapi.json"
    );
}
