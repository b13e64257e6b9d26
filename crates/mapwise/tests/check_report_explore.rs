//! Exploration of programs that use maps: a planted lost update is found and its schedule replays it, the repaired twin
//! passes under every schedule.
//!
//! With shuttle: `RUSTFLAGS="--cfg shuttle" cargo test -p mapwise --features check --target-dir target/shuttle --test
//! check_report_explore`

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    sync::Arc,
};

use mapwise::{
    MapWrite, MutexMap, ShardedMap, SyncMap,
    check::{self, Exploration},
};

/// Two threads count visits by `visit`.
fn two_visits<M>(map: fn() -> M, visit: fn(&M)) -> impl Fn() -> Arc<M>
where
    M: MapWrite<&'static str, u64> + Send + Sync + 'static,
{
    move || {
        let visits = Arc::new(map());
        visits.insert("/", 0);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let visits = Arc::clone(&visits);
                check::spawn(move || visit(&visits))
            })
            .collect();
        for thread in threads {
            thread.join().expect("it does not panic");
        }
        visits
    }
}

fn in_two_steps<M: MapWrite<&'static str, u64>>(visits: &M) {
    let seen = visits.get("/").unwrap_or(0);
    visits.insert("/", seen + 1);
}

fn in_one_step<M: MapWrite<&'static str, u64>>(visits: &M) {
    visits.update("/", |seen| *seen += 1);
}

/// What `job` panics with.
fn failure(job: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(job)).expect_err("it fails");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn found_and_replayed<M>(map: fn() -> M)
where
    M: MapWrite<&'static str, u64> + Send + Sync + 'static,
{
    // Nothing is asserted: checked mode notices.
    let body = move || drop(two_visits(map, in_two_steps)());
    let said = failure(|| Exploration::new().schedules(50).run(body));
    assert!(said.starts_with("checked mode found 1 under schedule ") && said.contains("(lost update)"), "{said}");
    let schedule = said.split_whitespace().nth(6).expect("its name").to_owned();
    for _ in 0..5 {
        let again = failure(|| check::replay(&schedule, body));
        assert!(again.contains(&schedule) && again.contains("(lost update)"), "{again}");
    }
}

#[test]
fn a_lost_update_is_found_within_fifty_schedules_and_replayed_by_name() {
    found_and_replayed(MutexMap::<&str, u64>::new);
    found_and_replayed(ShardedMap::<&str, u64>::new);
    found_and_replayed(SyncMap::<&str, u64>::new);
}

#[test]
fn the_repaired_twin_passes_under_every_schedule() {
    Exploration::new().schedules(200).run(|| {
        let visits = two_visits(MutexMap::<&str, u64>::new, in_one_step)();
        assert_eq!(visits.get("/"), Some(2));
    });
    Exploration::new().seed(7).schedules(200).run(|| {
        let visits = two_visits(ShardedMap::<&str, u64>::new, in_one_step)();
        assert_eq!(visits.get("/"), Some(2));
    });
}

#[test]
fn threads_of_a_scope_are_scheduled_too() {
    let said = failure(|| {
        Exploration::new().schedules(50).run(|| {
            let visits = MutexMap::<&str, u64>::new();
            visits.insert("/", 0);
            check::scope(|scope| {
                scope.spawn(|| in_two_steps(&visits));
                scope.spawn(|| in_two_steps(&visits));
            });
        });
    });
    assert!(said.contains("(lost update)"), "{said}");
}

#[test]
#[ignore = "run by the test below, as a process of its own"]
fn child() {
    check::explore(|| {
        let visits = two_visits(MutexMap::<&str, u64>::new, in_two_steps)();
        assert_eq!(visits.get("/"), Some(2), "a visit was lost");
    });
}

#[test]
fn the_name_of_the_schedule_is_on_standard_error_and_the_environment_takes_it() {
    let run = |schedule: Option<&str>| {
        let mut command = Command::new(env::current_exe().expect("a program knows itself"));
        command.args(["--exact", "child", "--ignored", "--nocapture"]).env_remove("MAPWISE_EXPLORE");
        let output = command.envs(schedule.map(|name| ("MAPWISE_EXPLORE", name))).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, said) = run(None);
    let name = said.lines().find_map(|line| line.strip_prefix("replay it: MAPWISE_EXPLORE=")?.split(',').next());
    let name = name.unwrap_or_else(|| panic!("no name: {said}"));
    assert_eq!(status, Some(101), "the test fails as any other: {said}");
    let (status, again) = run(Some(name));
    assert!(status == Some(101) && again.contains("fails (replayed)") && again.contains("a visit was lost"), "{again}");
    let (status, refused) = run(Some("yesterday's"));
    assert!(status == Some(101) && refused.contains("must be named as"), "{refused}");
}
