//! Replays the corpus of every target, and mutations of it by fixed chance.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use foghorn_fuzz::TARGETS;
use std::path::{Path, PathBuf};

/// Mutations of each file.
const MUTATIONS: u64 = 2000;
/// No input is longer.
const BYTES_MAX: usize = 64 << 10;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files =
        std::fs::read_dir(&directory).unwrap_or_else(|_| panic!("{directory:?} is missing"));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// A multiplicative generator: enough to reach odd corners, the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, max: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from((self.0 >> 33) % max.max(1) as u64).unwrap()
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const ODD: [&[u8]; 8] =
            [b"\0", b"\xff\xff\xff\xff", b"\"", b"1e999", b"-0", b"\xed\xa0\x80", b"[[[[", b"\n"];
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => bytes.truncate(at),
                2 => drop(bytes.splice(at..at, ODD[self.below(8)].iter().copied())),
                3 => {
                    let end = (at + self.below(16)).min(bytes.len());
                    drop(bytes.drain(at..end));
                }
                4 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                _ => bytes.push(b'0'),
            }
        }
        bytes.truncate(BYTES_MAX);
    }
}

#[test]
fn every_target_stands_its_corpus_and_what_chance_makes_of_it() {
    for (name, run) in TARGETS {
        let files = corpus(name);
        assert!(!files.is_empty(), "{name} has no corpus");
        for (at, (path, whole)) in files.iter().enumerate() {
            let mut chance = Chance(at as u64 + 1);
            for mutation in 0..=MUTATIONS {
                let mut bytes = whole.clone();
                if mutation > 0 {
                    chance.mutate(&mut bytes);
                }
                let survived = std::panic::catch_unwind(|| run(&bytes));
                assert!(survived.is_ok(), "{name}: {path:?}, mutation {mutation}: {bytes:?}");
            }
        }
    }
}
