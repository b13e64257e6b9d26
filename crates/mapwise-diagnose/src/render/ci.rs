//! The diagnosis for machines that show findings beside the code: SARIF and GitHub annotations.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::finding::{Access, Diagnosis, Finding, Kind, Place};

/// GitHub shows at most ten annotations of a step.
const MAX_ANNOTATIONS: usize = 10;

/// The diagnosis as workflow commands of GitHub Actions, rolled up past ten.
pub fn github(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    let shown = if diagnosis.findings.len() > MAX_ANNOTATIONS { MAX_ANNOTATIONS - 1 } else { MAX_ANNOTATIONS };
    for finding in diagnosis.findings.iter().take(shown) {
        let level = if level(finding.kind) == "error" { "error" } else { "warning" };
        let place = finding.accesses.iter().find(|access| access.in_user_code).map(|access| &access.place);
        let mut properties = format!("title={}", property(finding.kind.words()));
        if let Some(place) = place.filter(|place| !place.file.is_empty()) {
            properties = format!("file={},line={},{properties}", property(&relative(&place.file)), place.line.max(1));
        }
        let _ = writeln!(out, "::{level} {properties}::{}", data(&message(finding)));
    }
    let hidden = diagnosis.findings.len().saturating_sub(shown);
    if hidden > 0 {
        let _ = writeln!(out, "::warning title=mapwise::{hidden} further findings, see the log of this step");
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path relative to the checkout where the runner's layout is known.
fn relative(file: &str) -> String {
    let work = file.find("/work/").filter(|_| file.starts_with("/home/runner/"));
    match work.and_then(|at| file[at + "/work/".len()..].splitn(3, '/').nth(2)) {
        Some(inside) => inside.to_owned(),
        None => file.to_owned(),
    }
}

fn message(finding: &Finding) -> String {
    let mut out = finding.title.clone();
    let _ = write!(out, "\n{}", finding.certainty);
    for access in &finding.accesses {
        let _ = write!(out, "\n{}, {}: {}", access.operation.words(), access.role.words(), access.place);
    }
    if let Some(cause) = finding.causes.first() {
        let _ = write!(out, "\ncause ({}): {}", cause.confidence.words(), cause.says);
    }
    if let Some(fix) = finding.fixes.first() {
        let _ = write!(out, "\nfix: {}", fix.says);
    }
    for missing in &finding.missing {
        let _ = write!(out, "\nmissing: {}; run: {}", missing.what, missing.command);
    }
    out
}

fn level(kind: Kind) -> &'static str {
    match kind {
        Kind::MapCrash | Kind::MapRace | Kind::CheckedMap | Kind::OtherRace => "error",
        Kind::MutexProfile | Kind::BlockProfile => "note",
    }
}

const KINDS: [Kind; 6] =
    [Kind::MapCrash, Kind::MapRace, Kind::CheckedMap, Kind::MutexProfile, Kind::BlockProfile, Kind::OtherRace];

/// The diagnosis as a SARIF 2.1.0 log: a result a finding, a thread flow a goroutine.
pub fn sarif(diagnosis: &Diagnosis) -> String {
    let rules: Vec<Value> =
        KINDS.iter().map(|kind| json!({ "id": kind.id(), "shortDescription": { "text": kind.words() } })).collect();
    let driver = json!({
        "name": "mapwise",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules
    });
    // Result by result: one tree of all would take many times the memory of the findings.
    let mut out = format!(
        "{{\n\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n\"version\": \"2.1.0\",\n\
         \"runs\": [{{\n\"tool\": {{ \"driver\": {driver:#} }},\n\"results\": ["
    );
    for (at, finding) in diagnosis.findings.iter().enumerate() {
        let _ = write!(out, "{}\n{:#}", if at == 0 { "" } else { "," }, result(finding));
    }
    out.push_str("\n]\n}]\n}\n");
    out
}

fn result(finding: &Finding) -> Value {
    let locations: Vec<Value> = finding
        .accesses
        .iter()
        .filter(|access| access.in_user_code)
        .take(1)
        .map(|access| location(&access.place, None))
        .collect();
    let related: Vec<Value> =
        finding.accesses.iter().skip(1).map(|access| location(&access.place, Some(access))).collect();
    let flows: Vec<Value> = finding.accesses.iter().map(thread_flow).collect();
    let mut result = json!({
        "ruleId": finding.kind.id(),
        "level": level(finding.kind),
        "message": { "text": message(finding) },
        "locations": locations,
        "relatedLocations": related,
        "occurrenceCount": finding.count,
        "partialFingerprints": { "accesses/v1": fingerprint(finding) }
    });
    if !flows.is_empty() {
        result["codeFlows"] = json!([{ "threadFlows": flows }]);
    }
    result
}

/// The pair of functions: it survives edits that only move lines.
fn fingerprint(finding: &Finding) -> String {
    let mut functions: Vec<&str> = finding.sides().map(|access| access.place.function.as_str()).collect();
    functions.sort_unstable();
    format!("{}:{}", finding.kind.id(), functions.join("|"))
}

fn location(place: &Place, access: Option<&Access>) -> Value {
    let mut location = json!({ "logicalLocations": [{ "fullyQualifiedName": place.function }] });
    if !place.file.is_empty() {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line.max(1) }
        });
    }
    if let Some(access) = access {
        location["message"] = json!({ "text": format!("{}, {}", access.operation.words(), access.role.words()) });
    }
    location
}

/// A path as a URI: what a URI reserves is escaped.
fn uri(file: &str) -> String {
    let file = relative(file).replace('\\', "/");
    let mut out = String::new();
    if file.get(1..2) == Some(":") {
        out.push_str("file:///");
    }
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:@".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn thread_flow(access: &Access) -> Value {
    let calls: Vec<Value> =
        access.stack.iter().rev().map(|place| json!({ "location": location(place, None) })).collect();
    let calls = if calls.is_empty() { vec![json!({ "location": location(&access.place, None) })] } else { calls };
    json!({ "message": { "text": access.actor }, "locations": calls })
}
