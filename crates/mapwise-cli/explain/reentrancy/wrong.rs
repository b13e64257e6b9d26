use mapwise::ShardedMap;

fn main() {
    let accounts: ShardedMap<_, _> = [("ada", 100), ("bob", 20)].into_iter().collect();
    accounts.update("ada", |ada| {
        // Waits for a lock that this thread holds, if both keys are in one shard.
        *ada += accounts.remove("bob").unwrap_or(0);
    });
}
