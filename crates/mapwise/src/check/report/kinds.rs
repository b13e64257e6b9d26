//! Kinds by the names that people write.

use crate::check::Kind;

/// The kind that suppressions call `name`.
pub(crate) fn named(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// The kind that an id carries, as `mw-lu-1f09c3ab` does; `None` if that is no id.
pub(crate) fn of_id(id: &str) -> Option<Kind> {
    let (code, digits) = id.strip_prefix("mw-")?.split_once('-')?;
    let hexadecimal = (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Kind::ALL.into_iter().find(|kind| kind.code() == code).filter(|_| hexadecimal)
}
