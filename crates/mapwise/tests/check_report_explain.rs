//! The programs of `mapwise explain`: each wrong one has a finding of its kind, and no repaired one has any.

#![allow(clippy::print_stdout)]

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use mapwise::check::Kind;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mapwise-cli/explain");

macro_rules! programs {
    ($($kind:ident)*) => {
        $(mod $kind {
            pub(super) mod wrong {
                include!(concat!("../../mapwise-cli/explain/", stringify!($kind), "/wrong.rs"));

                pub(crate) fn run() {
                    main();
                }
            }
            pub(super) mod repair {
                include!(concat!("../../mapwise-cli/explain/", stringify!($kind), "/repair.rs"));

                pub(crate) fn run() {
                    main();
                }
            }
        })*

        const PROGRAMS: &[(&str, fn(), fn())] = &[$((stringify!($kind), $kind::wrong::run, $kind::repair::run)),*];
    };
}

programs! {
    lost_update double_init stale_remove iterate_then_act reentrancy lock_cycle long_hold overlap
}

#[test]
#[ignore = "run by the tests below, as a process of its own"]
fn child() {
    let wanted = env::var("PROGRAM").expect("it is said which");
    let (kind, wrong, repair) = PROGRAMS.iter().find(|(kind, ..)| wanted.starts_with(kind)).expect("a program");
    if wanted == format!("{kind}/wrong") { wrong() } else { repair() }
}

fn run(program: &str) -> (Output, String) {
    let mut command = Command::new(env::current_exe().expect("a program knows itself"));
    command.args(["--exact", "child", "--ignored"]).env("PROGRAM", program).env_remove("MAPWISE_CHECK");
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn every_wrong_program_has_a_finding_of_its_kind_and_of_no_other() {
    for (kind, ..) in PROGRAMS {
        let (output, said) = run(&format!("{kind}/wrong"));
        let title = Kind::ALL.into_iter().find(|known| known.name() == *kind).expect("a kind").title();
        assert!(said.contains(&format!("WARNING: MAP RACE ({title})")), "{kind}: {said}");
        assert_eq!(said.matches("WARNING: MAP RACE").count(), 1, "{kind}: {said}");
        // An overlap aborts.
        let status = if *kind == "overlap" { None } else { Some(66) };
        assert_eq!(output.status.code(), status, "{kind}: {said}");
    }
}

#[test]
fn no_repaired_program_has_a_finding() {
    for (kind, ..) in PROGRAMS {
        let (output, said) = run(&format!("{kind}/repair"));
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{kind}");
    }
}

#[test]
fn every_kind_has_its_programs_and_its_story() {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(PROGRAMS.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), kinds);
    for kind in kinds {
        let story = fs::read_to_string(Path::new(FOLDER).join(kind).join("story.txt")).expect("its story is there");
        assert!(!story.trim().is_empty());
    }
}
