use crate::{body, open, world};
use foghorn_catalog::{Access, Kind, Right};
use foghorn_model::Actor;
use serde_json::json;

#[test]
fn a_token_is_shown_once_and_kept_as_a_hash() {
    let world = world();
    let wanted = json!({"name": "ci", "privileges": [{"scope": "org", "role": "read"}]});
    let actor = Actor::default();
    let (token, document) = world.catalog.create_token(world.org, &actor, body(wanted)).unwrap();
    let principal = world.catalog.authenticate(&token.key).unwrap();
    assert_eq!(principal.access(world.org.org, None, Right::Read), Access::Allowed);
    assert_eq!(principal.access(world.org.org, None, Right::Write), Access::Denied);
    let other = foghorn_model::OrgId::from_bytes([9; 16]);
    assert_eq!(principal.access(other, None, Right::Read), Access::Unknown);
    assert!(world.catalog.authenticate("fh_wrong").is_none());
    let shown = document.to_json(true);
    assert!(shown.get("key_hash").is_none());
    assert_ne!(shown["key"], token.key.as_str());
    let changes = serde_json::to_string(&world.catalog.changes_after(0, 9).unwrap()).unwrap();
    assert!(!changes.contains(&token.key));

    world.catalog.delete(Kind::Token, world.org, token.id.0, &actor).unwrap();
    assert!(world.catalog.authenticate(&token.key).is_none());
}

#[test]
fn who_made_a_token_and_when_it_was_last_used_is_known_after_a_restart() {
    let world = world();
    let wanted = json!({
        "name": "ci", "privileges": [{"scope": "org", "role": "read"}], "created_by": "nobody",
    });
    let actor = Actor { admin_name: Some("Ann".into()), ..Actor::default() };
    let make = || world.catalog.create_token(world.org, &actor, body(wanted.clone())).unwrap();
    let ((used, document), (unused, _), (gone, _)) = (make(), make(), make());
    assert_eq!(document.text("created_by"), "Ann");
    for token in [&used, &gone] {
        assert!(world.catalog.authenticate(&token.key).is_some());
    }
    world.catalog.delete(Kind::Token, world.org, gone.id.0, &actor).unwrap();
    world.catalog.write_uses().unwrap();
    let last = |catalog: &foghorn_catalog::Catalog| {
        [&used, &unused, &gone].map(|token| catalog.last_used(token.id).map(|at| at.secs()))
    };
    let expected = [Some(1_700_000_000), None, None];
    assert_eq!(last(&world.catalog), expected);
    drop(world.catalog);
    assert_eq!(last(&open(&world.directory)), expected);
}

#[test]
fn a_site_token_covers_its_site_only() {
    let world = world();
    let site = world.site.site.unwrap();
    let privilege = json!({"scope": "site", "site_id": site, "role": "ingest"});
    let wanted = json!({"name": "gw", "privileges": [privilege], "src_ips": ["10.0.0.0/8"]});
    let (token, _) =
        world.catalog.create_token(world.org, &Actor::default(), body(wanted)).unwrap();
    let principal = world.catalog.authenticate(&token.key).unwrap();
    let (org, elsewhere) = (world.org.org, foghorn_model::SiteId::from_bytes([9; 16]));
    assert_eq!(principal.access(org, Some(site), Right::Ingest), Access::Allowed);
    assert_eq!(principal.access(org, Some(site), Right::Read), Access::Denied);
    assert_eq!(principal.access(org, Some(elsewhere), Right::Ingest), Access::Unknown);
    assert_eq!(principal.access(org, None, Right::Ingest), Access::Denied);
    assert!(principal.may_come_from("10.1.2.3".parse().unwrap()));
    assert!(!principal.may_come_from("192.0.2.1".parse().unwrap()));
}
