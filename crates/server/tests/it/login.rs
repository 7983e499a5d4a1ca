//! People: the first administrator, logging in, second factors, tokens of one's own, invitations.

use crate::process::{World, exchange, until};
use serde_json::{Value, json};
use std::time::SystemTime;

pub const PASSWORD: &str = "correct horse battery";
const JSON: &str = "Content-Type: application/json";

/// A person at a browser.
pub struct Browser<'w> {
    world: &'w World,
    pub cookie: String,
    csrf: String,
}

impl<'w> Browser<'w> {
    pub fn log_in(world: &'w World, login: &Value) -> Result<(Self, Value), (u16, Value)> {
        let body = login.to_string();
        let (status, head, answer) =
            exchange(world.api, "POST", "login", &[JSON], body.as_bytes()).unwrap();
        if status != 200 {
            return Err((status, answer));
        }
        let cookie = |name: &str| {
            let set = head.lines().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                let value = value.strip_prefix(name)?.strip_prefix('=')?;
                key.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap())
            });
            set.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
        };
        let session = head.lines().find(|line| line.contains("sessionid=")).unwrap();
        assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
        let (cookie, csrf) = (cookie("sessionid"), cookie("csrftoken"));
        Ok((Self { world, cookie, csrf }, answer))
    }

    /// A request of a page of the host itself.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.ask_with(method, path, body, &[&format!("X-CSRFToken: {}", self.csrf)])
    }

    fn ask_with(&self, method: &str, path: &str, body: &Value, more: &[&str]) -> (u16, Value) {
        let cookie = format!("Cookie: other=1; sessionid={}", self.cookie);
        let headers = [&[cookie.as_str(), JSON], more].concat();
        let body = body.to_string();
        let (status, _, answer) =
            exchange(self.world.api, method, path, &headers, body.as_bytes()).unwrap();
        (status, answer)
    }
}

/// A server on which nobody is but the one who set it up.
pub fn set_up() -> World {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::over(directory, ["", "", ""]);
    world.serve(&[]);
    let shown = |log: String| Some(log.split_once("token=\"")?.1.split_once('"')?.0.to_owned());
    until("the token", || shown(world.log()).is_some());
    let token = shown(world.log()).unwrap();
    let setup = |token: &str| {
        let body = json!({
            "token": token, "email": "Ops@example.net", "password": PASSWORD,
            "first_name": "Olga", "last_name": "Peters", "org_name": "Acme", "site_name": "HQ",
        });
        exchange(world.api, "POST", "setup", &[JSON], body.to_string().as_bytes()).unwrap()
    };
    assert_eq!(setup("fh_nonsense").0, 403);
    let (status, _, made) = setup(&token);
    assert_eq!(status, 200, "{made}");
    assert_eq!(setup(&token).0, 404, "a second time");
    world.org = made["org_id"].as_str().unwrap().to_owned();
    world.site = made["site_id"].as_str().unwrap().to_owned();
    world
}

pub fn login(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

#[test]
fn u07_nobody_is_there_until_the_token_of_the_first_start_is_shown() {
    let world = set_up();
    let (browser, answer) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    assert_eq!(answer["privileges"][0]["org_id"], world.org.as_str(), "{answer}");
    assert_eq!(answer["two_factor_required"], false);
    let (status, me) = browser.ask("GET", "self", &json!({}));
    assert_eq!((status, &me["email"]), (200, &json!("ops@example.net")));
    // As after `foghorn init`, every alarm is told.
    let (_, org) = browser.ask("GET", &format!("orgs/{}", world.org), &json!({}));
    let template = org["alarmtemplate_id"].as_str().unwrap();
    let path = format!("orgs/{}/alarmtemplates/{template}", world.org);
    let (_, template) = browser.ask("GET", &path, &json!({}));
    assert_eq!(template["rules"]["device_down"]["enabled"], true, "{template}");
    // With a person there, a start shows no token.
    let mut world = world;
    world.server.as_mut().unwrap().terminate();
    std::fs::remove_file(world.path("serve.log")).unwrap();
    world.serve(&[]);
    assert!(!world.log().contains("token"), "{}", world.log());
}

#[test]
fn what_somebody_does_to_itself_its_orgs_are_told() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let ask = |method: &str, path: &str, body: Value| {
        let (status, answer) = browser.ask(method, path, &body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    };
    ask("PUT", "self", json!({"first_name": "Ola"}));
    let password = json!({"password": "quite another one", "current_password": PASSWORD});
    let made = ask("POST", "self/apitokens", json!({"name": "script"}));
    let token = format!("self/apitokens/{}", made["id"].as_str().unwrap());
    ask("PUT", &token, json!({"name": "cron"}));
    ask("DELETE", &token, json!({}));
    let invite = json!({
        "email": "desk@example.net", "privileges": [{"scope": "org", "role": "read"}],
    });
    let invite = ask("POST", &format!("orgs/{}/invites", world.org), invite);
    let path = format!("orgs/{}/invites/{}", world.org, invite["id"].as_str().unwrap());
    ask("DELETE", &path, json!({}));
    ask("PUT", "self", password);
    let (browser, _) =
        Browser::log_in(&world, &login("ops@example.net", "quite another one")).unwrap();
    let path = format!("orgs/{}/logs?limit=100", world.org);
    let wanted = [
        ("Update Admin", json!({"first_name": "Olga"}), json!({"first_name": "Ola"})),
        ("Add User Token \"script\"", Value::Null, json!({"name": "script"})),
        ("Update User Token \"cron\"", json!({"name": "script"}), json!({"name": "cron"})),
        ("Delete User Token \"cron\"", json!({"name": "cron"}), Value::Null),
        ("Invite Admin \"desk@", Value::Null, json!("\"role\":\"read\"")),
        ("Revoke Invite \"desk@", json!("\"role\":\"read\""), Value::Null),
        ("Update Admin", json!({"password": "****"}), json!({"password": "****"})),
    ];
    let told = |logs: &Value| {
        let rows = logs["results"].as_array().unwrap();
        let holds = |row: &Value, side: &str, wanted: &Value| match wanted {
            Value::Null => row[side].is_null(),
            Value::String(part) => row[side].to_string().contains(part),
            whole => row[side] == *whole,
        };
        wanted.iter().all(|(message, before, after)| {
            rows.iter().any(|row| {
                row["message"].as_str().unwrap().starts_with(message)
                    && row["src_ip"].is_string()
                    && holds(row, "before", before)
                    && holds(row, "after", after)
            })
        })
    };
    until("the audits", || told(&browser.ask("GET", &path, &json!({})).1));
}

#[test]
fn what_people_prove_themselves_by_stands_nowhere() {
    let mut world = set_up();
    world.server.as_mut().unwrap().terminate();
    world.serve_with(&[], &[("FOGHORN_LOG", "trace")]);
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let session = browser.cookie.clone();
    let (_, offered) = browser.ask("GET", "self/two_factor/token", &json!({}));
    let factor = offered["two_factor_secret"].as_str().unwrap().to_owned();
    let (_, token) = browser.ask("POST", "self/apitokens", &json!({"name": "script"}));
    let token = token["key"].as_str().unwrap().to_owned();
    assert!(session.len() >= 16 && factor.len() >= 16 && token.len() >= 16);
    assert!(world.server.as_mut().unwrap().terminate());
    world.hides(&[PASSWORD, &session, &factor, &token]);
}

#[test]
fn u04_a_page_of_somebody_else_changes_nothing() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let path = format!("orgs/{}", world.org);
    let change = json!({"name": "Changed"});
    let ask = |more: &[&str]| browser.ask_with("PUT", &path, &change, more);
    let csrf = format!("X-CSRFToken: {}", browser.csrf);
    assert_eq!(ask(&[]).0, 403);
    assert_eq!(ask(&["X-CSRFToken: 00"]).0, 403);
    assert_eq!(ask(&[&csrf, "Origin: https://evil.example"]).0, 403);
    assert_eq!(ask(&[&csrf, "Origin: null"]).0, 403);
    assert_eq!(browser.ask("GET", &path, &json!({})).1["name"], "Acme");
    assert_eq!(ask(&[&csrf, &format!("Origin: http://{}", world.api)]).0, 200);
    // A form cannot log anybody in.
    let form = ["Content-Type: text/plain"];
    let body = login("ops@example.net", PASSWORD).to_string();
    assert_eq!(exchange(world.api, "POST", "login", &form, body.as_bytes()).unwrap().0, 415);

    assert_eq!(browser.ask("POST", "logout", &json!({})).0, 200);
    assert_eq!(browser.ask("GET", "self", &json!({})).0, 401);
}

#[test]
fn guessing_has_to_wait() {
    let world = set_up();
    let guess = |email: &str, password: &str| {
        Browser::log_in(&world, &login(email, password)).map(drop).map_err(|it| it.0)
    };
    for _ in 0..3 {
        assert_eq!(guess("ops@example.net", "wrong password"), Err(400));
        assert_eq!(guess("nobody@example.net", "wrong password"), Err(400));
    }
    assert_eq!(guess("ops@example.net", PASSWORD), Err(429));
    assert_eq!(guess("nobody@example.net", PASSWORD), Err(429));
    assert!(!world.log().contains(PASSWORD) && !world.log().contains("wrong password"));
}

#[test]
fn a_second_factor_is_asked_for_once_it_is_verified() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let (_, offered) = browser.ask("GET", "self/two_factor/token", &json!({}));
    let secret = offered["two_factor_secret"].as_str().unwrap().to_owned();
    // It is not in force before a code of it was shown.
    assert_eq!(
        Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap().1["two_factor_required"],
        false
    );
    let verify =
        |code: &str| browser.ask("POST", "self/two_factor/verify", &json!({"two_factor": code}));
    assert_eq!(verify("000000").0, 400);
    let (_, offered) = browser.ask("GET", "self/two_factor/token", &json!({}));
    assert_ne!(offered["two_factor_secret"], secret.as_str(), "each is offered once");
    let secret = offered["two_factor_secret"].as_str().unwrap().to_owned();
    let used = code(&secret, 0);
    assert_eq!(verify(&used), (200, Value::Null));

    let (waiting, answer) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let told = (&answer["two_factor_passed"], &answer["privileges"]);
    assert_eq!(told, (&json!(false), &Value::Null));
    assert_eq!(waiting.ask("GET", "self", &json!({})).0, 401);
    let show = |code: &str| waiting.ask("POST", "login/two_factor", &json!({"two_factor": code}));
    assert_eq!(show("nonsense").0, 400);
    assert_eq!(show(&used).0, 400, "it was used");
    assert_eq!(show(&code(&secret, 1)).0, 200);
    assert_eq!(waiting.ask("GET", "self", &json!({})).0, 200);
    // Nor by the password alone, nor by another factor.
    let basic = basic("ops@example.net", PASSWORD);
    assert_eq!(exchange(world.api, "GET", "self", &[&basic], b"").unwrap().0, 401);
    let (_, offered) = waiting.ask("GET", "self/two_factor/token", &json!({}));
    let other = code(offered["two_factor_secret"].as_str().unwrap(), 0);
    let asked = waiting.ask("POST", "self/two_factor/verify", &json!({"two_factor": other}));
    assert_eq!((asked.0, &asked.1["field"]), (400, &json!("two_factor_old")));
}

#[test]
fn an_invitation_is_no_way_around_a_second_factor() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let (_, offered) = browser.ask("GET", "self/two_factor/token", &json!({}));
    let secret = offered["two_factor_secret"].as_str().unwrap();
    let confirm = json!({"two_factor": code(secret, 0)});
    assert_eq!(browser.ask("POST", "self/two_factor/verify", &confirm).0, 200);
    let invite = json!({
        "email": "ops@example.net", "privileges": [{"scope": "org", "role": "admin"}],
    });
    let (_, invited) = browser.ask("POST", &format!("orgs/{}/invites", world.org), &invite);
    let accept = |more: Value| {
        let mut body = json!({"token": invited["token"], "password": PASSWORD});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = body.to_string();
        exchange(world.api, "POST", "invites/accept", &[JSON], body.as_bytes()).unwrap().0
    };
    assert_eq!(accept(json!({"password": "a guess of it"})), 400);
    assert_eq!(accept(json!({})), 400);
    let used = code(secret, 1);
    assert_eq!(accept(json!({"two_factor": used})), 200);
    assert_eq!(accept(json!({"two_factor": used})), 404);
    // All at once, with a code that was used.
    let mut at_once = login("ops@example.net", PASSWORD);
    at_once["two_factor"] = used.into();
    assert_eq!(Browser::log_in(&world, &at_once).map(drop).unwrap_err().0, 400);
}

#[test]
fn lists_of_people_tokens_senders_and_networks_have_pages() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let (org, site) = (format!("orgs/{}", world.org), format!("sites/{}", world.site));
    let mut key = String::new();
    for name in ["a", "b"] {
        let invite = json!({
            "email": format!("{name}@example.net"),
            "privileges": [{"scope": "org", "role": "read"}],
        });
        let (status, answer) = browser.ask("POST", &format!("{org}/invites"), &invite);
        assert_eq!(status, 200, "{answer}");
        let (_, made) = browser.ask("POST", "self/apitokens", &json!({"name": name}));
        key = format!("Authorization: Token {}", made["key"].as_str().unwrap());
        let wlan = json!({"ssid": name, "auth": {"type": "open"}});
        let (status, answer) = browser.ask("POST", &format!("{site}/wlans"), &wlan);
        assert_eq!(status, 200, "{answer}");
    }
    for (path, total) in [
        (format!("{org}/admins"), 1),
        (format!("{org}/invites"), 2),
        (format!("{org}/inventory/unclaimed"), 0),
        ("self/apitokens".into(), 2),
        (format!("{site}/wlans/derived"), 2),
    ] {
        let ask = |query: &str| {
            exchange(world.api, "GET", &format!("{path}{query}"), &[&key], b"").unwrap()
        };
        let (_, _, all) = ask("");
        assert_eq!(all.as_array().map(Vec::len), Some(total), "{path}: {all}");
        let (_, head, second) = ask("?limit=1&page=2");
        let rest: Vec<_> = all.as_array().unwrap().iter().skip(1).cloned().collect();
        assert_eq!(second, json!(rest), "{path}");
        let total = format!("x-page-total: {total}");
        for header in ["x-page-limit: 1", "x-page-page: 2", &total] {
            assert!(head.lines().any(|line| line == header), "{path}: {head}");
        }
        let (status, _, refused) = ask("?limit=0");
        assert_eq!((status, &refused["field"]), (400, &json!("limit")), "{path}");
    }
}

#[test]
fn a_token_of_ones_own_may_what_one_may() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let (_, made) = browser.ask("POST", "self/apitokens", &json!({"name": "script"}));
    let key = format!("Authorization: Token {}", made["key"].as_str().unwrap());
    let ask = |method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        let asked = exchange(world.api, method, path, &[&key], body.as_bytes()).unwrap();
        (asked.0, asked.2)
    };
    assert_eq!(ask("GET", "self", &json!({})).1["email"], "ops@example.net");
    // A second org, of which it is the administrator at once.
    let (status, org) = ask("POST", "orgs", &json!({"name": "Second"}));
    assert_eq!(status, 200, "{org}");
    let second = format!("orgs/{}", org["id"].as_str().unwrap());
    assert_eq!(ask("PUT", &second, &json!({"name": "2nd"})).0, 200);
    assert_eq!(ask("DELETE", &second, &json!({})).0, 200);
    assert_eq!(ask("GET", &second, &json!({})).0, 404);

    let (_, listed) = ask("GET", "self/apitokens", &json!({}));
    assert_ne!(listed[0]["key"], made["key"]);
    let one = format!("self/apitokens/{}", made["id"].as_str().unwrap());
    assert_eq!(browser.ask("PUT", &one, &json!({"name": "renamed"})).1["name"], "renamed");
    // What lets one in is not a token's to change.
    for (method, path) in
        [("PUT", "self"), ("GET", "self/two_factor/token"), ("POST", "self/apitokens")]
    {
        let body = json!({"password": "a password of a thief", "name": "more"});
        assert_eq!(ask(method, path, &body).0, 403, "{method} {path}");
    }
    assert_eq!(browser.ask("DELETE", &one, &json!({})).0, 200);
    assert_eq!(ask("GET", "self", &json!({})).0, 401);
    assert_eq!(
        exchange(world.api, "GET", "self", &[&basic("ops@example.net", PASSWORD)], b"").unwrap().0,
        200
    );
    // A new password ends what the old one began.
    for current in [Value::Null, json!("not the one")] {
        let change = json!({"password": "another long one", "current_password": current});
        let (status, refused) = browser.ask("PUT", "self", &change);
        assert_eq!((status, &refused["field"]), (400, &json!("current_password")), "{refused}");
    }
    let change = json!({"password": "another long one", "current_password": PASSWORD});
    assert_eq!(browser.ask("PUT", "self", &change).0, 200);
    assert_eq!(browser.ask("GET", "self", &json!({})).0, 401);
    assert!(Browser::log_in(&world, &login("ops@example.net", "another long one")).is_ok());
    assert_eq!(secrets_on_disk(&world), Vec::<String>::new());
}

#[test]
fn whoever_is_invited_may_what_the_invitation_says() {
    let world = set_up();
    let (browser, _) = Browser::log_in(&world, &login("ops@example.net", PASSWORD)).unwrap();
    let org = format!("orgs/{}", world.org);
    let invite = json!({
        "email": "desk@example.net", "first_name": "Dana", "last_name": "Desk",
        "privileges": [{"scope": "org", "role": "read"}],
    });
    let (status, invited) = browser.ask("POST", &format!("{org}/invites"), &invite);
    assert_eq!(status, 200, "{invited}");
    let pending = || browser.ask("GET", &format!("{org}/invites"), &json!({})).1;
    let told = pending();
    let (one, left) = told.as_array().unwrap().split_first().unwrap();
    assert_eq!((&one["id"], left.len()), (&invited["id"], 0), "{told}");
    assert_eq!((&one["email"], &one["token"]), (&json!("desk@example.net"), &Value::Null));
    let path = format!("{org}/invites/{}", invited["id"].as_str().unwrap());
    let longer = json!({"first_name": "Dora", "hours": 48});
    assert_eq!(browser.ask("PUT", &path, &longer).0, 200);
    assert_eq!(pending()[0]["first_name"], "Dora");
    assert!(pending()[0]["expire_time"].as_i64() > one["expire_time"].as_i64());
    let to_another = json!({"email": "other@example.net"});
    assert_eq!(browser.ask("PUT", &path, &to_another).1["field"], "email");
    let accept = |token: &Value| {
        let body = json!({"token": token, "password": "a desk of my own"}).to_string();
        exchange(world.api, "POST", "invites/accept", &[JSON], body.as_bytes()).unwrap().0
    };
    assert_eq!(accept(&json!("fh_nonsense")), 404);
    assert_eq!((accept(&invited["token"]), accept(&invited["token"])), (200, 404));
    assert_eq!(pending(), json!([]));
    let login = login("desk@example.net", "a desk of my own");
    let (desk, _) = Browser::log_in(&world, &login).unwrap();
    assert_eq!(desk.ask("GET", &org, &json!({})).0, 200);
    assert_eq!(desk.ask("PUT", &org, &json!({"name": "x"})).0, 403);

    let (_, admins) = browser.ask("GET", &format!("{org}/admins"), &json!({}));
    let id = admins.as_array().unwrap().iter().find(|it| it["email"] == "desk@example.net");
    let admin = format!("{org}/admins/{}", id.unwrap()["admin_id"].as_str().unwrap());
    let more = json!({"privileges": [{"scope": "org", "role": "write"}]});
    assert_eq!(browser.ask("PUT", &admin, &more).0, 200);
    assert_eq!(desk.ask("PUT", &org, &json!({"name": "Acme & Co"})).0, 200);
    // Nothing else than is said, and nowhere else.
    let elsewhere = "00000000-0000-4000-8000-000000000001";
    for privilege in [
        json!({"scope": "sitegroup", "role": "admin"}),
        json!({"role": "admin", "site_id": world.site}),
        json!({"scope": "org", "site_id": world.site, "role": "admin"}),
        json!({"scope": "site", "site_id": elsewhere, "role": "admin"}),
    ] {
        let asked = browser.ask("PUT", &admin, &json!({"privileges": [privilege]}));
        assert_eq!((asked.0, &asked.1["field"]), (400, &json!("privileges")), "{privilege}");
    }
    // An invitation that lies about is no way back.
    let (_, again) = browser.ask("POST", &format!("{org}/invites"), &invite);
    assert_eq!(browser.ask("DELETE", &admin, &json!({})).0, 200);
    assert_eq!(accept(&again["token"]), 404);
    let mine = admins.as_array().unwrap().iter().find(|it| it["email"] == "ops@example.net");
    let mine = format!("{org}/admins/{}", mine.unwrap()["admin_id"].as_str().unwrap());
    assert_eq!(browser.ask("DELETE", &mine, &json!({})).0, 400, "the last one stays");
    assert_eq!(desk.ask("GET", &org, &json!({})).0, 404, "at once");
    let (status, refused) = browser.ask("DELETE", "self", &json!({}));
    assert_eq!((status, &refused["org_id"]), (400, &json!(world.org)), "the last one stays");
    assert_eq!(desk.ask("DELETE", "self", &json!({})).0, 200);
    assert_eq!(desk.ask("GET", "self", &json!({})).0, 401);
    assert_eq!(Browser::log_in(&world, &login).map(drop).unwrap_err().0, 400);
    // What one did oneself, and nobody else.
    let own = || browser.ask("GET", "self/logs", &json!({})).1;
    until("one's own log", || own()["results"].to_string().contains("Revoke Admin"));
    let told = own();
    let doers = told["results"].as_array().unwrap().iter().map(|row| row["admin_name"].clone());
    assert!(doers.clone().all(|name| name == "Olga Peters ops@example.net"), "{told}");
    assert_eq!((&told["page"], &told["limit"]), (&json!(1), &json!(100)), "{told}");
    let counted = browser.ask("GET", "self/logs/count?distinct=message", &json!({})).1;
    assert!(counted["total"].as_u64().unwrap() > 3, "{counted}");
    // All of it stands in the audit log.
    let logs = || browser.ask("GET", &format!("{org}/logs"), &json!({})).1;
    until("the audit log", || logs()["results"].to_string().contains("Revoke Admin"));
    let told = logs()["results"].to_string();
    for message in
        ["Login with Role \\\"read\\\"", "Invite Admin", "Add Admin", "Update Admin", "Acme & Co"]
    {
        assert!(told.contains(message), "{message}: {told}");
    }
}

/// Which of the secrets of these tests stand in a file of the data directory.
fn secrets_on_disk(world: &World) -> Vec<String> {
    let secrets = [PASSWORD, "another long one"];
    let files = std::fs::read_dir(world.path("data")).unwrap();
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let texts = files.map(|path| std::fs::read(path).unwrap());
    texts
        .flat_map(|bytes| {
            let holds = |it: &&&str| bytes.windows(it.len()).any(|part| part == it.as_bytes());
            secrets.iter().filter(holds).map(ToString::to_string).collect::<Vec<_>>()
        })
        .collect()
}

fn basic(email: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}"));
    format!("Authorization: Basic {pair}")
}

/// The code of now, or of so many steps later, as an authenticator makes it.
fn code(secret: &str, later: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let factor = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    factor.generate(now + 30 * later).to_string()
}
