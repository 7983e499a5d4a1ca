//! Administrators: what a change of what lets one in means for who is in, and what goes with an org.

use crate::{create, open};
use foghorn_catalog::{Admin, AdminPatch, Catalog, CatalogError, Kind, Scope};
use foghorn_model::{Actor, OrgId};
use serde_json::json;
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";

fn set_up() -> (TempDir, Catalog, Admin, OrgId) {
    let directory = tempfile::tempdir().unwrap();
    let catalog = open(&directory);
    let made = catalog.set_up("ops@example.net", patch(PASSWORD), "Acme", None, &Actor::default());
    let (admin, org, _) = made.unwrap();
    (directory, catalog, admin, org)
}

fn patch(password: &str) -> AdminPatch {
    AdminPatch { password: Some(password.into()), ..AdminPatch::default() }
}

fn begin(catalog: &Catalog, admin: &Admin, passed: bool) -> Option<String> {
    catalog.begin_session(admin, passed, &Actor::default()).unwrap().map(|session| session.key)
}

fn is_passed(catalog: &Catalog, key: &str) -> Option<bool> {
    catalog.session(key).unwrap().map(|session| session.passed)
}

#[test]
fn a_login_that_was_verified_under_an_old_password_begins_no_session() {
    let (_directory, catalog, _, _) = set_up();
    let verified = catalog.verify_password("ops@example.net", PASSWORD).unwrap().unwrap();
    let open = begin(&catalog, &verified, true).unwrap();
    // Nor does a change of the password go by a password that is not the present one.
    let new = catalog.update_admin(
        verified.id,
        patch("another long one"),
        Some(&verified),
        &Actor::default(),
    );
    assert!(new.is_ok());
    assert_eq!(is_passed(&catalog, &open), None);
    assert_eq!(begin(&catalog, &verified, true), None);
    for stale in [Some(&verified), None] {
        let refused =
            catalog.update_admin(verified.id, patch("a third long one"), stale, &Actor::default());
        assert!(
            matches!(&refused, Err(CatalogError::Invalid { field, .. }) if field == "current_password"),
            "{refused:?}"
        );
    }
    let verified = catalog.verify_password("ops@example.net", "another long one").unwrap();
    assert!(begin(&catalog, &verified.unwrap(), true).is_some());
}

#[test]
fn a_second_factor_is_asked_of_every_session_but_the_one_that_put_it_in_force() {
    let (_directory, catalog, admin, _) = set_up();
    let (present, other) =
        (begin(&catalog, &admin, true).unwrap(), begin(&catalog, &admin, true).unwrap());
    let secret = catalog.offer_factor(admin.id, &Actor::default()).unwrap();
    let secret = totp_rs::Secret::try_from_base32(&secret).unwrap();
    let factor = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let code = factor.generate(1_700_000_000).to_string();
    assert!(
        catalog.confirm_factor(admin.id, "000000", "", Some(&present), &Actor::default()).is_err()
    );
    assert_eq!(is_passed(&catalog, &other), Some(true));
    catalog.confirm_factor(admin.id, &code, "", Some(&present), &Actor::default()).unwrap();
    assert_eq!(
        (is_passed(&catalog, &present), is_passed(&catalog, &other)),
        (Some(true), Some(false))
    );
    // Whoever was let in by the password alone before is not let in now.
    assert_eq!(begin(&catalog, &admin, true), None);
}

#[test]
fn nothing_is_granted_in_an_org_or_at_a_site_that_is_gone() {
    let (_directory, catalog, admin, org) = set_up();
    let actor = Actor::default();
    let scope = Scope { org, site: None };
    let site = create(&catalog, Kind::Site, scope, json!({"name": "HQ"}));
    let invite = json!({
        "email": "desk@example.net",
        "privileges": [{"scope": "site", "site_id": site.id, "role": "read"}],
    });
    let invite = catalog.invite(org, invite.as_object().unwrap(), &actor).unwrap();
    assert_eq!(catalog.invites(org).unwrap().len(), 1);
    catalog.accept_invite(&invite.0.key, PASSWORD, &Actor::default()).unwrap();
    assert_eq!(catalog.invites(org).unwrap().len(), 0);
    let desk = catalog.verify_password("desk@example.net", PASSWORD).unwrap().unwrap();
    assert_eq!(desk.grants.len(), 1);
    catalog.delete(Kind::Site, scope, site.id, &actor).unwrap();
    assert!(catalog.admin(desk.id).unwrap().grants.is_empty());

    let second = catalog.create_org_of(
        &actor,
        admin.id,
        json!({"name": "2nd"}).as_object().unwrap().clone(),
    );
    let second = second.unwrap();
    catalog.delete(Kind::Org, scope, org.0, &actor).unwrap();
    let left: Vec<OrgId> =
        catalog.admin(admin.id).unwrap().grants.iter().map(|grant| grant.org_id).collect();
    assert_eq!(left, [second.org_id]);
}

#[test]
fn the_last_administrator_of_an_org_stays() {
    let (_directory, catalog, admin, org) = set_up();
    let actor = Actor::default();
    let invite = |role: &str| {
        let body = json!({
            "email": format!("{role}@example.net"),
            "privileges": [{"scope": "org", "role": role}],
        });
        let (invite, _) = catalog.invite(org, body.as_object().unwrap(), &actor).unwrap();
        catalog.accept_invite(&invite.key, PASSWORD, &actor).unwrap();
        catalog.verify_password(&format!("{role}@example.net"), PASSWORD).unwrap().unwrap()
    };
    let writer = invite("write");
    let refused = catalog.delete_admin(admin.id, &actor);
    assert!(matches!(&refused, Err(CatalogError::LastAdmin(of)) if *of == org), "{refused:?}");
    let (token, _) = catalog.create_personal_token(writer.id, "script", &actor).unwrap();
    let session = begin(&catalog, &writer, true).unwrap();
    catalog.delete_admin(writer.id, &actor).unwrap();
    assert_eq!(is_passed(&catalog, &session), None);
    assert!(catalog.authenticate(&token.key).is_none());
    assert_eq!(begin(&catalog, &writer, true), None);
    let second = invite("admin");
    catalog.delete_admin(admin.id, &actor).unwrap();
    assert!(catalog.delete_admin(second.id, &actor).is_err());
}
