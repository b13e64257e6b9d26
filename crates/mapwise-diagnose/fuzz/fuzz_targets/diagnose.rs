//! Any bytes: no panic, no endless loop, and every renderer copes with what comes out.
//!
//! On stable: `cargo fuzz run --sanitizer none diagnose corpus ../tests/data/logs`

#![no_main]

use libfuzzer_sys::fuzz_target;
use mapwise_diagnose::{Options, SourceLookup, diagnose, render};

/// Hands the input itself out as the source code of every file.
struct Itself<'a>(&'a [u8]);

impl SourceLookup for Itself<'_> {
    fn source(&self, _: &str) -> Option<String> {
        Some(String::from_utf8_lossy(self.0).into_owned())
    }
}

fuzz_target!(|input: &[u8]| {
    let source = Itself(input);
    let options = Options::default().with_source(&source);
    let diagnosis = diagnose(input, &options).expect("memory can always be read");
    let _ = render::text(&diagnosis);
    let _ = render::markdown(&diagnosis);
    let _ = render::github(&diagnosis);
    let json = render::json(&diagnosis);
    serde_check(&json);
    serde_check(&render::sarif(&diagnosis));
});

fn serde_check(json: &str) {
    assert!(json.starts_with('{') && json.trim_end().ends_with('}'));
}
