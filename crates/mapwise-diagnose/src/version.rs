//! Which Go wrote the log, told from its own frames.

use crate::event::Call;

/// A range of minor versions of Go 1, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) low: u32,
    pub(crate) high: u32,
    patch: Option<u32>,
}

const ANY: Version = Version { low: 0, high: u32::MAX, patch: None };

impl Version {
    pub(crate) fn at_least(self, minor: u32) -> bool {
        self.low >= minor
    }

    /// Narrows the range; evidence that contradicts what is known is dropped.
    pub(crate) fn narrow(&mut self, low: u32, high: u32) {
        let (low, high) = (self.low.max(low), self.high.min(high));
        if low <= high {
            (self.low, self.high) = (low, high);
        }
    }

    /// The range in words, if anything is known.
    pub(crate) fn words(self) -> Option<String> {
        match (self.low, self.high, self.patch) {
            (low, _, Some(patch)) => Some(format!("1.{low}.{patch}")),
            (0, u32::MAX, _) => None,
            (0, high, _) => Some(format!("1.{high} or earlier")),
            (low, u32::MAX, _) => Some(format!("1.{low} or later")),
            (low, high, _) if low == high => Some(format!("1.{low}")),
            (low, high, _) => Some(format!("1.{low} to 1.{high}")),
        }
    }
}

/// The versions whose frames look like these.
pub(crate) fn of<'a>(calls: impl Iterator<Item = &'a Call>) -> Version {
    let mut version = ANY;
    for call in calls {
        if let Some((minor, patch)) = toolchain(&call.file) {
            version = Version { low: minor, high: minor, patch };
            break;
        }
        by_file(&mut version, &call.file, call.line);
        by_symbol(&mut version, call);
    }
    version
}

fn by_file(version: &mut Version, file: &str, line: u32) {
    let swiss = file.contains("internal/runtime/maps/");
    let name = file.rsplit(['/', '\\']).next().unwrap_or("");
    match name {
        _ if swiss && name.ends_with("_swiss.go") => version.narrow(24, 25),
        _ if swiss && name.starts_with("runtime") => version.narrow(26, u32::MAX),
        _ if swiss => version.narrow(24, u32::MAX),
        _ if file.contains("runtime/hashmap") => version.narrow(0, 10),
        _ if file.ends_with("runtime/map_swiss.go") => version.narrow(24, 25),
        _ if file.contains("runtime/map_fast") => version.narrow(11, 23),
        "panic.go" if file.contains("runtime/") => match line {
            1058 => version.narrow(24, 24),
            1046 => version.narrow(25, 25),
            1181 => version.narrow(26, 26),
            1195 => version.narrow(27, 27),
            _ => {}
        },
        _ => {}
    }
}

fn by_symbol(version: &mut Version, call: &Call) {
    if call.symbol.contains("func\u{b7}") {
        version.narrow(0, 4);
    }
    if call.symbol == "internal/runtime/maps.fatal" {
        version.narrow(24, u32::MAX);
    }
    if call.symbol.contains(".gowrap") {
        version.narrow(22, u32::MAX);
    }
    if call.symbol.contains("[go.shape.") || call.symbol.contains("[...]") || call.arguments.contains('?') {
        version.narrow(18, u32::MAX);
    } else if call.arguments.contains('{') {
        version.narrow(17, u32::MAX);
    }
}

/// `…/go1.21.13/src/…`, `…/go/1.22.0/x64/src/…`, `…toolchain@v0.0.1-go1.23.4.linux-amd64/src/…`.
fn toolchain(file: &str) -> Option<(u32, Option<u32>)> {
    let root = &file[..file.find("/src/")?];
    let marks = ["/go1.", "-go1.", "/go/1.", "/go@1.", "/go-1.", "/Go1.", "/golang/1."];
    let at = marks.iter().filter_map(|mark| root.rfind(mark).map(|at| at + mark.len())).max()?;
    let mut numbers = root[at..].split(|c: char| !c.is_ascii_digit());
    let minor = numbers.next()?.parse().ok().filter(|&minor| minor < 100)?;
    let rest = &root[at..];
    let patch = rest
        .split_once('.')
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()));
    Some((minor, patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(symbol: &str, file: &str, line: u32) -> Option<String> {
        let call = Call { symbol: symbol.into(), arguments: String::new(), file: file.into(), line, at: 1 };
        of(std::iter::once(&call)).words()
    }

    #[test]
    fn file_names_tell_the_version() {
        let fast = "runtime.mapassign_faststr";
        let maps = "/usr/local/go/src/internal/runtime/maps";
        for (file, line, words) in [
            ("/usr/local/go/src/runtime/hashmap_fast.go".to_owned(), 1, "1.10 or earlier"),
            ("/usr/local/go/src/runtime/map_faststr.go".to_owned(), 1, "1.11 to 1.23"),
            (format!("{maps}/runtime_faststr_swiss.go"), 1, "1.24 to 1.25"),
            (format!("{maps}/runtime_faststr.go"), 1, "1.26 or later"),
            ("/usr/local/go/src/runtime/panic.go".to_owned(), 1195, "1.27"),
            ("/opt/hostedtoolcache/go/1.17.1/x64/src/runtime/panic.go".to_owned(), 1, "1.17.1"),
            ("/root/sdk/go1.21.13/src/runtime/map.go".to_owned(), 1, "1.21.13"),
        ] {
            assert_eq!(told(fast, &file, line).as_deref(), Some(words), "{file}");
        }
        assert_eq!(told("main.f", "/app/main.go", 3), None);
    }
}
