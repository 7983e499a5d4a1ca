//! Telemetry over HTTP: NDJSON, one record a line, plain, gzip or zstd.
//!
//! Pure: the API hands a body in and answers what comes out. Every size is bounded, compressed
//! and not, so that no body takes more memory than [`BODY_BYTES_MAX`]. A bad line is named and
//! costs the good ones nothing.

mod body;
mod lines;

pub use body::{BODY_BYTES_MAX, BodyError, COMPRESSED_BYTES_MAX, Encoding, decode_body};
pub use lines::{LINE_BYTES_MAX, LINES_MAX, REJECTIONS_LISTED_MAX, Rejection, Split, split_lines};
