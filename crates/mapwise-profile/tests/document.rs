//! Profiles as JSON: written ones fit the schema and come back, and no text makes a reader panic.

mod common;

use mapwise_profile::{
    Blame, Profile, ProfileError, advice, collapsed, document, is_profile, limits, pprof, prometheus,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(document::SCHEMA_V1).expect("the schema is JSON")
}

fn made() -> [Profile; 4] {
    [common::quiet(), common::hot_key(), common::hostile(), common::service()]
}

#[test]
fn a_profile_comes_back_as_it_was_written() {
    for profile in made() {
        let json = profile.to_json();
        assert!(is_profile(&json));
        assert_eq!(Profile::from_json(json).expect("it is valid"), profile);
    }
}

/// The file that the tests of other crates read.
#[test]
fn the_sample_file_is_what_is_written() {
    let written = common::service().to_json();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/profile.json");
    let file = std::fs::read_to_string(path).unwrap_or_default();
    if file != written {
        let fresh = common::folder("sample").join("profile.json");
        std::fs::write(&fresh, written).expect("the build folder is writable");
        panic!("{path} differs from what is written: {} has the fresh one", fresh.display());
    }
}

#[test]
fn every_profile_that_is_written_fits_the_schema() {
    assert!(jsonschema::meta::is_valid(&schema()));
    let validator = jsonschema::draft202012::new(&schema()).expect("a valid schema");
    for profile in made() {
        let written = serde_json::from_str(&profile.to_json()).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&written).map(|error| format!("{error}")).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn a_wrong_field_does_not_fit_the_schema() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a valid schema");
    let written: Value = serde_json::from_str(&common::service().to_json()).expect("JSON");
    for (pointer, value) in [
        ("/schema", json!("mapwise.run")),
        ("/tier", json!("all")),
        ("/maps/0/hot_keys/keys/0/hash", json!(7)),
        ("/maps/0/delay_ns", json!(-1)),
        ("/maps/0/name", json!("")),
        ("/maps/0/matrix/0/holder", json!("main")),
        ("/advice/0/lint", json!("be-fast")),
        ("/findings/0/accesses/0/site/unknown", json!(1)),
    ] {
        let mut wrong = written.clone();
        if let Some(known) = wrong.pointer_mut(pointer) {
            *known = value;
        } else {
            let (parent, field) = pointer.rsplit_once('/').expect("a path");
            wrong.pointer_mut(parent).expect("it is in the sample")[field] = value;
        }
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
}

/// A field that the types gain or lose must be in the schema too.
#[test]
fn the_schema_names_every_field_that_is_written() {
    let (schema, written) = (schema(), serde_json::from_str::<Value>(&common::service().to_json()).expect("JSON"));
    let names = |value: &Value| {
        let fields = value.as_object().expect("an object").keys().cloned();
        fields.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&schema["properties"]), names(&written));
    for (definition, pointer) in [
        ("map", "/maps/0"),
        ("operation", "/maps/0/operations/0"),
        ("histogram", "/maps/0/waits"),
        ("holds", "/maps/0/holds"),
        ("shards", "/maps/0/shards"),
        ("shard", "/maps/0/shards/each/0"),
        ("resizes", "/maps/0/resizes"),
        ("hot_keys", "/maps/0/hot_keys"),
        ("hot_key", "/maps/0/hot_keys/keys/0"),
        ("blocked", "/maps/0/matrix/0"),
        ("site", "/maps/0/matrix/0/waiter"),
        ("point", "/maps/0/series/0"),
        ("finding", "/findings/0"),
        ("access", "/findings/0/accesses/0"),
        ("advice", "/advice/0"),
    ] {
        let written = written.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is in the sample"));
        assert_eq!(names(&schema["$defs"][definition]["properties"]), names(written), "{definition}");
    }
}

#[test]
fn a_refusal_names_the_place() {
    let refusal = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&common::service().to_json()).expect("JSON");
        change(&mut document);
        Profile::from_json(document.to_string()).expect_err("it is wrong").to_string()
    };
    for (change, said) in [
        (
            &(|d: &mut Value| d["schema"] = json!("mapwise.run")) as &dyn Fn(&mut Value),
            "schema must be mapwise.profile, got \"mapwise.run\"",
        ),
        (&|d| d["schema_version"] = json!(2), "schema_version must be 1 to 1, got 2: a newer mapwise can read it"),
        (&|d| d["schema_version"] = json!(0), "schema_version: must be 1 to 1, got 0"),
        (
            &|d| d["maps"][1]["waits"]["counts"] = json!([]),
            "maps[1].waits.counts: must have one element more than bounds_ns, 31, got 0",
        ),
        (
            &|d| d["maps"][0]["resizes"]["pauses"]["bounds_ns"][3] = json!(0),
            "maps[0].resizes.pauses.bounds_ns: must be ascending",
        ),
        (&|d| d["maps"][2]["name"] = d["maps"][0]["name"].clone(), "maps[2].name: must not be another map's"),
        (&|d| d["maps"][0]["name"] = json!(""), "maps[0].name: must not be empty"),
        (&|d| d["maps"][0]["series"][3]["at_ns"] = json!(0), "maps[0].series: must be in the order of time"),
        (&|d| d["notes"] = json!(["x".repeat(2_000)]), "notes: must be at most 1024 bytes, got 2000"),
        (&|d| d["maps"][0]["len"] = json!("many"), "maps[0].len: invalid type: string \"many\", expected u64"),
        (
            &|d| d["maps"][0]["hot_keys"]["keys"][0]["hash"] = json!("0xg"),
            "a hash must be 0x and at most 16 hexadecimal digits",
        ),
    ] {
        let refusal = refusal(change);
        assert!(refusal.contains(said), "{refusal} should say {said}");
    }
    assert!(matches!(Profile::from_json("{"), Err(ProfileError::NotJson(_))));
    assert!(matches!(Profile::from_json("[]"), Err(ProfileError::Foreign { .. })));
    assert!(matches!(Profile::from_json("{}"), Err(ProfileError::Foreign { .. })));
    assert!(matches!(Profile::read("no such file"), Err(ProfileError::Read(_))));
    let large = vec![b' '; limits::BYTES as usize + 1];
    assert!(matches!(Profile::from_json(large), Err(ProfileError::TooLarge { .. })));
}

#[test]
fn what_is_cut_to_the_limits_can_be_read_and_says_so() {
    let mut profile = common::service();
    let (map, row) = (profile.maps[0].clone(), profile.maps[0].matrix[0].clone());
    profile.maps[0].matrix = vec![row; limits::BLOCKED + 5];
    let shard = profile.maps[0].shards.each[0].clone();
    profile.maps[3].shards.each = vec![shard; limits::SHARDS + 1];
    profile.maps[1].name = "é".repeat(2_000);
    profile.maps[2].name = "sessions".to_owned();
    profile.notes = vec!["n".repeat(5_000); 1_000];
    profile.findings = vec![profile.findings[0].clone(); 1_000];
    profile.maps.extend(std::iter::repeat_n(map, limits::MAPS));
    profile.limit();
    let read = Profile::from_json(profile.to_json()).expect("it keeps the limits");
    assert_eq!(read, profile);
    assert_eq!(profile.maps[2].name, "sessions #2");
    assert!(profile.maps[1].name.ends_with('…'));
    assert_eq!(profile.maps[3].shards.each, [], "no shards rather than some of them");
    let notes = profile.notes.join("\n");
    for cut in ["waits by site: 2993 are", "maps: 4 are", "findings: 744 are", "shards: 65537 are", "notes: "] {
        assert!(notes.contains(cut), "{cut}");
    }
}

#[test]
fn limits_leave_an_ordinary_profile_as_it_is() {
    for profile in [common::quiet(), common::service()] {
        let mut limited = profile.clone();
        limited.limit();
        assert_eq!(limited, profile);
    }
}

/// Everything that is made from a profile.
fn make_everything(profile: &Profile) {
    let _ = advice::advise(profile);
    let _ = prometheus::text(profile);
    for blame in [Blame::Waiter, Blame::Holder] {
        let _ = pprof::gz(profile, blame);
        let _ = collapsed::text(profile, blame);
    }
    let mut limited = profile.clone();
    limited.limit();
    limited.validate().expect("what is limited is valid");
}

/// Every number of a document, replaced by one of `numbers` in turn.
fn renumber(value: &mut Value, numbers: &[u64], next: &mut usize) {
    match value {
        Value::Number(number) => {
            *number = numbers[*next % numbers.len()].into();
            *next += 1;
        }
        Value::Array(values) => values.iter_mut().for_each(|value| renumber(value, numbers, next)),
        Value::Object(fields) => fields.values_mut().for_each(|value| renumber(value, numbers, next)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Profile::from_json(&bytes).is_err());
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut json = common::service().to_json().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        if cut {
            json.truncate(at);
        }
        if let Ok(profile) = Profile::from_json(&json) {
            make_everything(&profile);
        }
    }

    #[test]
    fn no_figures_stop_what_is_made_of_them(numbers in prop::collection::vec(prop_oneof![any::<u64>(), 0..3u64, Just(u64::MAX)], 1..40)) {
        let mut document: Value = serde_json::from_str(&common::service().to_json()).expect("JSON");
        let maps = document["maps"].as_array_mut().expect("maps");
        for map in maps.iter_mut() {
            renumber(map, &numbers, &mut 0);
            map["series"] = json!([]);
            for row in map["matrix"].as_array_mut().expect("rows") {
                for site in ["waiter", "holder"] {
                    row[site]["line"] = json!(1);
                }
                row["shard"] = json!(numbers[0] as u32);
                row["stack"] = json!([]);
            }
            map["created"]["line"] = json!(1);
            if let Some(line) = map.pointer_mut("/holds/longest/line") {
                *line = json!(1);
            }
            for key in map["hot_keys"]["keys"].as_array_mut().expect("keys") {
                key["shard"] = json!(numbers[0] as u32);
            }
            for pointer in ["/waits", "/holds/times", "/resizes/pauses"] {
                let bounds: Vec<u64> = (1..31).collect();
                map.pointer_mut(pointer).expect("a histogram")["bounds_ns"] = json!(bounds);
            }
        }
        document["span_ns"] = json!(numbers[0]);
        document["process"]["threads"] = json!(numbers[numbers.len() - 1]);
        let profile = Profile::from_json(document.to_string()).expect("only figures changed");
        make_everything(&profile);
    }
}
