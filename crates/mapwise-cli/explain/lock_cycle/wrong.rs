use std::thread;

use mapwise::MutexMap;

fn main() {
    let users: MutexMap<_, _> = [("ada", 1)].into_iter().collect();
    let teams: MutexMap<_, _> = [("compilers", 1)].into_iter().collect();
    thread::scope(|scope| {
        let join = scope.spawn(|| users.update("ada", |_| teams.update("compilers", |members| *members += 1)));
        // One after the other, so nobody hangs today.
        join.join().unwrap();
        scope.spawn(|| teams.update("compilers", |_| users.update("ada", |teams| *teams += 1)));
    });
}
