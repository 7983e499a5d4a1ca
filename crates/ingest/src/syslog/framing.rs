//! Cuts a stream into messages (RFC 6587): octet counting and a trailing newline or NUL, told
//! apart message by message.
//!
//! A message is counted when it begins with digits, a space and the `<` of a priority, which every
//! counted message has. Anything else ends at the next newline, so that lines without a priority,
//! which may begin with digits too, are not taken for a count. However a stream is cut into reads,
//! its messages are the same. No more than [`MESSAGE_BYTES_MAX`] are held: the rest of a longer
//! line is skipped.

/// The longest message of a stream.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// The most digits of a count.
const COUNT_DIGITS_MAX: usize = 6;

/// A piece of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A whole message, without what framed it.
    Message(&'a [u8]),
    /// A message that is longer than it may be was skipped.
    TooLong,
}

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub struct Framer {
    held: Vec<u8>,
    /// How much of what is held has no newline.
    scanned: usize,
    skip: Skip,
}

#[derive(Debug, Default, Clone, Copy)]
enum Skip {
    #[default]
    Nothing,
    /// To the end of the line.
    Line,
    /// So many octets.
    Octets(usize),
}

/// How the message at the beginning of some bytes is framed.
enum Framing {
    /// More bytes are needed to tell.
    Open,
    /// So many octets after a head of so many.
    Counted {
        head: usize,
        octets: usize,
    },
    Line,
}

impl Framer {
    /// A framer at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a message has begun and not ended.
    pub fn is_midway(&self) -> bool {
        !self.held.is_empty() || !matches!(self.skip, Skip::Nothing)
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Takes the next bytes, and hands out each message that they complete.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Frame<'_>)) {
        self.held.extend_from_slice(bytes);
        let mut held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while let Some(after) = self.step(rest, &mut take) {
            rest = after;
        }
        let left = rest.len();
        held.drain(..held.len() - left);
        self.held = held;
    }

    /// Ends the stream, and says whether it ends in the middle of a counted message; a line that
    /// its sender did not end is a message.
    pub fn finish(&mut self, mut take: impl FnMut(Frame<'_>)) -> bool {
        let Self { held, skip, .. } = std::mem::take(self);
        let is_cut = matches!(framing(&held), Framing::Counted { .. });
        if !is_cut && matches!(skip, Skip::Nothing) {
            give(&held, &mut take);
        }
        is_cut || matches!(skip, Skip::Octets(_))
    }

    /// Takes one message off, and says what is left; `None` when more bytes are needed.
    fn step<'a>(&mut self, rest: &'a [u8], take: &mut impl FnMut(Frame<'_>)) -> Option<&'a [u8]> {
        if rest.is_empty() {
            return None;
        }
        match self.skip {
            Skip::Octets(octets) => {
                let skipped = octets.min(rest.len());
                let left = octets - skipped;
                self.skip = if left == 0 { Skip::Nothing } else { Skip::Octets(left) };
                return Some(&rest[skipped..]);
            }
            Skip::Line => {
                let end = rest.iter().position(is_end);
                if end.is_some() {
                    self.skip = Skip::Nothing;
                }
                return Some(&rest[end.map_or(rest.len(), |end| end + 1)..]);
            }
            Skip::Nothing => {}
        }
        match framing(rest) {
            Framing::Open => None,
            Framing::Counted { head, octets } if octets > MESSAGE_BYTES_MAX => {
                take(Frame::TooLong);
                self.skip = Skip::Octets(octets);
                Some(&rest[head..])
            }
            Framing::Counted { head, octets } => {
                let message = rest.get(head..head + octets)?;
                give(message, take);
                Some(&rest[head + octets..])
            }
            Framing::Line => {
                let end = rest[self.scanned..].iter().position(is_end);
                let end = end.map(|end| self.scanned + end);
                match end {
                    Some(end) if end <= MESSAGE_BYTES_MAX => {
                        self.scanned = 0;
                        give(&rest[..end], take);
                        Some(&rest[end + 1..])
                    }
                    None if rest.len() <= MESSAGE_BYTES_MAX => {
                        self.scanned = rest.len();
                        None
                    }
                    _ => {
                        self.scanned = 0;
                        take(Frame::TooLong);
                        self.skip = Skip::Line;
                        Some(rest)
                    }
                }
            }
        }
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | 0)
}

/// Blank lines are no messages.
fn give(message: &[u8], take: &mut impl FnMut(Frame<'_>)) {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let end = message.iter().rposition(|byte| !blank(byte)).map_or(0, |last| last + 1);
    if end > 0 {
        take(Frame::Message(&message[..end]));
    }
}

fn framing(rest: &[u8]) -> Framing {
    let digits = rest.iter().take(COUNT_DIGITS_MAX + 1).take_while(|it| it.is_ascii_digit());
    let digits = digits.count();
    if digits == 0 || digits > COUNT_DIGITS_MAX || rest[0] == b'0' {
        return Framing::Line;
    }
    match rest.get(digits..) {
        Some([b' ', b'<', ..]) => {}
        Some([b' '] | []) => return Framing::Open,
        _ => return Framing::Line,
    }
    let octets = rest[..digits].iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Framing::Counted { head: digits + 1, octets }
}
