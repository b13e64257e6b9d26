//! The command `mapwise`.
fn main() {}
