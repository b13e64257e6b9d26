//! Locks that are held for long.

use super::facts::Facts;
use super::{Advice, Lint, MOST};
use crate::map::Awaited;
use crate::number::{count, duration, percent, share};
use crate::text::{plain, site};

/// A hold of this length makes a waiter park.
const LONG_NS: u64 = 20_000;
/// Fewer timed holds than this have no percentiles worth a name.
const MIN_TIMED: u64 = 20;
/// A waiter that parked runs again this long after it could, on a machine that has other work too.
const WAKE_NS: u64 = 100_000;
/// Holds explain this many times what they add up to: a sample of them may be that far off.
const SLACK: u64 = 2;
/// A holder that makes others wait this many times longer than it waits itself is the cause and no victim.
const ASYMMETRY: u64 = 3;
/// The longest site in a sentence.
const SITE: usize = 120;

/// Long holds, seen in the holds themselves or in who is waited for.
///
/// A slow holder among millions of short ones escapes the sampled holds but not the waits: it makes others wait and
/// hardly waits itself, while places that all do the same wait for each other alike.
pub(super) fn long_hold(facts: &Facts<'_>) -> Option<Advice> {
    by_holder(facts).or_else(|| by_holds(facts))
}

fn by_holder(facts: &Facts<'_>) -> Option<Advice> {
    let (attributed_ns, holder) = facts.worst_holder()?;
    let each_ns = holder.blamed_ns / holder.contentions.max(1);
    let is_cause = share(holder.blamed_ns, attributed_ns) >= MOST
        && each_ns >= LONG_NS
        && holder.blamed_ns / ASYMMETRY >= holder.waited_ns;
    if !is_cause {
        return None;
    }
    // What was not attributed is taken to be spread alike.
    let blamed = share(holder.blamed_ns, attributed_ns);
    let delay_ns = (facts.map.delay_ns as f64 * blamed) as u64;
    let place = plain(&site(holder.site), SITE);
    let text = format!(
        "{}: {} of the waiting is for one place that holds a lock for long: {place}",
        facts.name(),
        percent(blamed)
    );
    let evidence = vec![format!(
        "others waited {} each for it, {} in all; it waited {} itself",
        duration(each_ns),
        duration(holder.blamed_ns),
        duration(holder.waited_ns)
    )];
    Some(facts.advice(Lint::LongHold, delay_ns, text, remedy(facts), evidence))
}

fn by_holds(facts: &Facts<'_>) -> Option<Advice> {
    let holds = &facts.map.holds;
    let (timed, p99) = (holds.times.count(), holds.times.quantile(0.99)?);
    // A quantile is a bucket's upper bound, up to twice the truth.
    if timed < MIN_TIMED || p99 / 2 < LONG_NS {
        return None;
    }
    let longest = holds.longest.as_ref().map(|longest| format!(", the longest at {}", plain(&site(longest), SITE)));
    let what = match facts.map.awaited() {
        Awaited::Lock => "its locks are held for long",
        Awaited::Owner => "its owner thread works for long on one request",
        Awaited::Collection => "its threads are kept out for long",
    };
    let text = format!("{}: {what}{}", facts.name(), longest.unwrap_or_default());
    let evidence = vec![format!(
        "p99 of {} timed holds is at most {}, the longest {}",
        count(timed),
        duration(p99),
        duration(holds.times.max_ns)
    )];
    Some(facts.advice(Lint::LongHold, facts.map.delay_ns, text, remedy(facts), evidence))
}

/// Waits that short holds cannot explain, whoever held, where no other cause does.
///
/// While one waits another holds: all waiting together is at most what the threads in front of each waiter held, and the
/// time that waiters took to wake up. Every hold is an operation, so even without timed holds there is a bound on what short
/// ones add up to.
pub(super) fn unexplained(facts: &Facts<'_>) -> Option<Advice> {
    let map = facts.map;
    let holder = facts.worst_holder();
    if holder.as_ref().is_some_and(|(attributed_ns, holder)| share(holder.blamed_ns, *attributed_ns) < MOST) {
        return None;
    }
    let behind = facts.threads.saturating_sub(1).max(1);
    let held_ns = if map.holds.times.count() >= MIN_TIMED {
        map.holds.period.saturating_mul(map.holds.times.sum_ns)
    } else {
        facts.holds().saturating_mul(LONG_NS)
    };
    let explained_ns =
        held_ns.saturating_mul(behind).saturating_mul(SLACK).saturating_add(map.contentions.saturating_mul(WAKE_NS));
    if map.delay_ns <= explained_ns {
        return None;
    }
    let each_ns = map.delay_ns / map.contentions.max(1);
    let text = format!("{}: something holds its locks for long, or lost the processor while it did", facts.name());
    let evidence = vec![format!(
        "a wait takes {} on average, more than short holds of {} explain",
        duration(each_ns),
        match behind {
            1 => "another thread".to_owned(),
            n => format!("{n} other threads"),
        }
    )];
    let remedy = match holder {
        Some((_, holder)) => format!("at {}: {}", plain(&site(holder.site), SITE), remedy(facts)),
        None => format!("record sites to learn who holds it; then {}", remedy(facts)),
    };
    Some(facts.advice(Lint::LongHold, map.delay_ns, text, remedy, evidence))
}

fn remedy(facts: &Facts<'_>) -> String {
    if facts.map.awaited() == Awaited::Collection {
        return "collect less often, or drain, which takes whole parts; keep closures that run inside a part to a few moves".to_owned();
    }
    "compute the value before the call and keep the closure to a few moves; no I/O, lock or allocation of unknown size inside".to_owned()
}
