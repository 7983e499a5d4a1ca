use crate::syslog::framing::{Frame, Framer, MESSAGE_BYTES_MAX};
use proptest::prelude::*;

#[derive(Debug, PartialEq, Clone)]
enum Got {
    Message(String),
    TooLong,
    CutShort,
}

fn cut(pieces: &[&[u8]]) -> Vec<Got> {
    let (mut framer, mut got) = (Framer::new(), Vec::new());
    let mut take = |frame: Frame<'_>| {
        got.push(match frame {
            Frame::Message(message) => Got::Message(String::from_utf8_lossy(message).into()),
            Frame::TooLong => Got::TooLong,
        });
    };
    for piece in pieces {
        framer.push(piece, &mut take);
    }
    if framer.finish(&mut take) {
        got.push(Got::CutShort);
    }
    got
}

fn messages(texts: &[&str]) -> Vec<Got> {
    texts.iter().map(|text| Got::Message((*text).into())).collect()
}

#[test]
fn counted_messages_and_lines_come_apart() {
    let stream = b"11 <13>one\ntwo<14>three\r\n\n12 <15>four five <16>six\nseven";
    assert_eq!(
        cut(&[stream]),
        messages(&["<13>one\ntwo", "<14>three", "<15>four fiv", "e <16>six", "seven"])
    );
    // What begins with a number is no count when no priority follows.
    let stream = b"123: *Nov 14 22:13:20: %A-5-B: c\n1 1700000000.5 AP events x\x0005 apples\n";
    assert_eq!(
        cut(&[stream]),
        messages(&["123: *Nov 14 22:13:20: %A-5-B: c", "1 1700000000.5 AP events x", "05 apples"])
    );
}

#[test]
fn what_is_too_long_is_skipped_and_what_follows_is_read() {
    let long = "x".repeat(MESSAGE_BYTES_MAX + 1);
    let whole = "y".repeat(MESSAGE_BYTES_MAX);
    let stream = format!("{long}\n<13>a\n{} <13>{long}<14>b\n{whole}\n", long.len() + 4);
    let mut expected = vec![Got::TooLong];
    expected.extend(messages(&["<13>a"]));
    expected.push(Got::TooLong);
    expected.extend(messages(&["<14>b", &whole]));
    assert_eq!(cut(&[stream.as_bytes()]), expected);
    let pieces: Vec<&[u8]> = stream.as_bytes().chunks(977).collect();
    assert_eq!(cut(&pieces), expected);
}

#[test]
fn a_line_that_never_ends_is_not_held() {
    let (mut framer, mut too_long) = (Framer::new(), 0);
    let endless = vec![b'x'; 1 << 16];
    for _ in 0..64 {
        framer.push(&endless, |frame| too_long += u32::from(frame == Frame::TooLong));
        assert!(framer.held_bytes() <= MESSAGE_BYTES_MAX);
    }
    assert!(framer.is_midway());
    assert_eq!(too_long, 1);
}

#[test]
fn a_counted_message_that_is_cut_short_is_none() {
    assert_eq!(cut(&[b"<13>a\n20 <13>b"]), [messages(&["<13>a"]), vec![Got::CutShort]].concat());
}

#[test]
fn a_stream_that_is_split_at_every_byte_has_the_same_messages() {
    let stream: &[u8] = b"11 <13>one\ntwo<14>three\r\n\n12 <15>four five <16>six\n9 lives\n3";
    let whole = cut(&[stream]);
    for at in 0..=stream.len() {
        assert_eq!(cut(&[&stream[..at], &stream[at..]]), whole, "split at {at}");
    }
    let single: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(cut(&single), whole);
}

proptest! {
    #[test]
    fn however_a_stream_is_cut_its_messages_are_the_same(
        pieces in proptest::collection::vec(
            prop_oneof![
                "[ -~]{0,20}\n", "[0-9]{1,7} <[0-9]{1,3}>[a-z ]{0,9}", "\\PC{0,9}",
                "[0-9]{0,7} ?<?",
            ],
            0..20,
        ),
        every in 1usize..40,
    ) {
        let stream = pieces.concat();
        let chunks: Vec<&[u8]> = stream.as_bytes().chunks(every).collect();
        prop_assert_eq!(cut(&chunks), cut(&[stream.as_bytes()]));
    }

    #[test]
    fn no_bytes_make_the_framer_panic(chunks: Vec<Vec<u8>>) {
        let mut framer = Framer::new();
        for chunk in &chunks {
            framer.push(chunk, |_| {});
        }
        framer.finish(|_| {});
    }
}
