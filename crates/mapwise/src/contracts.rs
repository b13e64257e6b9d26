//! What must not compile, each beside a twin that does and differs from it in one line only, so that the refusal is for
//! the reason named. (Comparing the compiler's words would tie the tests to one version of it.)
//!
//! # A reference to a value does not leave a look-up
//!
//! ```
//! let map = mapwise::ShardedMap::<String, u64>::new();
//! let value: Option<u64> = map.view("a", |value| *value);
//! ```
//! ```compile_fail
//! let map = mapwise::ShardedMap::<String, u64>::new();
//! let value: Option<&u64> = map.view("a", |value| value);
//! ```
//!
//! # nor an update
//!
//! ```
//! let map = mapwise::MutexMap::<String, u64>::new();
//! let mut kept: Option<u64> = None;
//! map.update("a", |value| kept = Some(*value));
//! ```
//! ```compile_fail
//! let map = mapwise::MutexMap::<String, u64>::new();
//! let mut kept: Option<&mut u64> = None;
//! map.update("a", |value| kept = Some(value));
//! ```
//!
//! # nor an iteration
//!
//! ```
//! let map = mapwise::RwLockMap::<String, u64>::new();
//! let mut kept: Vec<u64> = Vec::new();
//! map.for_each(|_, value| kept.push(*value));
//! ```
//! ```compile_fail
//! let map = mapwise::RwLockMap::<String, u64>::new();
//! let mut kept: Vec<&u64> = Vec::new();
//! map.for_each(|_, value| kept.push(value));
//! ```
//!
//! # nor a transaction
//!
//! ```
//! let map = mapwise::ShardedMap::<String, u64>::new();
//! let values = map.transact(["a", "b"], |values| values.map(|value| value.copied()));
//! ```
//! ```compile_fail
//! let map = mapwise::ShardedMap::<String, u64>::new();
//! let values = map.transact(["a", "b"], |values| values);
//! ```
//!
//! # No `.await` fits inside a closure
//!
//! ```
//! async fn fetch() {}
//! async fn hold(map: &mapwise::ShardedMap<String, u64>) {
//!     fetch().await;
//!     map.view("a", |value| { *value });
//! }
//! ```
//! ```compile_fail
//! async fn fetch() {}
//! async fn hold(map: &mapwise::ShardedMap<String, u64>) {
//!     map.view("a", |value| { fetch().await; *value });
//! }
//! ```
//!
//! # A value that may not change threads is not shared through a map
//!
//! ```
//! let map = mapwise::ShardedMap::<u64, std::sync::Arc<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//! ```compile_fail
//! let map = mapwise::ShardedMap::<u64, std::rc::Rc<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//!
//! # A value that two threads may not see at once is shared through a mutex only
//!
//! ```
//! let map = mapwise::MutexMap::<u64, std::cell::Cell<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//! ```compile_fail
//! let map = mapwise::RwLockMap::<u64, std::cell::Cell<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//!
//! # A frozen map is not written
//!
//! ```
//! let map: mapwise::MutexMap<u64, u64> = [(1, 1)].into_iter().collect();
//! map.insert(2, 2);
//! ```
//! ```compile_fail
//! let map: mapwise::FrozenMap<u64, u64> = [(1, 1)].into_iter().collect();
//! map.insert(2, 2);
//! ```
//!
//! # The default map asks for both, for any thread may look at a value and any may take it out
//!
//! ```
//! let map = mapwise::Map::<u64, std::sync::Arc<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//! ```compile_fail
//! let map = mapwise::Map::<u64, std::rc::Rc<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//! ```compile_fail
//! let map = mapwise::Map::<u64, std::cell::Cell<u64>>::new();
//! std::thread::scope(|scope| { scope.spawn(|| map.len()); });
//! ```
//!
//! # What the default map borrows outlives it: its keys, and what waits to be dropped
//!
//! ```
//! let text = "a".to_owned();
//! let map = mapwise::Map::<&str, String>::new();
//! map.insert(&text, String::new());
//! ```
//! ```compile_fail
//! let map = mapwise::Map::<&str, String>::new();
//! let text = "a".to_owned();
//! map.insert(&text, String::new());
//! ```
//!
//! # What is packed is packed into a type that is read without a lock
//!
//! ```
//! struct Price(u8, u32);
//! impl mapwise::Pack for Price {
//!     type Packed = (u32, u32);
//!     fn pack(self) -> Self::Packed { (self.0.into(), self.1) }
//!     fn unpack(packed: Self::Packed) -> Self { Self(packed.0 as u8, packed.1) }
//! }
//! ```
//! ```compile_fail
//! struct Price(u8, u32);
//! impl mapwise::Pack for Price {
//!     type Packed = (u8, u32);
//!     fn pack(self) -> Self::Packed { (self.0.into(), self.1) }
//!     fn unpack(packed: Self::Packed) -> Self { Self(packed.0 as u8, packed.1) }
//! }
//! ```
