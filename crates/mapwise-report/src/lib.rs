//! Pure functions from a mapwise record to text, CSV, Markdown and one self-contained HTML page.
//!
//! Everything here is rebuilt from [`mapwise_record::run::Run`] or [`mapwise_profile::Profile`] alone: nothing is
//! measured, read or written. A run may come from anywhere, so every string in it is made harmless before it is shown,
//! and no figure in it can stop a writer. The JSON output is the run file itself.

mod clean;
mod number;
mod table;

mod view;
mod words;

mod matrix;
mod scaling;

pub mod csv;
pub mod markdown;
pub mod text;

pub mod compare;

pub mod suite;

pub mod picture;

pub mod html;

pub mod profile;

pub use clean::clean as safe;
