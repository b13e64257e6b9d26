//! What checked mode writes fits the published schemas, and is read back.
//!
//! The golden files are those that the tests of `mapwise` hold its writers against.

use std::fs;

use jsonschema::Validator;
use mapwise_record::findings::Findings;
use mapwise_record::schema::FINDINGS_V1;
use proptest::prelude::*;
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise/tests/data/check");

fn golden(name: &str) -> Value {
    let text = fs::read_to_string(format!("{GOLDEN}/{name}")).expect("the golden file is in the repository");
    serde_json::from_str(&text).expect("it is JSON")
}

fn schema() -> Value {
    serde_json::from_str(FINDINGS_V1).expect("a schema is JSON")
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("a valid schema")
}

fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn findings_fit_their_schema() {
    assert!(jsonschema::meta::is_valid(&schema()));
    assert_eq!(errors(&validator(), &golden("finding.json")), Vec::<String>::new());
}

#[test]
fn the_schema_refuses_what_is_never_written() {
    let validator = validator();
    for (pointer, value) in [
        ("/schema", json!("mapwise.run")),
        ("/schema_version", json!(2)),
        ("/exit_status", json!(256)),
        ("/findings/0/id", json!("mw-lu-")),
        ("/findings/0/kind", json!("data_race")),
        ("/findings/0/accesses", json!([])),
        ("/findings/0/accesses/0/role", json!("bystander")),
        ("/findings/0/accesses/0/place/line", json!(0)),
        ("/findings/0/threads/1/created", json!("main")),
        ("/findings/0/count", json!(0)),
        ("/notes", json!([1])),
    ] {
        let mut wrong = golden("finding.json");
        *wrong.pointer_mut(pointer).expect("it is in the sample") = value;
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
    for pointer in ["", "/findings/0", "/findings/0/map", "/findings/0/accesses/0", "/findings/0/threads/0"] {
        let mut unknown = golden("finding.json");
        unknown.pointer_mut(pointer).expect("it is there")["unknown"] = json!(1);
        assert!(!validator.is_valid(&unknown), "{pointer}");
    }
}

#[test]
fn findings_are_read_back_whole() {
    let written = golden("finding.json");
    let read = Findings::from_json(written.to_string()).expect("valid findings");
    assert_eq!(serde_json::to_value(&read).expect("JSON"), written);
    assert_eq!((read.exit_status, read.findings[0].accesses.len()), (66, 3));
}

#[test]
fn bad_findings_are_refused_with_their_place() {
    for (pointer, value, said) in [
        ("/schema", json!("mapwise.run"), "schema must be mapwise.findings"),
        ("/schema_version", json!(9), "a newer mapwise can read it"),
        ("/findings/0/title", json!("a\u{1b}[2Jb"), "findings[0].title: must have no control characters"),
        ("/findings/0/accesses/1/thread", json!(99), "findings[0].accesses[1].thread: must be one of the threads"),
        ("/findings/0/count", json!(0), "findings[0].count: must be at least 1"),
        ("/findings/0/threads/0/created/line", json!(0), "findings[0].threads[0].created.line: must be 1 to"),
        ("/findings/0/map/serial", json!(-1), "findings[0].map.serial"),
        ("/notes", json!([""]), "notes[0]: must not be empty"),
    ] {
        let mut wrong = golden("finding.json");
        *wrong.pointer_mut(pointer).expect("it is in the sample") = value;
        let error = Findings::from_json(wrong.to_string()).expect_err(pointer).to_string();
        assert!(error.contains(said), "{pointer}: {error}");
    }
    assert!(Findings::from_json("{").is_err() && Findings::from_json("[]").is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(cut in 0usize..5_000, change in any::<u8>()) {
        let mut text = golden("finding.json").to_string().into_bytes();
        let place = cut % text.len();
        text[place] = change;
        let _ = Findings::from_json(&text);
        text.truncate(place);
        let _ = Findings::from_json(&text);
    }
}

/// The schema of SARIF 2.1.0 (copyright OASIS Open), as published.
const SARIF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sarif-schema-2.1.0.json");

#[test]
fn sarif_fits_the_schema_of_its_standard() {
    let mut schema: Value =
        serde_json::from_str(&fs::read_to_string(SARIF).expect("the schema is in the repository")).expect("it is JSON");
    // A bracket too many, mended in later errata: no regular expression.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language["pattern"] = json!("^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    }
    let validator = jsonschema::options().build(&schema).expect("a valid schema");
    let mut log = golden("finding.sarif");
    assert_eq!(errors(&validator, &log), Vec::<String>::new());
    log["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"] = json!([]);
    assert_ne!(errors(&validator, &log), Vec::<String>::new());
}
