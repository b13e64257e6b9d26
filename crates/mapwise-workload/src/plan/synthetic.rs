//! Plans drawn from a workload's mix and distribution.

use mapwise_record::workload::{Distribution, Mix, Workload};
use rand::RngExt;

use super::{Op, Plan, PlanError, Step, adding_share};
use crate::data;
use crate::draw::{Generator, Ranks, Scramble, generator};
use crate::validate::{WorkloadError, validate};

/// Steps of a thread; see the module above for why.
const MIN_STEPS: u64 = 1 << 18;
const MAX_STEPS: u64 = 1 << 20;
const STEPS_A_KEY: u64 = 4;

/// Steps of all threads together that cycle: 256 MiB.
const CYCLING_STEPS: u64 = 1 << 25;

/// Steps of all threads together that grow a map, where none can be left out: 1 GiB.
const GROWING_STEPS: u64 = 1 << 27;

/// Generators 0 to 2^32 - 1 are the threads', this one permutes the keys for all of them.
const SCRAMBLE_STREAM: u64 = 1 << 32;

impl Plan {
    /// Pre-generates the operations of every thread, so that the generator is not what is measured.
    ///
    /// One build gives the same plan for the same workload, threads and seed. Keys of different ranks
    /// are permuted, except for [`Distribution::Sequential`]. In a mix without removals the
    /// prefilled keys are the most popular ones, as in a cache that has been running; in a mix with
    /// removals they are chosen without regard to popularity, as such a mix leaves them.
    ///
    /// [`Distribution::Sequential`] with operations that add keys gives a plan that
    /// [grows](Plan::grows): each thread adds its part of the absent keys in order, removes its
    /// oldest ones, and looks up and changes those in between.
    ///
    /// # Errors
    ///
    /// Refuses workloads that [`validate`] refuses, recorded ones, and those that cannot be
    /// divided among the threads.
    pub fn synthetic(workload: &Workload, threads: usize, seed: u64) -> Result<Self, PlanError> {
        validate(workload)?;
        if threads == 0 {
            return Err(PlanError::NoThreads);
        }
        let space = workload.keys.space;
        if workload.private_keys && space < threads as u64 {
            return Err(PlanError::TooFewKeys { keys: space, threads });
        }
        let sequential = workload.keys.distribution == Distribution::Sequential;
        let grows = sequential && adding_share(&workload.mix) > 0.0;
        let steps = if grows { growing(workload, threads, seed)? } else { cycling(workload, threads, seed)? };
        Ok(Self {
            workload: data::supported(workload).map_err(WorkloadError::from)?,
            steps,
            prefill: workload.keys.prefill as u32,
            key_count: space as u32,
            grows,
        })
    }
}

/// The keys one thread draws from: every `stride`-th, beginning with `first`.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: u32,
    stride: u32,
    count: u32,
    prefilled: u32,
}

impl Part {
    fn whole(workload: &Workload) -> Self {
        Self::of_thread(workload, 0, 1)
    }

    fn of_thread(workload: &Workload, thread: usize, threads: usize) -> Self {
        let (first, stride) = (thread as u64, threads as u64);
        let below = |end: u64| (end.saturating_sub(first)).div_ceil(stride) as u32;
        Self {
            first: first as u32,
            stride: stride as u32,
            count: below(workload.keys.space),
            prefilled: below(workload.keys.prefill),
        }
    }

    /// The index of the part's key number `place`.
    fn key(&self, place: u32) -> u32 {
        self.first + place * self.stride
    }
}

/// From a rank to a place in a part.
enum Layout {
    InOrder { start: u32, count: u32 },
    Anywhere(Scramble),
    PopularPrefilled { present: Scramble, absent: Scramble, prefilled: u32 },
}

impl Layout {
    fn new(workload: &Workload, part: &Part, start: u32, generator: &mut Generator) -> Self {
        let Part { count, prefilled, .. } = *part;
        if workload.keys.distribution == Distribution::Sequential {
            Self::InOrder { start, count }
        } else if workload.mix.remove > 0.0 {
            Self::Anywhere(Scramble::new(count, generator))
        } else {
            Self::PopularPrefilled {
                present: Scramble::new(prefilled, generator),
                absent: Scramble::new(count - prefilled, generator),
                prefilled,
            }
        }
    }

    fn place(&self, rank: u32) -> u32 {
        match self {
            Self::InOrder { start, count } => ((u64::from(*start) + u64::from(rank)) % u64::from(*count)) as u32,
            Self::Anywhere(scramble) => scramble.apply(rank),
            Self::PopularPrefilled { present, prefilled, .. } if rank < *prefilled => present.apply(rank),
            Self::PopularPrefilled { absent, prefilled, .. } => prefilled + absent.apply(rank - prefilled),
        }
    }
}

fn cycling(workload: &Workload, threads: usize, seed: u64) -> Result<Vec<Vec<Step>>, PlanError> {
    let ops = Ops::new(&workload.mix);
    let whole = Part::whole(workload);
    let budget = (CYCLING_STEPS / threads as u64).max(1);
    let mut plan = Vec::with_capacity(threads);
    for thread in 0..threads {
        let mut generator = generator(seed, thread as u64);
        let (part, start) = if workload.private_keys {
            (Part::of_thread(workload, thread, threads), 0)
        } else {
            // Threads that go through the same keys in order begin apart.
            let start = u64::from(whole.count) * thread as u64 / threads as u64;
            (whole, start as u32)
        };
        let mut scramble_generator = self::generator(seed, SCRAMBLE_STREAM);
        let layout = Layout::new(workload, &part, start, &mut scramble_generator);
        let mut ranks =
            Ranks::new(workload.keys.distribution, part.count).map_err(|error| match workload.keys.distribution {
                Distribution::Recorded => PlanError::Recorded,
                _ => WorkloadError::from(error).into(),
            })?;
        let steps = (STEPS_A_KEY * u64::from(part.count)).clamp(MIN_STEPS, MAX_STEPS);
        let draw = |_| {
            let place = layout.place(ranks.draw(&mut generator));
            Step::new(ops.draw(&mut generator), part.key(place))
        };
        plan.push((0..steps.min(budget)).map(draw).collect());
    }
    Ok(plan)
}

fn growing(workload: &Workload, threads: usize, seed: u64) -> Result<Vec<Vec<Step>>, PlanError> {
    let left = workload.keys.space - workload.keys.prefill;
    if left < threads as u64 {
        return Err(PlanError::NothingToAdd { left, threads });
    }
    let steps = left as f64 / adding_share(&workload.mix);
    if steps > GROWING_STEPS as f64 {
        return Err(PlanError::TooLong { steps: steps as u64, limit: GROWING_STEPS });
    }
    let ops = Ops::new(&workload.mix);
    let plan = (0..threads).map(|thread| {
        let part = Part::of_thread(workload, thread, threads);
        grow_part(workload, &ops, part, &mut generator(seed, thread as u64))
    });
    Ok(plan.collect())
}

/// Adds the keys of one part in order; those from `oldest` to `next` are present on the way.
fn grow_part(workload: &Workload, ops: &Ops, part: Part, generator: &mut Generator) -> Vec<Step> {
    let (mut oldest, mut next) = (0, part.prefilled);
    let mut steps = Vec::new();
    while next < part.count {
        let op = ops.draw(generator);
        let adds = matches!(op, Op::Insert | Op::GetOrInsert | Op::Upsert);
        if adds {
            steps.push(Step::new(op, part.key(next)));
            next += 1;
        } else if oldest == next {
            // Nothing present to work on: the operation is left out.
        } else if op == Op::Remove {
            steps.push(Step::new(op, part.key(oldest)));
            oldest += 1;
        } else {
            let place = generator.random_range(oldest..next);
            let owner = if workload.private_keys {
                part
            } else {
                // Threads are about equally far, so another part has about the same places.
                let first = generator.random_range(0..part.stride);
                Part { first, ..part }
            };
            let last = (workload.keys.space as u32 - 1 - owner.first) / owner.stride;
            steps.push(Step::new(op, owner.key(place.min(last))));
        }
    }
    steps
}

/// Draws operations by their shares.
struct Ops {
    /// Cumulated shares; the last one that is not 0 is infinite, so that rounding loses none.
    up_to: Vec<(f64, Op)>,
}

impl Ops {
    fn new(mix: &Mix) -> Self {
        let ops = [
            (mix.get, Op::Get),
            (mix.get_or_insert, Op::GetOrInsert),
            (mix.insert, Op::Insert),
            (mix.update, Op::Update),
            (mix.upsert, Op::Upsert),
            (mix.remove, Op::Remove),
            (mix.scan, Op::Scan),
        ];
        let mut sum = 0.0;
        let mut up_to: Vec<_> = ops
            .into_iter()
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, op)| {
                sum += share;
                (sum, op)
            })
            .collect();
        if let Some(last) = up_to.last_mut() {
            last.0 = f64::INFINITY;
        }
        Self { up_to }
    }

    fn draw(&self, generator: &mut Generator) -> Op {
        let number: f64 = generator.random();
        let found = self.up_to.iter().find(|(up_to, _)| number < *up_to);
        found.map_or(Op::Get, |(_, op)| *op)
    }
}
