use mapwise::ShardedMap;

fn main() {
    let accounts: ShardedMap<_, _> = [("ada", 100), ("bob", 20)].into_iter().collect();
    let merged = accounts.transact([&"ada", &"bob"], |balances| {
        let [Some(ada), Some(bob)] = balances else { return };
        *ada += std::mem::take(bob);
    });
    assert_eq!((merged, accounts.get("ada"), accounts.get("bob")), (Ok(()), Some(120), Some(0)));
}
