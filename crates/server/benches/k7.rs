//! Whether what is compared with a secret takes as long whatever is shown (K7 of
//! `docs/security.md`): a gate, and no test, since clocks are noisy.
//!
//! As dudect has it (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): each
//! comparison is shown, in an order by chance, texts whose first half is right and texts of which
//! nothing is, and Welch's t tells whether the two take differently long. The slowest are left
//! out at several thresholds, since they tell of the machine. Both kinds are copied to one place
//! before the clock is read, and are made of the same characters at the same places as far as
//! reading them may branch by that; what differs is how much of the secret they have.
//!
//! Two comparisons that end at the first difference must be found out, one of them behind an HMAC
//! as in production: so it is known that the gate can fail.

#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use foghorn_catalog::{AdminPatch, Catalog, Session};
use foghorn_dispatch::sign::{Signer, Verifier};
use foghorn_ingest::radius::Packet;
use foghorn_model::{Actor, Timestamp};
use md5::Md5;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Beyond this, times differ by more than chance (dudect: "probably not constant time").
const T_MAX: f64 = 10.0;
/// Measurements of a comparison.
const MEASUREMENTS: usize = 1_000_000;
/// Measurements that are not counted, until everything is warm.
const WARMING: usize = 20_000;
/// Texts of each kind.
const SHOWN: usize = 1024;
/// A comparison fails if it does so often, one after another: what leaks, leaks each time.
const ROUNDS: usize = 3;
/// What share of all measurements is kept, the fastest.
const KEPT: [f64; 5] = [0.5, 0.75, 0.9, 0.99, 1.0];

/// Numbers by chance (splitmix64), the same in each run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn bytes(&mut self, out: &mut [u8]) {
        out.fill_with(|| self.next() as u8);
    }

    /// Another character of the same kind: reading text may branch by the kind.
    fn like(&mut self, character: u8) -> u8 {
        let (first, count) = match character {
            b'0'..=b'9' => (b'0', 10),
            b'a'..=b'f' => (b'a', 6),
            b'g'..=b'z' => (b'g', 20),
            b'A'..=b'Z' => (b'A', 26),
            other => (other, 1),
        };
        first + (self.next() % count) as u8
    }
}

/// What is shown: by kind, whether its first half is right.
type Shown = [Vec<Vec<u8>>; 2];

/// Whether what is shown fits.
type Fits<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;

/// Something that compares what is shown with a secret.
struct Comparison<'a> {
    name: &'static str,
    shown: Shown,
    /// It never does.
    fits: Fits<'a>,
    /// Whether it tells, on purpose.
    leaks: bool,
}

impl<'a> Comparison<'a> {
    fn new(name: &'static str, shown: Shown, fits: impl Fn(&[u8]) -> bool + 'a) -> Self {
        Self { name, shown, fits: Box::new(fits), leaks: false }
    }

    fn that_leaks(self) -> Self {
        Self { leaks: true, ..self }
    }

    /// Welch's t of the two kinds, the greatest of all thresholds.
    fn t(&self, dice: &mut Dice) -> f64 {
        let longest = self.shown.iter().flatten().map(Vec::len).max().unwrap();
        let mut place = vec![0; longest];
        let mut took = Vec::with_capacity(MEASUREMENTS);
        for number in 0..WARMING + MEASUREMENTS {
            let thrown = dice.next();
            let kind = (thrown & 1) as usize;
            let shown = &self.shown[kind][(thrown >> 1) as usize % SHOWN];
            place[..shown.len()].copy_from_slice(shown);
            let shown = black_box(&place[..shown.len()]);
            let begun = Instant::now();
            let fits = black_box((self.fits)(shown));
            let nanos = begun.elapsed().as_nanos() as f64;
            assert!(!fits, "{}: what is wrong fits", self.name);
            if number >= WARMING {
                took.push((kind, nanos));
            }
        }
        let mut sorted: Vec<f64> = took.iter().map(|(_, nanos)| *nanos).collect();
        sorted.sort_by(f64::total_cmp);
        let at_most = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
        KEPT.map(|share| welch(&took, at_most(share)).abs()).into_iter().fold(0.0, f64::max)
    }
}

/// Welch's t of the times of the two kinds, of those that took no longer than this.
fn welch(took: &[(usize, f64)], at_most: f64) -> f64 {
    let of = |wanted: usize| {
        let times = || took.iter().filter(|(kind, it)| *kind == wanted && *it <= at_most);
        let count = times().count() as f64;
        let mean = times().map(|(_, it)| it).sum::<f64>() / count;
        let variance = times().map(|(_, it)| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((one, error_of_one), (other, error_of_other)) = (of(0), of(1));
    let error = (error_of_one + error_of_other).sqrt();
    // Where a clock is so coarse that all take the same, nothing differs.
    if error > 0.0 { (one - other) / error } else { 0.0 }
}

/// Bytes of which the first half is right, and bytes of which nothing is, each as `written`.
fn by_bytes(dice: &mut Dice, right: &[u8], written: impl Fn(&[u8]) -> Vec<u8>) -> Shown {
    let half = right.len() / 2;
    [half, 0].map(|kept| {
        let text = || {
            let mut bytes = right.to_vec();
            dice.bytes(&mut bytes[kept..]);
            // It is wrong behind what is right, whatever the dice say.
            bytes[kept] = right[kept] ^ 0x55;
            written(&bytes)
        };
        std::iter::repeat_with(text).take(SHOWN).collect()
    })
}

/// The same of characters, each replaced by one of its kind.
fn by_characters(dice: &mut Dice, right: &str) -> Shown {
    let half = right.len() / 2;
    [half, 0].map(|kept| {
        let text = || loop {
            let mut bytes = right.as_bytes().to_vec();
            bytes[kept..].iter_mut().for_each(|it| *it = dice.like(*it));
            if bytes[kept..] != right.as_bytes()[kept..] {
                return bytes;
            }
        };
        std::iter::repeat_with(text).take(SHOWN).collect()
    })
}

fn text(shown: &[u8]) -> &str {
    std::str::from_utf8(shown).unwrap()
}

/// Ends at the first difference, as nothing of ours may.
fn naive(right: &[u8], shown: &[u8]) -> bool {
    right.len() == shown.len() && right.iter().zip(shown).all(|(a, b)| black_box(a) == black_box(b))
}

fn main() -> ExitCode {
    let dice = &mut Dice(7);
    let directory = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(directory.path(), || Timestamp(1_700_000_000_000_000)).unwrap();
    let comparisons = comparisons(&catalog, dice);
    println!("{:36} {:>8}   of {MEASUREMENTS} times, |t| at most {T_MAX}", "", "|t|");
    let mut holds = true;
    for comparison in &comparisons {
        let rounds = std::iter::repeat_with(|| comparison.t(dice)).take(ROUNDS);
        // The first round that is as it should be is enough; what leaks on purpose has one.
        let mut told = Vec::new();
        for t in rounds {
            told.push(format!("{t:.1}"));
            if t <= T_MAX || comparison.leaks {
                break;
            }
        }
        let last: f64 = told.last().unwrap().parse().unwrap();
        let is_fine = (last > T_MAX) == comparison.leaks;
        let verdict = match (is_fine, comparison.leaks) {
            (true, false) => "",
            (true, true) => "found out, as it must be",
            (false, false) => "FAILS: it tells how much is right",
            (false, true) => "FAILS: it tells, and was not found out",
        };
        println!("{:36} {:>8}   {verdict}", comparison.name, told.join(" "));
        holds &= is_fine;
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All that stands between a caller and what only a secret opens.
fn comparisons<'a>(catalog: &'a Catalog, dice: &mut Dice) -> Vec<Comparison<'a>> {
    let mut all = Vec::new();
    of_keys(catalog, dice, &mut all);
    of_signatures(catalog, dice, &mut all);
    all
}

/// Tokens, sessions and what goes with them.
fn of_keys<'a>(catalog: &'a Catalog, dice: &mut Dice, all: &mut Vec<Comparison<'a>>) {
    let patch =
        AdminPatch { password: Some("correct horse battery".into()), ..AdminPatch::default() };
    let (admin, org, _) = catalog.set_up("a@example.com", patch, "Bench", None).unwrap();
    let scope = foghorn_catalog::Scope { org, site: None };
    let body = json!({ "name": "t", "privileges": [{ "scope": "org", "role": "read" }] });
    let body = body.as_object().unwrap().clone();
    let (token, _) = catalog.create_token(scope, &Actor::default(), body).unwrap();
    assert!(catalog.authenticate(&token.key).is_some());
    let authenticate = |shown: &[u8]| catalog.authenticate(text(shown)).is_some();
    all.push(Comparison::new("token", by_characters(dice, &token.key), authenticate));

    let session = catalog.begin_session(&admin, true, &Actor::default()).unwrap().unwrap();
    assert!(catalog.session(&session.key).unwrap().is_some());
    let look_up = |shown: &[u8]| catalog.session(text(shown)).unwrap().is_some();
    all.push(Comparison::new("session", by_characters(dice, &session.key), look_up));

    assert!(Session::csrf_fits(&session.key, &session.csrf));
    let shown = by_characters(dice, &session.csrf);
    let fits = move |shown: &[u8]| Session::csrf_fits(&session.key, text(shown));
    all.push(Comparison::new("CSRF token", shown, fits));
}

/// Signatures of webhooks, places in a search, and RADIUS.
fn of_signatures<'a>(catalog: &'a Catalog, dice: &mut Dice, all: &mut Vec<Comparison<'a>>) {
    const SECRET: &str = "s3cret";
    const AT: i64 = 1_700_000_000;
    let body = br#"{"topic":"ping","events":[{"id":"1","name":"a webhook","timestamp":1}]}"#;
    let (signer, id) = (Signer::new(Some(SECRET)), uuid_of(dice));
    let signed = signer.headers(id, AT, body);
    let verifier = Verifier::new(SECRET);

    let right = signed.mist_v2().unwrap();
    assert!(verifier.mist_v2(body, right).is_ok());
    let shown = by_characters(dice, right);
    let its = verifier.clone();
    let fits = move |shown: &[u8]| its.mist_v2(body, text(shown)).is_ok();
    all.push(Comparison::new("X-Mist-Signature-V2", shown, fits));

    let shown = by_characters(dice, right);
    let naively = move |shown: &[u8]| {
        naive(signer.headers(id, AT, body).mist_v2().unwrap().as_bytes(), shown)
    };
    let control = Comparison::new("control: the same, byte by byte", shown, naively);

    let right = signed.mist_v1().unwrap();
    assert!(verifier.mist_v1(body, right).is_ok());
    let shown = by_characters(dice, right);
    let its = verifier.clone();
    let fits = move |shown: &[u8]| its.mist_v1(body, text(shown)).is_ok();
    all.push(Comparison::new("X-Mist-Signature", shown, fits));

    let right = STANDARD.decode(&signed.standard().unwrap()[3..]).unwrap();
    let (id, timestamp) = (signed.id().to_owned(), signed.timestamp().to_owned());
    assert!(verifier.standard(&id, &timestamp, body, signed.standard().unwrap(), AT).is_ok());
    let shown = by_bytes(dice, &right, |tag| format!("v1,{}", STANDARD.encode(tag)).into_bytes());
    let fits =
        move |shown: &[u8]| verifier.standard(&id, &timestamp, body, text(shown), AT).is_ok();
    all.push(Comparison::new("webhook-signature", shown, fits));

    let (bound_to, payload) = (["search", "org", "path"], [7; 16]);
    let right = catalog.signed(&bound_to, &payload);
    assert!(catalog.opened(&bound_to, &right).is_some());
    let tag = URL_SAFE_NO_PAD.decode(&right).unwrap().split_off(payload.len());
    let shown = by_bytes(dice, &tag, |tag| {
        URL_SAFE_NO_PAD.encode([&payload[..], tag].concat()).into_bytes()
    });
    let fits = move |shown: &[u8]| catalog.opened(&bound_to, text(shown)).is_some();
    all.push(Comparison::new("place in a search", shown, fits));

    let packet = accounting(SECRET.as_bytes());
    assert!(Packet::parse(&packet).unwrap().verify(SECRET.as_bytes()).is_ok());
    let shown = by_bytes(dice, &packet[4..20], |authenticator| {
        [&packet[..4], authenticator, &packet[20..]].concat()
    });
    let fits = |shown: &[u8]| Packet::parse(shown).unwrap().verify(SECRET.as_bytes()).is_ok();
    all.push(Comparison::new("RADIUS authenticator", shown, fits));

    let right: [u8; 32] = Sha256::digest(SECRET).into();
    let shown = by_bytes(dice, &right, <[u8]>::to_vec);
    let naively = move |shown: &[u8]| naive(&right, shown);
    all.push(Comparison::new("control: 32 bytes, byte by byte", shown, naively).that_leaks());
    all.push(control.that_leaks());
}

fn uuid_of(dice: &mut Dice) -> uuid::Uuid {
    let mut bytes = [0; 16];
    dice.bytes(&mut bytes);
    uuid::Uuid::from_bytes(bytes)
}

/// An accounting request (RFC 2866, 3) with a user and a session.
fn accounting(secret: &[u8]) -> Vec<u8> {
    let mut packet = vec![4, 1, 0, 0];
    packet.extend([0; 16]);
    for (kind, value) in [(1, "alice"), (44, "session 1")] {
        packet.extend([kind, value.len() as u8 + 2]);
        packet.extend(value.bytes());
    }
    let length = (packet.len() as u16).to_be_bytes();
    packet[2..4].copy_from_slice(&length);
    let authenticator = Md5::new().chain_update(&packet).chain_update(secret).finalize();
    packet[4..20].copy_from_slice(&authenticator);
    packet
}
