//! Undoes what loggers wrap around a line: JSON, escapes, octal tabs, several lines in one.
//!
//! Plain prefixes (time, host, process, container) need no undoing, since frames are found from
//! the end of the line; they only tell one process's lines from another's, see [`stream_key`].

use memchr::{memchr, memchr2};

use crate::text::{clean, has_escaped_breaks, last_word, unescape};

/// The JSON fields that carry the line itself, in the order in which they are looked for.
const TEXT_FIELDS: &[&str] = &[
    "Output",
    "log",
    "MESSAGE",
    "message",
    "msg",
    "@message",
    "textPayload",
    "text",
    "line",
    "body",
    "content",
    "stacktrace",
    "stack_trace",
    "stack",
    "error",
    "err",
    "panic",
];
/// The JSON fields that tell whose line it is.
const KEY_FIELDS: &[&str] = &["Package", "pod_name", "container_id", "container_name", "_PID", "_HOSTNAME"];
const MAX_DEPTH: usize = 3;

/// What a wrapper said about a line besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Process, container or package the line came from.
    pub(crate) key: Option<String>,
    /// Test that `go test -json` credits the line to.
    pub(crate) test: Option<String>,
    /// Whether the text ends where the wrapper cut it rather than at a line's end.
    pub(crate) partial: bool,
}

/// Appends the plain lines inside `line` to `out` and tells where they came from.
pub(crate) fn unwrap(line: &str, out: &mut Vec<String>) -> Origin {
    let mut origin = Origin::default();
    unwrap_at(line, out, &mut origin, 0);
    origin
}

fn unwrap_at(line: &str, out: &mut Vec<String>, origin: &mut Origin, depth: usize) {
    if depth < MAX_DEPTH
        && let Some(json) = json_start(line)
    {
        let mut found = false;
        for field in TEXT_FIELDS {
            let Some(text) = json_field(json, field) else {
                continue;
            };
            found = true;
            origin.partial = *field == "Output" && !text.ends_with('\n');
            for inner in text.trim_end_matches('\n').split('\n') {
                unwrap_at(inner, out, origin, depth + 1);
            }
        }
        if found {
            for field in KEY_FIELDS {
                origin.key = origin.key.take().or_else(|| json_field(json, field));
            }
            origin.test = origin.test.take().or_else(|| json_field(json, "Test"));
            return;
        }
    }
    if depth < MAX_DEPTH && has_escaped_breaks(line) {
        for inner in unescape(line, false).0.split('\n') {
            unwrap_at(inner, out, origin, depth + 1);
        }
        return;
    }
    if memchr(b'#', line.as_bytes()).is_none() {
        push(line, out, origin);
        return;
    }
    for part in line.split("#012") {
        push(part, out, origin);
    }
}

fn push(line: &str, out: &mut Vec<String>, origin: &mut Origin) {
    let line = clean(line);
    if origin.key.is_none() {
        origin.key = stream_key(&line).map(str::to_owned);
    }
    out.push(line.into_owned());
}

/// The part of `line` from its JSON object on, if one starts near the front.
fn json_start(line: &str) -> Option<&str> {
    let near = &line[..line.floor_char_boundary(200)];
    memchr(b'{', near.as_bytes())?;
    let open = near.find("{\"").or_else(|| near.find("{ \""))?;
    Some(&line[open..])
}

/// The text under `name` in a JSON object that may be cut off anywhere.
fn json_field(json: &str, name: &str) -> Option<String> {
    let mut from = 0;
    while let Some(at) = json[from..].find(name) {
        let (open, close) = (from + at, from + at + name.len());
        from = close;
        let quoted = json[..open].ends_with('"') && !json[..open].ends_with("\\\"");
        let Some(rest) = json[close..].strip_prefix('"') else {
            continue;
        };
        let Some(value) = rest.trim_start().strip_prefix(':') else {
            continue;
        };
        if !quoted {
            continue;
        }
        let value = value.trim_start();
        if let Some(text) = value.strip_prefix('"') {
            return Some(unescape(text, true).0);
        }
        // journald writes text with control characters as an array of bytes.
        return value.strip_prefix('[').map(|numbers| {
            let end = numbers.find(']').unwrap_or(numbers.len());
            let bytes: Vec<u8> = numbers[..end].split(',').filter_map(|number| number.trim().parse().ok()).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        });
    }
    None
}

/// The process, container or pod a plain prefix names: `web-1  | `, `[pod/x/y] `, `nomad[6207]: `.
pub(crate) fn stream_key(line: &str) -> Option<&str> {
    let near = &line[..line.floor_char_boundary(160)];
    memchr2(b'|', b']', near.as_bytes())?;
    if near.starts_with("[pod/") {
        return near.find(']').map(|end| &near[..=end]);
    }
    if let Some(at) = near.find("| ").or_else(|| near.strip_suffix('|').map(str::len)) {
        let name = near[..at].trim();
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains([' ', ',', '(']);
        return named.then_some(name);
    }
    let (before, _) = near.split_once("]: ").or_else(|| near.split_once("]:\t"))?;
    let (name, pid) = before.rsplit_once('[')?;
    let digits = !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit());
    let start = last_word(name);
    // A lost host glues the time to the name.
    let start = start + name[start..].find(|c: char| c.is_ascii_alphabetic())?;
    digits.then(|| &before[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: &str) -> (Vec<String>, Origin) {
        let mut out = Vec::new();
        let origin = unwrap(line, &mut out);
        (out, origin)
    }

    #[test]
    fn docker_json_is_undone_even_when_cut_off() {
        assert_eq!(lines(r#"{"log":"\tx.go:1 +0x2\n","stream":"stderr"}"#).0, ["\tx.go:1 +0x2"]);
        assert_eq!(lines(r#"{"log":"fatal err"#).0, ["fatal err"]);
    }

    #[test]
    fn go_test_json_tells_package_and_test() {
        let (text, origin) =
            lines(r#"{"Time":"t","Action":"output","Package":"a/b","Test":"TestX","Output":"WARNING\n"}"#);
        assert_eq!(text, ["WARNING"]);
        assert_eq!((origin.key.as_deref(), origin.test.as_deref()), (Some("a/b"), Some("TestX")));
        assert!(!origin.partial);
    }

    #[test]
    fn several_lines_in_one_come_apart() {
        assert_eq!(lines(r#"msg="fatal error: x\n\ngoroutine 1 [running]:\nmain.f()""#).0.len(), 4);
        assert_eq!(lines("a#012b").0, ["a", "b"]);
        assert_eq!(lines(r#"{"MESSAGE":[97,27,91,49,109,98]}"#).0, ["ab"]);
        assert_eq!(lines(r#"{"log":"{\"msg\":\"a\\nb\"}\n"}"#).0, ["a", "b"]);
    }

    #[test]
    fn prefixes_name_their_process() {
        assert_eq!(stream_key("web-1  | \tx.go:1"), Some("web-1"));
        assert_eq!(stream_key("[pod/a/b] x"), Some("[pod/a/b]"));
        assert_eq!(stream_key("Oct 27 04:56:08nomad[6207]: x"), Some("nomad[6207"));
        assert_eq!(stream_key("150 | x"), None);
        assert_eq!(stream_key("Sat, Aug 27 2022 3:47:12 pm | x"), None);
        assert_eq!(stream_key("main.f(0x1)"), None);
    }
}
