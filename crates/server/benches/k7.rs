//! Whether what is compared with a secret takes as long whatever is shown (K7 of
//! `docs/security.md`): a gate, and no test, since clocks are noisy.
//!
//! As dudect has it (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): each
//! comparison is shown, in an order by chance, texts whose first half is right and texts whose first
//! half is another, and Welch's t tells whether the two take differently long. The slowest are left
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
use md5::{Digest, Md5};
use serde_json::json;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

/// Beyond this, times differ by more than chance (dudect: "probably not constant time").
const T_MAX: f64 = 10.0;
/// And by less than this they tell nobody anything: an end at the first difference over half of
/// the shortest tag, eight bytes, is worth several times as much. A processor that reads one text
/// a fraction faster than another is not told from a leak by more measurements.
const NANOS_MIN: f64 = 1.0;
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

/// What is shown, in pairs: with its first half right, and with another.
type Shown = Vec<[Vec<u8>; 2]>;

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

    /// How the times of the two kinds differ, at the threshold where that is surest.
    fn difference(&self, dice: &mut Dice) -> Difference {
        let mut place = vec![0; self.shown[0][0].len()];
        let mut took = Vec::with_capacity(MEASUREMENTS);
        for number in 0..WARMING + MEASUREMENTS {
            let thrown = dice.next();
            let kind = (thrown & 1) as usize;
            place.copy_from_slice(&self.shown[(thrown >> 1) as usize % SHOWN][kind]);
            // It has come before the clock is read, wherever it came from.
            black_box(place.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
            let shown = black_box(&place[..]);
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
        let differences = KEPT.map(|share| welch(&took, at_most(share)));
        differences
            .into_iter()
            .max_by(|one, other| {
                (one.tells(), one.t).partial_cmp(&(other.tells(), other.t)).unwrap()
            })
            .unwrap()
    }
}

/// How the times of two kinds differ.
#[derive(Clone, Copy)]
struct Difference {
    /// Welch's t, without its sign.
    t: f64,
    nanos: f64,
}

impl Difference {
    fn tells(self) -> bool {
        self.t > T_MAX && self.nanos > NANOS_MIN
    }
}

/// How the times differ of those that took no longer than this.
fn welch(took: &[(usize, f64)], at_most: f64) -> Difference {
    let of = |wanted: usize| {
        let times = || took.iter().filter(|(kind, it)| *kind == wanted && *it <= at_most);
        let count = times().count() as f64;
        let mean = times().map(|(_, it)| it).sum::<f64>() / count;
        let variance = times().map(|(_, it)| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((one, error_of_one), (other, error_of_other)) = (of(0), of(1));
    let (nanos, error) = ((one - other).abs(), (error_of_one + error_of_other).sqrt());
    // Where a clock is so coarse that all take the same, nothing differs.
    Difference { t: if error > 0.0 { nanos / error } else { 0.0 }, nanos }
}

/// Texts of which half is right, and texts with another half in its place, always the same one:
/// what a processor learns of a text that comes again, it learns of both. Their second half is by
/// chance. `like` gives what may stand in a place, and `written` makes the text of it.
fn halves(
    right: &[u8],
    mut like: impl FnMut(u8) -> u8,
    written: impl Fn(&[u8]) -> Vec<u8>,
) -> Shown {
    let (half, rest) = right.split_at(right.len() / 2);
    let mut other = || half.iter().map(|it| like(*it)).collect::<Vec<u8>>();
    let mut wrong = other();
    while wrong == half {
        wrong = other();
    }
    let mut text = |half: &[u8]| loop {
        let drawn: Vec<u8> = rest.iter().map(|it| like(*it)).collect();
        if drawn != rest {
            return written(&[half, &drawn].concat());
        }
    };
    std::iter::repeat_with(|| [text(half), text(&wrong)]).take(SHOWN).collect()
}

/// Of bytes, written somehow.
fn by_bytes(dice: &mut Dice, right: &[u8], written: impl Fn(&[u8]) -> Vec<u8>) -> Shown {
    halves(right, |_| dice.next() as u8, written)
}

/// Of characters, each replaced by one of its kind.
fn by_characters(dice: &mut Dice, right: &str) -> Shown {
    let (kept, right) = right.as_bytes().split_at(right.find('_').map_or(0, |at| at + 1));
    let written = |text: &[u8]| [kept, text].concat();
    halves(right, |it| dice.like(it), written)
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
    println!("{MEASUREMENTS} times each; fails beyond t {T_MAX} and {NANOS_MIN} ns\n");
    let mut holds = true;
    for comparison in &comparisons {
        let (mut told, mut tells) = (String::new(), true);
        for _ in 0..ROUNDS {
            let difference = comparison.difference(dice);
            let Difference { t, nanos } = difference;
            told.push_str(&format!("  t {t:6.1}, {nanos:5.2} ns"));
            tells &= difference.tells();
            // Once is enough of what is as it should be.
            if tells == comparison.leaks {
                break;
            }
        }
        let verdict = match (tells, comparison.leaks) {
            (false, false) => "",
            (true, true) => "  found out, as it must be",
            (true, false) => "  FAILS: it tells how much is right",
            (false, true) => "  FAILS: it tells, and was not found out",
        };
        println!("{:34}{told}{verdict}", comparison.name);
        holds &= tells == comparison.leaks;
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
    let actor = Actor::default();
    let (admin, org, _) = catalog.set_up("a@example.com", patch, "Bench", None, &actor).unwrap();
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

    let shown = by_bytes(dice, &tag, <[u8]>::to_vec);
    let naively = move |shown: &[u8]| naive(&tag, shown);
    all.push(Comparison::new("control: 16 bytes, byte by byte", shown, naively).that_leaks());
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
