//! Candidates being gathered for one plan, with the types of its keys and values.

use std::marker::PhantomData;
use std::sync::Arc;

use mapwise_record::run::{LeftOut, Origin};

use crate::candidate::{About, Subject};
use crate::data::{Key, Value};
use crate::driver::driven::{Drive, Driven, Keys};
use crate::driver::harness::Nothing;
use crate::driver::rig::Rig;
use crate::driver::spin::Think;
use crate::plan::Plan;

/// Candidates being gathered.
pub(crate) struct List<K, V> {
    plan: Arc<Plan>,
    keys: Arc<Keys<K>>,
    think: Think,
    rigs: Vec<Rig>,
    left_out: Vec<LeftOut>,
    value: PhantomData<fn() -> V>,
}

impl<K: Key, V: Value> List<K, V> {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self {
            keys: Arc::new(Keys::new(&plan)),
            think: Think::calibrated(plan.workload().think_ns),
            plan,
            rigs: Vec::new(),
            left_out: Vec::new(),
            value: PhantomData,
        }
    }

    /// Adds a candidate, unless it cannot serve the workload, which is noted with its reason.
    ///
    /// `build` makes an empty map and is given the number of different keys, for those that must
    /// be told how many entries they may hold.
    pub(crate) fn add<S: Subject<K, V>>(&mut self, about: About, build: impl Fn(usize) -> S + Sync + 'static) {
        if let Some(reason) = about.refuses(self.plan.workload()) {
            self.left_out.push(about.left_out(reason));
            return;
        }
        let rig = self.rig(about, self.think, build);
        self.rigs.push(rig);
    }

    /// Everything gathered, with the map that prices the harness.
    pub(crate) fn finish(self) -> Candidates {
        Candidates {
            // Think time belongs to the workload, not to the harness.
            harness: self.rig(Nothing::about(), Think::NONE, |_| Nothing),
            rigs: self.rigs,
            left_out: self.left_out,
        }
    }

    fn rig<S: Subject<K, V>>(&self, about: About, think: Think, build: impl Fn(usize) -> S + Sync + 'static) -> Rig {
        let space = self.plan.key_count() as usize;
        let keys = Arc::clone(&self.keys);
        let build = move || -> Box<dyn Driven> { Box::new(Drive::<K, V, S>::new(build(space), Arc::clone(&keys))) };
        Rig::new(about, Arc::clone(&self.plan), think, Box::new(build))
    }
}

/// Every candidate set up for one plan.
pub(crate) struct Candidates {
    /// The map that does nothing, to price the harness.
    pub(crate) harness: Rig,
    /// Those that serve the workload, not built yet.
    pub(crate) rigs: Vec<Rig>,
    /// Those that do not, with the reason.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Candidates {
    /// The identifiers of all candidates, whether or not they serve the workload.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let serving = self.rigs.iter().map(|rig| rig.about().id);
        let others = self.left_out.iter().map(|absence| &*absence.candidate);
        serving.chain(others).collect()
    }

    /// Keeps the candidates named in `only`, and all standard choices where none of those is; true
    /// when they had to be added. The others are noted as left out.
    pub(crate) fn retain(&mut self, only: &[String]) -> bool {
        let asked = |rig: &Rig| only.iter().any(|id| id == rig.about().id);
        let standard = |rig: &Rig| rig.about().origin == Origin::Standard;
        let adds = !self.rigs.iter().any(|rig| asked(rig) && standard(rig));
        let (kept, others): (Vec<Rig>, Vec<Rig>) =
            std::mem::take(&mut self.rigs).into_iter().partition(|rig| asked(rig) || (adds && standard(rig)));
        self.rigs = kept;
        let reason = "not asked for";
        let absences = others.iter().map(|rig| rig.about().left_out(reason.to_owned()));
        self.left_out.extend(absences);
        adds
    }
}
