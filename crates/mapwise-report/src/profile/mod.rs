//! A contention profile as text, Markdown and CSV; its page is the profile crate's own.

mod figures;

mod csv;
mod markdown;
mod text;

pub use csv::table as csv;
pub use markdown::text as markdown;
pub use text::{advice, text};
