//! What a process knows about its findings at its end, beside the findings.

/// Figures and notes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// Different findings that were reported.
    pub(crate) found: usize,
    /// Reports of findings past those that are kept.
    pub(crate) dropped: u64,
    /// Different findings that a suppression covers.
    pub(crate) suppressed: usize,
    /// Different findings that the baseline has.
    pub(crate) known: usize,
    /// Different findings that were added to the baseline.
    pub(crate) added: usize,
    /// Suppressions that hid nothing.
    pub(crate) unused: Vec<String>,
    /// What the detection has to say, for example that it forgot.
    pub(crate) notes: Vec<String>,
    /// The status that the process ends with on account of findings, or 0.
    pub(crate) status: u8,
}

impl Summary {
    /// One line for each thing that is worth saying.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let (found, dropped) = (self.found, self.dropped);
        if dropped > 0 {
            let first = counted(found as u64, "finding");
            lines.push(format!("Not shown: {} past the first {first}", counted(dropped, "report")));
        }
        if self.suppressed > 0 {
            lines.push(format!("Suppressed: {}", counted(self.suppressed as u64, "finding")));
        }
        if self.known > 0 {
            lines.push(format!("In the baseline: {}", counted(self.known as u64, "finding")));
        }
        if self.added > 0 {
            lines.push(format!("Added to the baseline: {}", counted(self.added as u64, "finding")));
        }
        lines.extend(self.unused.iter().map(|entry| format!("Unused suppression: {entry}")));
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        if found > 0 {
            let status = match self.status {
                0 => String::new(),
                status => format!(" (exit status {status})"),
            };
            lines.push(format!("Found {}{status}", counted(found as u64, "finding")));
        }
        lines
    }
}

fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
