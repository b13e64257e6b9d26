use std::thread;

use mapwise::MutexMap;

fn main() {
    let users: MutexMap<_, _> = [("ada", 1)].into_iter().collect();
    let teams: MutexMap<_, _> = [("compilers", 1)].into_iter().collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                users.update("ada", |teams| *teams += 1);
                teams.update("compilers", |members| *members += 1);
            });
        }
    });
    assert_eq!((users.get("ada"), teams.get("compilers")), (Some(3), Some(3)));
}
