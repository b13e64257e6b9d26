//! The published schemas describe exactly what is written.

mod samples;

use jsonschema::{Registry, Validator};
use mapwise_record::schema::{BENCH_V1, RUN_V1};
use serde_json::{Value, json};

fn parse(schema: &str) -> Value {
    serde_json::from_str(schema).expect("a schema is JSON")
}

fn run_validator() -> Validator {
    jsonschema::draft202012::new(&parse(RUN_V1)).expect("a valid schema")
}

fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schemas_obey_their_own_schema() {
    for schema in [RUN_V1, BENCH_V1] {
        let schema = parse(schema);
        assert!(jsonschema::meta::is_valid(&schema));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}

#[test]
fn every_run_that_is_written_fits_the_schema() {
    let validator = run_validator();
    for run in samples::runs().into_iter().chain([samples::run()]) {
        let json = run.to_json().expect("a valid run");
        assert_eq!(errors(&validator, &parse(&json)), Vec::<String>::new());
    }
}

fn bench_validator() -> Validator {
    let registry = Registry::new()
        .add("urn:mapwise:schema:mapwise.run.v1", parse(RUN_V1))
        .expect("a resource")
        .prepare()
        .expect("a registry");
    jsonschema::options().with_registry(&registry).build(&parse(BENCH_V1)).expect("a valid schema")
}

#[test]
fn a_bench_file_fits_its_schema() {
    let validator = bench_validator();
    let mut document = parse(&samples::bench().to_json().expect("valid runs"));
    assert_eq!(errors(&validator, &document), Vec::<String>::new());
    document["runs"][0]["threads"] = json!("four");
    assert_ne!(errors(&validator, &document), Vec::<String>::new());
}

#[test]
fn a_wrong_row_is_refused() {
    let validator = bench_validator();
    let sample = serde_json::to_value(samples::bench()).expect("JSON");
    for (pointer, value) in [
        ("/rows/0/key_type", json!("bytes")),
        ("/rows/0/ratio", json!(-1)),
        ("/rows/0/threads", json!(0)),
        ("/rows/0/checks/0/what", json!("speed")),
        ("/rows/0/ok", json!("yes")),
    ] {
        let mut wrong = sample.clone();
        *wrong.pointer_mut(pointer).expect("it is in the sample") = value;
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
    let schema = parse(BENCH_V1);
    for (definition, pointer) in [("row", "/rows/0"), ("check", "/rows/0/checks/1")] {
        let mut unknown = sample.clone();
        let written = unknown.pointer_mut(pointer).expect("it is there");
        let described = schema["$defs"][definition]["properties"].as_object().expect("an object");
        assert!(described.keys().eq(written.as_object().expect("an object").keys()), "{definition}");
        written["unknown"] = json!(1);
        assert!(!validator.is_valid(&unknown), "{pointer}");
    }
}

#[test]
fn a_wrong_field_is_refused() {
    let validator = run_validator();
    let sample = serde_json::to_value(samples::run()).expect("JSON");
    for (pointer, value) in [
        ("/schema", json!("mapwise.bench")),
        ("/schema_version", json!(2)),
        ("/seed", json!(-1)),
        ("/cells/0/origin", json!("elsewhere")),
        ("/cells/0/latency_ns/curve/0", json!([0.5])),
        ("/cells/0/samples/0/slowest_thread", json!("all")),
        ("/warnings/0/kind", json!("later")),
        ("/verdict/kind", json!("maybe")),
        ("/workload/keys/distribution", json!({"kind": "zipf"})),
        ("/workload/values", json!({"type": "u64", "bytes": 8})),
    ] {
        let mut wrong = sample.clone();
        *wrong.pointer_mut(pointer).expect("it is in the sample") = value;
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
    for pointer in ["", "/machine", "/workload", "/cells/0", "/verdict"] {
        let mut unknown = sample.clone();
        unknown.pointer_mut(pointer).expect("it is there")["unknown"] = json!(1);
        assert!(!validator.is_valid(&unknown), "{pointer}");
    }
}

/// A field that the types gain or lose must be in the schema too.
#[test]
fn the_schema_names_every_field_that_is_written() {
    let schema = parse(RUN_V1);
    let sample = serde_json::to_value(samples::run()).expect("JSON");
    let names = |value: &Value| {
        let fields = value.as_object().expect("an object");
        fields.keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&schema["properties"]), names(&sample));
    for (definition, pointer) in [
        ("machine", "/machine"),
        ("workload", "/workload"),
        ("mix", "/workload/mix"),
        ("keys", "/workload/keys"),
        ("cell", "/cells/0"),
        ("latency", "/cells/0/latency_ns"),
        ("sample", "/cells/0/samples/0"),
        ("verdict", "/verdicts/0/verdict"),
    ] {
        let written = sample.pointer(pointer).expect("it is in the sample");
        let described = &schema["$defs"][definition]["properties"];
        assert_eq!(names(described), names(written), "{definition}");
    }
}
