//! Requests that somebody recorded, read from the formats that public traces come in.
//!
//! A [`Reader`] yields the requests of a trace one by one and never holds more of it than a few
//! buffers; [`load`] turns a trace into a workload and its steps. The compression (none, gzip, zstd)
//! is told by the first bytes and the [`Format`] by the content.
//!
//! Every file is hostile until parsed:
//!
//! - **bounded**: a line has a longest length, a zstd window a largest size, [`load`] its
//!   [`Limits`]; nothing else grows with the file;
//! - **located**: what is refused is named with its line or record, the rule and the value;
//! - **discreet**: no error quotes a key.

mod request;

mod zstd;

mod input;

mod error;

mod lines;

mod fields;

mod block_csv;
mod cache_csv;
mod oracle_general;

mod format;

mod reader;

mod load;

pub use error::{BadRow, BadRows, Place, TraceError};
pub use format::{Format, UnknownFormatName};
pub use input::Compression;
pub use load::{End, Limits, Step, Trace, load, load_from};
pub use reader::Reader;
pub use request::{Key, Request, TraceOp};
