//! Pack lines of NDJSON into rows of PostgreSQL's binary COPY, or say nothing.
//!
//! Nothing here defines what a line means: that is `focus_assets/sources/exact.py`. What is read here is a part of it
//! whose meaning leaves no doubt; for all else `pack` answers with None, and Python has the word.

mod ffi;

pub mod calendar;
pub mod json;
pub mod number;
pub mod packer;
pub mod pgcopy;
pub mod spec;

pub use packer::{Packed, Packer};
