//! What a webhook needs by its type, and how the dispatcher gets it.

use crate::{body, create, world};
use foghorn_catalog::{CatalogError, Document, Kind};
use foghorn_model::{Actor, Grant, Oauth2, WebhookType};
use serde_json::{Value, json};

/// A webhook of a type, with these members more; a null takes one away.
fn with(base: &Value, more: &Value) -> Value {
    let mut all = base.clone();
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn splunk() -> Value {
    json!({"url": "http://a", "type": "splunk", "splunk_token": "t0k-en"})
}

fn oauth2() -> Value {
    json!({
        "url": "http://a", "type": "oauth2", "oauth2_grant_type": "client_credentials",
        "oauth2_token_url": "https://login.example.com/token", "oauth2_client_id": "foghorn",
        "oauth2_client_secret": "s3cret", "oauth2_scopes": ["a", "b"],
    })
}

fn password() -> Value {
    with(
        &oauth2(),
        &json!({
            "oauth2_grant_type": "password", "oauth2_client_id": null, "oauth2_client_secret": null,
            "oauth2_username": "ann", "oauth2_password": "pa55",
        }),
    )
}

#[test]
fn what_a_type_needs_and_has_not_is_named() {
    let world = world();
    let cases = [
        (json!({"url": "http://a", "type": "aws-sns"}), "type"),
        (json!({"url": "http://a", "type": "google-pubsub"}), "type"),
        (with(&splunk(), &json!({"splunk_token": null})), "splunk_token"),
        (with(&splunk(), &json!({"splunk_token": ""})), "splunk_token"),
        (with(&splunk(), &json!({"splunk_token": 7})), "splunk_token"),
        (with(&splunk(), &json!({"splunk_token": "a\r\nb"})), "splunk_token"),
        (with(&splunk(), &json!({"splunk_token": "****"})), "splunk_token"),
        (with(&splunk(), &json!({"headers": {"AUTHORIZATION": "x"}})), "headers"),
        (with(&oauth2(), &json!({"oauth2_grant_type": null})), "oauth2_grant_type"),
        (with(&oauth2(), &json!({"oauth2_grant_type": "implicit"})), "oauth2_grant_type"),
        (with(&oauth2(), &json!({"oauth2_token_url": null})), "oauth2_token_url"),
        (with(&oauth2(), &json!({"oauth2_client_id": null})), "oauth2_client_id"),
        (with(&oauth2(), &json!({"oauth2_client_secret": " "})), "oauth2_client_secret"),
        (with(&oauth2(), &json!({"oauth2_scopes": "a b"})), "oauth2_scopes"),
        (with(&oauth2(), &json!({"headers": {"Authorization": "x"}})), "headers"),
        (with(&password(), &json!({"oauth2_username": null})), "oauth2_username"),
        (with(&password(), &json!({"oauth2_password": null})), "oauth2_password"),
        (with(&password(), &json!({"oauth2_client_secret": "s"})), "oauth2_client_id"),
    ];
    for (value, field) in cases {
        let made =
            world.catalog.create(Kind::Webhook, world.org, &Actor::default(), body(value.clone()));
        match made {
            Err(CatalogError::Invalid { field: named, .. }) => assert_eq!(named, field, "{value}"),
            other => panic!("{value}: {other:?}"),
        }
    }
}

#[test]
fn the_dispatcher_gets_the_type_with_all_that_it_needs() {
    let world = world();
    let made = |value| {
        let id = create(&world.catalog, Kind::Webhook, world.org, value).id;
        let view = world.catalog.view();
        view.webhooks.values().find(|it| it.id.0 == id).unwrap().webhook_type.clone()
    };
    let client = Oauth2 {
        token_url: "https://login.example.com/token".into(),
        grant: Grant::ClientCredentials,
        client_id: Some("foghorn".into()),
        client_secret: Some("s3cret".into()),
        scopes: vec!["a".into(), "b".into()],
    };
    let grant = Grant::Password { username: "ann".into(), password: "pa55".into() };
    let person = Oauth2 { grant, client_id: None, client_secret: None, ..client.clone() };
    assert_eq!(made(json!({"url": "http://a"})), WebhookType::HttpPost);
    assert_eq!(made(splunk()), WebhookType::Splunk { token: "t0k-en".into() });
    assert_eq!(made(oauth2()), WebhookType::Oauth2(client));
    assert_eq!(made(password()), WebhookType::Oauth2(person));
}

#[test]
fn a_type_is_left_and_come_back_to_without_its_members_given_again() {
    let world = world();
    let id = create(&world.catalog, Kind::Webhook, world.org, splunk()).id;
    let update = |patch: Value| -> Result<Document, CatalogError> {
        world.catalog.update(Kind::Webhook, world.org, id, &Actor::default(), body(patch))
    };
    assert!(update(json!({"type": "oauth2"})).is_err(), "it lacks the grant");
    // Custom headers may say who we are only where no type does.
    update(json!({"type": "http-post", "headers": {"Authorization": "x"}})).unwrap();
    assert!(update(json!({"type": "splunk"})).is_err());
    let shown = update(json!({"type": "splunk", "headers": {}})).unwrap().to_json(true);
    assert_eq!(shown["splunk_token"], "t0k-en");
}

#[test]
fn each_change_is_another_version_for_the_dispatcher() {
    let world = world();
    let id = create(&world.catalog, Kind::Webhook, world.org, oauth2()).id;
    let version = || world.catalog.view().webhooks.values().next().unwrap().version;
    let first = version();
    let patch = json!({"oauth2_client_secret": "another"});
    world.catalog.update(Kind::Webhook, world.org, id, &Actor::default(), body(patch)).unwrap();
    assert!(version() > first);
}

#[test]
fn its_secrets_are_masked_sealed_and_kept_when_the_mask_comes_back() {
    let world = world();
    let all = with(
        &splunk(),
        &json!({
            "splunk_token": "canary-splunk", "oauth2_client_secret": "canary-client",
            "oauth2_password": "canary-password",
        }),
    );
    let made = create(&world.catalog, Kind::Webhook, world.org, all.clone());
    let shown = made.to_json(false);
    for key in ["splunk_token", "oauth2_client_secret", "oauth2_password"] {
        assert_eq!((&shown[key], &made.to_json(true)[key]), (&json!("****"), &all[key]));
    }
    let patch = body(json!({"name": "n", "splunk_token": shown["splunk_token"]}));
    let kept =
        world.catalog.update(Kind::Webhook, world.org, made.id, &Actor::default(), patch).unwrap();
    assert_eq!(kept.to_json(true)["splunk_token"], "canary-splunk");
    let view = world.catalog.view();
    assert!(!format!("{view:?}").contains("canary"), "{view:?}");
    drop(world.catalog);
    for file in std::fs::read_dir(world.directory.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"canary"), "{}", path.display());
    }
}
