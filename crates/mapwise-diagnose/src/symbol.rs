//! Go's symbol names as tracebacks print them: package, receiver, method, and what a runtime
//! symbol does to a map.

use serde::Serialize;

/// The top-level folders of Go's standard library, in order.
const STANDARD: &[&str] = &[
    "archive",
    "arena",
    "bufio",
    "builtin",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "simd",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "vendor",
    "weak",
];

/// What was done to the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// A lookup, `m[k]`.
    Lookup,
    /// An assignment, `m[k] = v`.
    Assign,
    /// `delete(m, k)`.
    Delete,
    /// `range m` or an iterator over it.
    Iterate,
    /// `clear(m)`.
    Clear,
    /// `maps.Clone(m)`.
    Clone,
    /// `len(m)`, seen only where reflection asks.
    Len,
    /// Some use of the map: the log does not tell which.
    Access,
    /// A write of unknown kind: the log says only that the map was written.
    Write,
    /// A read of unknown kind: the log says only that the memory was read.
    Read,
}

impl Operation {
    /// Tells whether the operation changes the map.
    pub fn writes(self) -> bool {
        matches!(self, Self::Assign | Self::Delete | Self::Clear | Self::Write)
    }

    /// The operation in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Lookup => "map read",
            Self::Assign => "map write",
            Self::Delete => "map delete",
            Self::Iterate => "map iteration",
            Self::Clear => "map clear",
            Self::Clone => "map clone",
            Self::Len => "map length",
            Self::Access => "map access",
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// The parts of a Go symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<'a> {
    /// Import path as printed, `%2e` escapes included.
    pub(crate) package: &'a str,
    /// Receiver type without the pointer star and type arguments.
    pub(crate) receiver: Option<&'a str>,
    /// Whether the receiver is a pointer.
    pub(crate) pointer: bool,
    /// Function or method, without closure suffixes.
    pub(crate) name: &'a str,
}

/// Splits a symbol such as `example.org/app.(*Cache[go.shape.int]).Get.func1`.
pub(crate) fn parse(symbol: &str) -> Option<Symbol<'_>> {
    let plain = symbol.find(['[', '(']).unwrap_or(symbol.len());
    let base = symbol[..plain].rfind('/').map_or(0, |slash| slash + 1);
    let dot = base + symbol[base..].find('.')?;
    let (package, rest) = (&symbol[..dot], &symbol[dot + 1..]);
    if package.is_empty() || rest.is_empty() {
        return None;
    }
    if let Some(inner) = rest.strip_prefix("(*") {
        let end = closing(inner, b'(', b')')?;
        let name = inner[end + 1..].strip_prefix('.').unwrap_or("");
        let receiver = inner[..end].split('[').next().unwrap_or("");
        return Some(Symbol { package, receiver: Some(receiver), pointer: true, name: head(name) });
    }
    let first = head(rest);
    let after = &rest[first.len()..];
    let after = match after.strip_prefix('[') {
        Some(inner) => closing(inner, b'[', b']').map_or("", |end| &inner[end + 1..]),
        None => after,
    };
    let second = head(after.strip_prefix('.').unwrap_or(""));
    let method = !second.is_empty() && !is_closure(second) && !is_closure(first);
    // `main.main.spin.func1` is a closure of a function inlined into main, not a method.
    let inlined = after.matches(".func").count() > 0 && first == "main";
    if method && !inlined {
        return Some(Symbol { package, receiver: Some(first), pointer: false, name: second });
    }
    Some(Symbol { package, receiver: None, pointer: false, name: first })
}

fn head(name: &str) -> &str {
    &name[..name.find(['.', '[', '-', '\u{b7}']).unwrap_or(name.len())]
}

fn is_closure(part: &str) -> bool {
    let digits = ["func", "gowrap", "deferwrap"].iter().find_map(|word| part.strip_prefix(word));
    part.starts_with(|c: char| c.is_ascii_digit())
        || digits.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Offset of the bracket that closes the one before `text`.
pub(crate) fn closing(text: &str, open: u8, close: u8) -> Option<usize> {
    let mut depth = 1usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// Tells whether a symbol, seen in `file`, belongs to Go itself rather than to the user.
pub(crate) fn is_standard(symbol: &str, file: &str) -> bool {
    let Some(parsed) = parse(symbol) else {
        return false;
    };
    let top = parsed.package.split('/').next().unwrap_or("");
    if STANDARD.binary_search(&top).is_err() && !symbol.starts_with("_cgo") {
        return false;
    }
    // Go's own copies of others' packages live under `vendor/golang.org`.
    if top == "vendor" && !parsed.package.starts_with("vendor/golang") {
        return false;
    }
    // A user's own package `log` or `maps` lives outside any `src` folder.
    let absolute = file.starts_with(['/', '.', '~']) || file.get(1..2) == Some(":");
    !absolute || file.contains("/src/")
}

/// The map operation a runtime, reflect or maps symbol stands for.
pub(crate) fn map_operation(symbol: &str) -> Option<Operation> {
    if let Some(method) = symbol.strip_prefix("internal/runtime/maps.") {
        return swiss(method);
    }
    if symbol.starts_with("maps.clone") || symbol.starts_with("maps.Clone") {
        return Some(Operation::Clone);
    }
    if let Some(method) = symbol.strip_prefix("reflect.") {
        match method {
            "Value.MapIndex" => return Some(Operation::Lookup),
            "Value.MapKeys" | "(*MapIter).Next" | "Value.MapRange" => {
                return Some(Operation::Iterate);
            }
            "Value.SetMapIndex" => return Some(Operation::Assign),
            _ => {}
        }
    }
    let rest = symbol.strip_prefix("runtime.map").or_else(|| symbol.strip_prefix("reflect.map"))?;
    let table = [
        ("access", Operation::Lookup),
        ("assign", Operation::Assign),
        ("delete", Operation::Delete),
        ("iter", Operation::Iterate),
        ("Iter", Operation::Iterate),
        ("clear", Operation::Clear),
        ("clone", Operation::Clone),
        ("len", Operation::Len),
    ];
    table.iter().find(|(word, _)| rest.starts_with(word)).map(|&(_, operation)| operation)
}

fn swiss(method: &str) -> Option<Operation> {
    let name = method.rsplit('.').next().unwrap_or("");
    if method.starts_with("(*Iter)") {
        return Some(Operation::Iterate);
    }
    match name {
        "Delete" => Some(Operation::Delete),
        "Clear" => Some(Operation::Clear),
        "Clone" => Some(Operation::Clone),
        _ if name.starts_with("Put") || name.starts_with("putSlot") => Some(Operation::Assign),
        _ if name.starts_with("Get") || name.starts_with("get") => Some(Operation::Lookup),
        _ => None,
    }
}

/// Tells whether the symbol is where the runtime stops the process.
pub(crate) fn is_throw(symbol: &str) -> bool {
    symbol.starts_with("runtime.throw") || symbol.starts_with("runtime.fatal") || is_map_throw(symbol)
}

/// Tells whether the symbol is where the runtime stops the process because of a map; a log that
/// begins inside the name has only its end.
pub(crate) fn is_map_throw(symbol: &str) -> bool {
    symbol == "internal/runtime/maps.fatal" || symbol == "runtime/maps.fatal" || symbol == "maps.fatal"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_closures_and_generics_are_told_apart() {
        let cases = [
            ("main.(*Cache).Get", ("main", Some("Cache"), "Get")),
            ("main.put[go.shape.string]", ("main", None, "put")),
            ("main.main.func1", ("main", None, "main")),
            ("main.main.spin.func1", ("main", None, "main")),
            ("main.func\u{b7}001", ("main", None, "func")),
            ("a.b/c/maps.(*M[go.shape.a/b.T,x]).do.func1", ("a.b/c/maps", Some("M"), "do")),
            ("k8s.io/x/containermap.ContainerMap.Add", ("k8s.io/x/containermap", Some("ContainerMap"), "Add")),
            ("gopkg.in/check%2ev1.(*suite).f-fm", ("gopkg.in/check%2ev1", Some("suite"), "f")),
        ];
        for (symbol, (package, receiver, name)) in cases {
            let got = parse(symbol).unwrap_or_else(|| panic!("{symbol}"));
            assert_eq!((got.package, got.receiver, got.name), (package, receiver, name), "{symbol}");
        }
    }

    #[test]
    fn runtime_symbols_of_every_version_are_map_operations() {
        let cases = [
            ("runtime.mapassign1", Operation::Assign),
            ("runtime.mapaccess2_fast64ptr", Operation::Lookup),
            ("runtime.mapIterNext", Operation::Iterate),
            ("runtime.mapiterinit", Operation::Iterate),
            ("reflect.mapiternext", Operation::Iterate),
            ("internal/runtime/maps.(*Iter).Next", Operation::Iterate),
            ("internal/runtime/maps.(*Map).Delete", Operation::Delete),
            ("maps.clone", Operation::Clone),
            ("runtime.mapclear", Operation::Clear),
        ];
        for (symbol, operation) in cases {
            assert_eq!(map_operation(symbol), Some(operation), "{symbol}");
        }
        assert_eq!(map_operation("runtime.makemap"), None);
        assert_eq!(map_operation("main.mapaccess"), None);
    }

    #[test]
    fn the_standard_library_is_listed_in_order() {
        assert!(STANDARD.is_sorted());
    }

    #[test]
    fn a_users_package_named_like_a_standard_one_is_the_users() {
        assert!(is_standard("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go"));
        assert!(is_standard("runtime.throw", "runtime/panic.go"));
        assert!(!is_standard("vendor/example.org/log.(*Entry).F", "vendor/example.org/log/entry.go"));
        assert!(is_standard("vendor/golang.org/x/net/http2/hpack.F", "vendor/golang.org/x/net/http2/hpack/h.go"));
        assert!(!is_standard("log.Write", "/app/log/log.go"));
        assert!(!is_standard("example.org/maps.F", "/x/maps/f.go"));
    }
}
