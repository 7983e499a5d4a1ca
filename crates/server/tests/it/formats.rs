//! A data directory of an earlier version is read by this one.
//!
//! A fixture holds what a server left that was killed: an AP, a webhook, and a client that is
//! associated, in a snapshot and in the log after it. It is made by hand, with `init`, `serve
//! --snapshot-secs 1`, and the requests that the assertions speak of; a fixture of a version that
//! was released is never made again.

use crate::process::{SECRET, World, until};
use serde_json::json;
use std::process::Command;

/// A fixture: the version, its org, site and token.
const DATA: [(&str, &str, &str, &str); 1] = [(
    "0.1",
    "95f03b89-a147-450a-a480-434c77b7d610",
    "10e7f000-81fb-4fb5-bb69-ae3e804d34b3",
    "fh_2_x9H4aAAMWPwhZdiTsdx_F1zp3iQHb_usvVWbWtKWc",
)];

#[test]
fn data_of_every_version_is_read() {
    for (version, org, site, token) in DATA {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let archive =
            format!("{}/tests/fixtures/data-{version}.tar.gz", env!("CARGO_MANIFEST_DIR"));
        let unpacked = Command::new("tar").args(["-xzf", &archive, "-C"]).arg(&data).status();
        assert!(unpacked.unwrap().success(), "{archive}");
        let mut world = World::over(directory, [org, site, token]);
        world.listen();
        world.serve(&[]);

        // The catalog, with what is sealed in it.
        let webhooks = format!("orgs/{org}/webhooks");
        let (_, listed) = world.request("GET", &webhooks, &[], b"");
        assert_eq!((&listed[0]["name"], &listed[0]["secret"]), (&json!("kept"), &json!(SECRET)));
        let url = json!({ "url": format!("http://{}/", world.receiver) }).to_string();
        let webhook = format!("{webhooks}/{}", listed[0]["id"].as_str().unwrap());
        assert_eq!(world.request("PUT", &webhook, &[], url.as_bytes()).0, 200);

        // The state of the fold: the client is still there, and leaves.
        world.telemetry(r#"{"kind":"client-disassociated","mac":"70ef0071535f"}"#);
        until("the end of the session", || !world.ledger().is_empty());
        let post = &world.ledger()[0];
        let session = &post["events"][0];
        assert_eq!(session["client_hostname"], "kept-client", "{session}");
        assert_eq!(session["client_username"], "kept-user", "{session}");
        assert_eq!(post["signatures"], json!(["valid", "valid", "valid"]));

        // And the events that it stored.
        let stored = std::fs::read(data.join("events-record/00000000000000000001.seg")).unwrap();
        assert!(stored.windows(18).any(|it| it == b"after the snapshot"));
        assert!(world.server.as_mut().unwrap().terminate());
        let data = data.display().to_string();
        let verified = crate::process::foghorn(&["inspect", "--data", &data]);
        assert!(verified.status.success(), "{verified:?}");
        assert!(!world.log().contains("ERROR"), "{}", world.log());
    }
}
