//! What becomes of findings.

use super::Finding;

#[allow(dead_code, reason = "detection comes next")]
/// Takes a finding to wherever the options say.
pub(crate) fn emit(finding: Finding) {
    drop(finding);
}
