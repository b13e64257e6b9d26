//! What tests tell checked mode, so that the suite runs with it and reports nothing; without it these do nothing.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

/// What this thread does next is not because of what it has read: its operations are drawn at random.
pub fn draw() {
    #[cfg(feature = "check")]
    mapwise::check::forget_reads();
}

/// Runs what is wrong on purpose, and with checked mode asserts that it says so.
pub fn wrong<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(feature = "check")]
    {
        let mut result = None;
        let findings = mapwise::check::collect(|| result = Some(body()));
        assert!(!findings.is_empty(), "checked mode said nothing");
        result.unwrap_or_else(|| unreachable!("the body ran"))
    }
    #[cfg(not(feature = "check"))]
    body()
}
