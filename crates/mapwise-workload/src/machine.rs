//! The machine that a run was made on.

use mapwise_record::run::Machine;

/// Describes this machine as the system names it.
#[must_use]
pub fn describe() -> Machine {
    Machine {
        cpu: cpu().unwrap_or_else(|| "unknown".to_owned()),
        cores: cores(),
        memory_bytes: memory_bytes().unwrap_or(0),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        rustc: env!("MAPWISE_RUSTC").to_owned(),
    }
}

/// Processors that this process may use; at least 1.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Memory that can be taken without driving anything out, in bytes.
pub(crate) fn available_memory_bytes() -> Option<u64> {
    meminfo("MemAvailable:")
}

#[cfg(target_os = "linux")]
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    // x86 says `model name`; Arm kernels say nothing better than `CPU part` or, rarely, `Model`.
    ["model name", "Model", "CPU part"].iter().find_map(|field| field_of(&text, field))
}

#[cfg(target_os = "macos")]
fn cpu() -> Option<String> {
    sysctl("machdep.cpu.brand_string")
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn cpu() -> Option<String> {
    std::env::var("PROCESSOR_IDENTIFIER").ok()
}

#[cfg(target_os = "macos")]
fn memory_bytes() -> Option<u64> {
    sysctl("hw.memsize")?.parse().ok()
}

#[cfg(not(target_os = "macos"))]
fn memory_bytes() -> Option<u64> {
    meminfo("MemTotal:")
}

#[cfg(target_os = "macos")]
fn sysctl(name: &str) -> Option<String> {
    let output = std::process::Command::new("sysctl").args(["-n", name]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn meminfo(field: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(target_os = "linux")]
fn field_of(text: &str, field: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == field).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_a_processor_a_system_and_a_compiler() {
        let machine = describe();
        assert!(machine.cores >= 1);
        assert!(machine.os.contains(std::env::consts::ARCH));
        assert!(machine.rustc.starts_with("rustc "), "{}", machine.rustc);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_field_of_cpuinfo_is_found_by_its_whole_name() {
        let text = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2.00GHz\n";
        assert_eq!(field_of(text, "model name").as_deref(), Some("Some CPU @ 2.00GHz"));
        assert_eq!(field_of(text, "Model"), None);
    }
}
