//! Transactions, torn into a look-up and a write of each key.

use std::thread;

use real::mutant::{Mutant, split};

use crate::{MapTransact, Seeded};

const ACCOUNTS: u64 = 4;

pub fn mutants() -> Vec<Seeded> {
    macro_rules! torn {
        ($($map:ident)*) => {
            [$(Seeded {
                program: "transfers between accounts",
                map: stringify!($map),
                torn: "transact",
                can_lose: true,
                run: || transfer(&Mutant::<_, { split::TRANSACT }>::of(real::$map::<u64, i64>::new())),
            }),*]
        };
    }
    torn!(Map MutexMap RwLockMap ShardedMap).into()
}

fn transfer(map: &(impl MapTransact<u64, i64> + Sync)) {
    for account in 0..ACCOUNTS {
        map.insert(account, 100);
    }
    thread::scope(|scope| {
        for worker in 0..3 {
            scope.spawn(move || {
                for n in 0..200 {
                    let (from, to) = ((n + worker) % ACCOUNTS, (n * 3 + 1 + worker) % ACCOUNTS);
                    let moved = map.transact([&from, &to], |[from, to]| {
                        *from.expect("accounts stay") -= 1;
                        *to.expect("accounts stay") += 1;
                    });
                    assert_eq!(moved.is_err(), from == to);
                }
            });
        }
    });
}
