//! Worlds of which the truth is known.

mod day;
