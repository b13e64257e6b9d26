//! Mutex and block profiles: who made others wait, and where.

pub(crate) mod proto;
pub(crate) mod text;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::finding::{Access, Cause, CauseKind, Confidence, Delay, Evidence, Finding, Kind, Operation, Place, Role};
use crate::symbol;

/// Stacks shown of one profile.
const MAX_SHOWN: usize = 10;

/// One stack of a lock profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stack {
    pub(crate) contentions: u64,
    pub(crate) delay_ns: u64,
    pub(crate) calls: Vec<Place>,
}

/// A lock profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profile {
    /// Whether it blames holders (mutex) rather than waiters (block).
    pub(crate) mutex: bool,
    pub(crate) stacks: Vec<Stack>,
    pub(crate) log_line: u64,
}

impl Profile {
    /// Tells a mutex profile by its stacks: all end in an unlock.
    pub(crate) fn blames_unlockers(stacks: &[Stack]) -> bool {
        let unlock = |stack: &Stack| {
            stack
                .calls
                .iter()
                .take(3)
                .any(|place| place.function.contains("nlock") || place.function.contains("LostContended"))
        };
        let unlocks = stacks.iter().filter(|stack| unlock(stack)).count();
        unlocks * 2 > stacks.len()
    }

    /// The findings, map-related stacks first, then by delay.
    pub(crate) fn findings(mut self, notes: &mut Vec<String>) -> Vec<Finding> {
        let total: u64 = self.stacks.iter().map(|stack| stack.delay_ns).fold(0, u64::saturating_add);
        let map_delay: u64 = self
            .stacks
            .iter()
            .filter(|stack| of_map(stack).is_some())
            .map(|stack| stack.delay_ns)
            .fold(0, u64::saturating_add);
        let what = if self.mutex { "mutex" } else { "block" };
        self.stacks = by_line(std::mem::take(&mut self.stacks));
        if total == 0 {
            notes.push(format!("the {what} profile is empty: nobody waited, or sampling is off (runtime.SetMutexProfileFraction, runtime.SetBlockProfileRate)"));
            return Vec::new();
        }
        notes.push(format!(
            "{what} profile: {} of waiting at {} places, {:.0} % of it in functions or types that look like a map's",
            seconds(total),
            self.stacks.len(),
            100.0 * map_delay as f64 / total as f64
        ));
        self.stacks.sort_by_key(|stack| (of_map(stack).is_none(), std::cmp::Reverse(stack.delay_ns)));
        let hidden = self.stacks.len().saturating_sub(MAX_SHOWN);
        if hidden > 0 {
            notes.push(format!("{hidden} further places of the {what} profile are not shown"));
        }
        let (mutex, line) = (self.mutex, self.log_line);
        self.stacks.truncate(MAX_SHOWN);
        self.stacks.iter().map(|stack| finding(stack, mutex, total, line)).collect()
    }
}

/// First call outside Go itself.
fn user_call(stack: &Stack) -> Option<&Place> {
    stack.calls.iter().find(|place| !symbol::is_standard(&place.function, &place.file))
}

/// Stacks that wait at one line of the user's for one kind of lock, added up.
fn by_line(stacks: Vec<Stack>) -> Vec<Stack> {
    let mut index: HashMap<(Place, &'static str), usize> = HashMap::new();
    let mut out: Vec<Stack> = Vec::new();
    for stack in stacks {
        let place = user_call(&stack).or(stack.calls.first()).cloned().unwrap_or_default();
        match index.entry((place, lock_word(&stack))) {
            Entry::Occupied(known) => {
                let known = &mut out[*known.get()];
                known.contentions = known.contentions.saturating_add(stack.contentions);
                known.delay_ns = known.delay_ns.saturating_add(stack.delay_ns);
            }
            Entry::Vacant(slot) => {
                slot.insert(out.len());
                out.push(stack);
            }
        }
    }
    out
}

/// Nanoseconds in the unit that suits.
pub(crate) fn seconds(nanoseconds: u64) -> String {
    match nanoseconds {
        0..1_000_000 => format!("{:.1} us", nanoseconds as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanoseconds as f64 / 1e6),
        _ => format!("{:.2} s", nanoseconds as f64 / 1e9),
    }
}

/// Why a stack looks like a map's: its package, type or function says so.
fn of_map(stack: &Stack) -> Option<String> {
    const WORDS: &[&str] = &["map", "cache", "registry", "table", "index", "session", "store", "dict"];
    stack.calls.iter().find_map(|place| {
        if place.function.starts_with("sync.(*Map).") || place.function.contains("HashTrieMap") {
            return Some(place.function.clone());
        }
        if symbol::is_standard(&place.function, &place.file) {
            return None;
        }
        let parsed = symbol::parse(&place.function)?;
        let name = format!("{} {}", parsed.receiver.unwrap_or(""), parsed.name).to_ascii_lowercase();
        WORDS.iter().any(|word| name.contains(word)).then(|| place.function.clone())
    })
}

fn lock_word(stack: &Stack) -> &'static str {
    let has = |word: &str| stack.calls.iter().take(4).any(|place| place.function.contains(word));
    match () {
        () if has("LostContendedRuntimeLock") => "a lock of the runtime itself",
        () if has("(*RWMutex).RUnlock") => "RWMutex.RUnlock: a writer waited for readers",
        () if has("(*RWMutex).Unlock") && has("(*Mutex).Unlock") => "RWMutex.Unlock: a writer waited for this writer",
        () if has("(*RWMutex).Unlock") => "RWMutex.Unlock: readers waited for this writer",
        () if has("(*RWMutex).RLock") => "RWMutex.RLock",
        () if has("(*RWMutex).Lock") => "RWMutex.Lock",
        () if has("(*Mutex).Unlock") => "Mutex.Unlock",
        () if has("(*Mutex).Lock") => "Mutex.Lock",
        () if has("runtime.chan") => "a channel",
        () if has("runtime.selectgo") => "a select",
        () if has("(*WaitGroup).Wait") => "WaitGroup.Wait",
        () => "a wait",
    }
}

fn finding(stack: &Stack, mutex: bool, total: u64, line: u64) -> Finding {
    let user = user_call(stack);
    let place = user.or(stack.calls.first()).cloned().unwrap_or_default();
    let share = stack.delay_ns as f64 / total as f64;
    let word = lock_word(stack);
    let map = of_map(stack);
    let role = if mutex { Role::Holder } else { Role::Waiter };
    let (fixes, decide) =
        if map.is_some() { crate::fix::for_profile(word.contains("RWMutex")) } else { (Vec::new(), String::new()) };
    let access = Access {
        role,
        operation: Operation::Access,
        in_user_code: user.is_some(),
        in_library: place.file.contains("/pkg/mod/"),
        own_code: None,
        actor: word.to_owned(),
        created: None,
        created_stack: Vec::new(),
        stack: stack.calls.iter().take(40).cloned().collect(),
        caveat: None,
        log_line: line,
        place: place.clone(),
    };
    let mut evidence = vec![Evidence {
        shows: format!(
            "{} waits, {} in all, {:.1} % of the profile",
            stack.contentions,
            seconds(stack.delay_ns),
            100.0 * share
        ),
        quote: format!("{word}: {place}"),
        line,
    }];
    evidence.extend(map.as_ref().map(|name| Evidence {
        shows: "looks like a map's by its name".to_owned(),
        quote: name.clone(),
        line,
    }));
    let (says, confidence) = if map.is_some() {
        ("the lock around a map is held long, or wanted by many", Confidence::Likely)
    } else {
        ("waiting, but nothing in this stack names a map", Confidence::Possible)
    };
    Finding {
        kind: if mutex { Kind::MutexProfile } else { Kind::BlockProfile },
        title: format!(
            "{:.1} % of all waiting ({}): {word}, {}",
            100.0 * share,
            seconds(stack.delay_ns),
            crate::assemble::access::short(&place)
        ),
        certainty: format!("certain: measured by the runtime; {} is shown", role.words()),
        accesses: vec![access],
        missing: Vec::new(),
        owner: None,
        causes: vec![Cause { kind: CauseKind::LockContention, says: says.to_owned(), confidence, evidence }],
        fixes,
        decide: (!decide.is_empty()).then_some(decide),
        traps: traps(word),
        go: None,
        code: Vec::new(),
        tests: Vec::new(),
        variable: None,
        delay: Some(Delay { contentions: stack.contentions, delay_ns: stack.delay_ns, share }),
        count: 1,
        log_line: line,
    }
}

fn traps(word: &str) -> Vec<String> {
    let mut traps = Vec::new();
    if word.contains("Unlock") {
        traps.push("since Go 1.22 the delay counts every waiter, so it can be many times that of the same program under Go 1.21".to_owned());
    }
    if word.contains("runtime itself") {
        traps.push("GODEBUG=runtimecontentionstacks=1 shows the stacks of the runtime's own locks".to_owned());
    }
    traps
}
