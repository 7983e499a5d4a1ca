//! Bodies and their encodings.

use bytes::Bytes;
use std::io::Read;

/// The largest body after decoding.
pub const BODY_BYTES_MAX: usize = 32 << 20;
/// The largest body before decoding.
pub const COMPRESSED_BYTES_MAX: usize = 8 << 20;
/// The largest window of zstd, as a power of two: 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How a body is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip (RFC 1952), one or more members.
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than it may be.
    #[error("the body is larger than {max} bytes")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// Its encoding is not known.
    #[error("Content-Encoding {0} is not known: identity, gzip and zstd are")]
    Encoding(String),
    /// It does not decode.
    #[error("the body is no {encoding}: {detail}")]
    Corrupt {
        /// What it should be.
        encoding: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl Encoding {
    /// What `Content-Encoding` says.
    ///
    /// # Errors
    /// [`BodyError::Encoding`] for what is not known, and for more than one.
    pub fn of_header(header: Option<&str>) -> Result<Self, BodyError> {
        match header.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some("zstd") => Ok(Self::Zstd),
            Some(other) => Err(BodyError::Encoding(other.chars().take(64).collect())),
        }
    }
}

/// Decodes a body.
///
/// # Errors
/// [`BodyError`]; a bomb is recognised before it takes more than the limit.
pub fn decode_body(encoding: Encoding, body: Bytes) -> Result<Bytes, BodyError> {
    let limit = if encoding == Encoding::Identity { BODY_BYTES_MAX } else { COMPRESSED_BYTES_MAX };
    if body.len() > limit {
        return Err(BodyError::TooLarge { max: limit });
    }
    match encoding {
        Encoding::Identity => Ok(body),
        Encoding::Gzip => read("gzip", flate2::read::MultiGzDecoder::new(&*body)),
        Encoding::Zstd => {
            let corrupt = |error: std::io::Error| corrupt("zstd", &error);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&*body).map_err(corrupt)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(corrupt)?;
            read("zstd", decoder)
        }
    }
}

fn read(encoding: &'static str, decoder: impl Read) -> Result<Bytes, BodyError> {
    let mut decoded = Vec::new();
    let limit = BODY_BYTES_MAX as u64 + 1;
    decoder.take(limit).read_to_end(&mut decoded).map_err(|error| corrupt(encoding, &error))?;
    if decoded.len() > BODY_BYTES_MAX {
        return Err(BodyError::TooLarge { max: BODY_BYTES_MAX });
    }
    Ok(decoded.into())
}

fn corrupt(encoding: &'static str, error: &std::io::Error) -> BodyError {
    BodyError::Corrupt { encoding, detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_encoding_reads_back() {
        let text = b"{}\n{}\n".repeat(100);
        let members = [gzip(b"one "), gzip(b"two")].concat();
        let decode = |encoding, body: Vec<u8>| decode_body(encoding, body.into());
        assert_eq!(decode(Encoding::Identity, text.clone()).unwrap(), text);
        assert_eq!(decode(Encoding::Gzip, gzip(&text)).unwrap(), text);
        assert_eq!(decode(Encoding::Gzip, members).unwrap(), "one two");
        let packed = zstd::bulk::compress(&text, 3).unwrap();
        assert_eq!(decode(Encoding::Zstd, packed).unwrap(), text);
        assert_eq!(Encoding::of_header(Some("GZip")), Ok(Encoding::Gzip));
        assert!(Encoding::of_header(Some("br")).is_err());
    }

    #[test]
    fn a_bomb_is_recognised_at_the_limit() {
        let bomb = vec![0; BODY_BYTES_MAX * 2];
        let too_large = Err(BodyError::TooLarge { max: BODY_BYTES_MAX });
        assert_eq!(decode_body(Encoding::Gzip, gzip(&bomb).into()), too_large);
        let packed = zstd::bulk::compress(&bomb, 3).unwrap();
        assert_eq!(decode_body(Encoding::Zstd, packed.into()), too_large);
    }

    #[test]
    fn what_is_cut_short_is_no_body() {
        let whole = gzip(b"some text that is long enough to be cut");
        let cut = Bytes::from(whole[..whole.len() - 6].to_vec());
        assert!(matches!(decode_body(Encoding::Gzip, cut), Err(BodyError::Corrupt { .. })));
        let nonsense = Bytes::from_static(b"nonsense");
        assert!(decode_body(Encoding::Zstd, nonsense).is_err());
    }
}
