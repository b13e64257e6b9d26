//! The example programs, on mutants.

#[path = "../../examples/feature_flags.rs"]
mod feature_flags;
#[path = "../../examples/metrics_collector.rs"]
mod metrics_collector;
#[path = "../../examples/request_counter.rs"]
mod request_counter;
#[path = "../../examples/session_cache.rs"]
mod session_cache;

use crate::Seeded;

pub fn mutants() -> Vec<Seeded> {
    let example = |program, map, torn, can_lose, run| Seeded { program, map, torn, can_lose, run };
    vec![
        example("session_cache, everybody comes back", "ShardedMap", "compute, retain", true, || {
            session_cache::serve(3, 300, 20, u64::MAX);
        }),
        example("session_cache, sessions end", "ShardedMap", "compute, retain", true, || {
            session_cache::serve(3, 300, 20, 10);
        }),
        example("request_counter", "CounterMap", "increment, reset", true, || {
            request_counter::serve(3, 300);
        }),
        example("metrics_collector", "PerThreadMap", "merge", true, || {
            metrics_collector::run(3, 300);
        }),
        // Many read and one writes: there is nobody to lose a write to.
        example("feature_flags", "SyncMap", "update", false, || {
            feature_flags::serve(3, 300);
        }),
    ]
}
