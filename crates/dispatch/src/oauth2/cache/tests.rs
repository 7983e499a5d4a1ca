use super::*;

fn key() -> TokenKey {
    TokenKey {
        org: OrgId::from_bytes([1; 16]),
        webhook: WebhookId::from_bytes([2; 16]),
        version: 1,
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp(Micros::from_secs(1_000_000 + secs).0)
}

fn granted(name: &'static str, secs: i64) -> Result<Granted, ()> {
    Ok(Granted { bearer: HeaderValue::from_static(name), lifetime: Micros::from_secs(secs) })
}

fn ticket(ask: &Ask) -> Ticket {
    match *ask {
        Ask::Fetch(ticket) => ticket,
        Ask::Use(_) | Ask::Wait(_) => panic!("no fetch: {ask:?}"),
    }
}

fn held(cache: &mut TokenCache, secs: i64) -> Token {
    let ticket = ticket(&cache.ask(key(), at(0)));
    cache.settle(key(), ticket, granted("Bearer a", secs), at(0)).unwrap()
}

#[test]
fn one_fetch_is_under_way_at_a_time_and_the_others_wait_for_it() {
    let mut cache = TokenCache::default();
    let first = ticket(&cache.ask(key(), at(0)));
    assert_eq!(cache.ask(key(), at(1)), Ask::Wait(first));
    let token = cache.settle(key(), first, granted("Bearer a", 3600), at(2)).unwrap();
    assert_eq!(token.bearer(), "Bearer a");
    assert_eq!(cache.ask(key(), at(3)), Ask::Use(token));
}

#[test]
fn a_token_is_asked_for_again_before_it_expires() {
    for (lifetime, until) in [(3600, 3540), (300, 240), (100, 80), (10, 8), (10_000_000, 86_340)] {
        let mut cache = TokenCache::default();
        let token = held(&mut cache, lifetime);
        assert_eq!(cache.ask(key(), at(until - 1)), Ask::Use(token), "{lifetime}");
        assert!(matches!(cache.ask(key(), at(until)), Ask::Fetch(_)), "{lifetime}");
    }
}

#[test]
fn its_time_begins_with_the_request_and_one_without_time_is_for_who_waits_alone() {
    let mut cache = TokenCache::default();
    let first = ticket(&cache.ask(key(), at(0)));
    assert!(cache.settle(key(), first, granted("Bearer a", 10), at(8)).is_ok());
    let second = ticket(&cache.ask(key(), at(8)));
    assert!(cache.settle(key(), second, granted("Bearer b", 0), at(8)).is_ok());
    assert!(matches!(cache.ask(key(), at(8)), Ask::Fetch(_)));
}

#[test]
fn a_failure_is_not_remembered() {
    let mut cache = TokenCache::default();
    let first = ticket(&cache.ask(key(), at(0)));
    assert_eq!(cache.settle(key(), first, Err("down"), at(1)), Err("down"));
    assert!(matches!(cache.ask(key(), at(1)), Ask::Fetch(_)));
}

#[test]
fn a_refusal_drops_the_token_that_was_refused_and_no_later_one() {
    let mut cache = TokenCache::default();
    let old = held(&mut cache, 3600);
    cache.refused(key(), &old);
    // The endpoint gives out the same one again: it is another all the same.
    let new = held(&mut cache, 3600);
    cache.refused(key(), &old);
    assert_eq!(cache.ask(key(), at(1)), Ask::Use(new));
}

#[test]
fn a_refusal_leaves_a_fetch_alone() {
    let mut cache = TokenCache::default();
    let old = held(&mut cache, 3600);
    cache.refused(key(), &old);
    let fetch = ticket(&cache.ask(key(), at(1)));
    cache.refused(key(), &old);
    assert_eq!(cache.ask(key(), at(1)), Ask::Wait(fetch));
}

#[test]
fn t06_a_token_is_of_one_org_one_webhook_and_one_version() {
    let mut cache = TokenCache::default();
    held(&mut cache, 3600);
    let others = [
        TokenKey { org: OrgId::from_bytes([9; 16]), ..key() },
        TokenKey { webhook: WebhookId::from_bytes([9; 16]), ..key() },
        TokenKey { version: 2, ..key() },
    ];
    for other in others {
        assert!(matches!(cache.ask(other, at(1)), Ask::Fetch(_)), "{other:?}");
    }
}

#[test]
fn what_comes_of_a_fetch_for_a_webhook_that_has_changed_is_not_held() {
    let mut cache = TokenCache::default();
    let first = ticket(&cache.ask(key(), at(0)));
    cache.retain(|_| false);
    let second = ticket(&cache.ask(key(), at(1)));
    assert!(cache.settle(key(), first, granted("Bearer a", 3600), at(2)).is_ok());
    assert_eq!(cache.ask(key(), at(2)), Ask::Wait(second));
    assert_eq!(cache.settle(key(), second, Err(()), at(3)), Err(()));
    assert!(matches!(cache.ask(key(), at(3)), Ask::Fetch(_)));
}

#[test]
fn a_fetch_that_never_ends_is_given_up() {
    let mut cache = TokenCache::default();
    let lost = ticket(&cache.ask(key(), at(0)));
    assert_eq!(cache.ask(key(), at(29)), Ask::Wait(lost));
    assert_ne!(ticket(&cache.ask(key(), at(30))), lost);
}
