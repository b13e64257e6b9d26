//! The operation mixes of 54 production cache clusters, as workloads.
//!
//! Figures of Yang, Yue and Rashmi, "A large scale analysis of hundreds of in-memory cache clusters
//! at Twitter", OSDI 2020, in `data/twitter-clusters.csv`. What a map is asked to do instead:
//!
//! | cache | map | because |
//! |---|---|---|
//! | get, gets | get | |
//! | set | insert | |
//! | add | get_or_insert | leaves a present value alone, as add does, though it also copies it out |
//! | cas, prepend | update | the value is read and changed |
//! | incr | upsert | counters are added before they are incremented |
//! | delete | remove | |
//!
//! The shares are published to two decimals; they are scaled to add up to 1. A cluster has as many
//! keys as a million operations have at its mean accesses to a key, between 10,000 and 100,000 and
//! within 64 MiB, so that 20 candidates fit into half a minute. All keys are present at the start,
//! in mixes with removals as many as these leave in the long run. Expiry, eviction and keys that are
//! asked for only once are not reproduced. Values of up to 8 bytes are numbers.

use mapwise_record::workload::{Distribution, Keys, Kind, Mix, Workload};
use serde::Deserialize;

use crate::plan::stationary_share;
use crate::validate::memory_bytes;

/// What names of these presets begin with; the number of the cluster follows.
pub(crate) const PREFIX: &str = "twitter-";

const SOURCE: &str = "Yang, Yue, Rashmi, \"A large scale analysis of hundreds of in-memory cache \
                      clusters at Twitter\", OSDI 2020, CC-BY";

const DATA: &str = include_str!("../data/twitter-clusters.csv");

/// Operations that an access pattern is scaled to; see the module.
const OPERATIONS: f64 = 1e6;
const MIN_KEYS: f64 = 1e4;
const MAX_KEYS: f64 = 1e5;
const MAX_BYTES: u64 = 64 << 20;

/// A line of the data file; what is not published is `None`, shares are then 0.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Cluster {
    cluster: String,
    key_bytes: Option<usize>,
    value_bytes: Option<usize>,
    request_rate_kqps: Option<f64>,
    mean_accesses_per_key: Option<f64>,
    zipf_alpha: Option<f64>,
    get_share: f64,
    gets_share: f64,
    set_share: f64,
    add_share: f64,
    cas_share: f64,
    delete_share: f64,
    incr_share: f64,
    prepend_share: f64,
}

/// All clusters, in the order of their numbers.
pub(crate) fn all() -> Vec<Cluster> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(DATA.as_bytes());
    // The file is part of the crate, and a test reads every line of it.
    reader.deserialize().filter_map(Result::ok).collect()
}

impl Cluster {
    /// The name of the preset: `twitter-` and the number.
    pub(crate) fn name(&self) -> String {
        format!("{PREFIX}{}", self.cluster.trim_start_matches("cluster"))
    }

    /// The workload, or `None` where no operation or size is published.
    pub(crate) fn workload(&self) -> Option<Workload> {
        let mix = self.mix()?;
        let key_bytes = self.key_bytes?;
        let value_bytes = self.value_bytes?;
        let (distribution, drawn) = self.distribution();
        let values = match value_bytes {
            0..=8 => Kind::U64,
            bytes => Kind::String { bytes },
        };
        let accesses = self.mean_accesses_per_key?;
        let space = (OPERATIONS / accesses).clamp(MIN_KEYS, MAX_KEYS).round() as u64;
        let mut workload = Workload {
            name: self.name(),
            title: format!(
                "production cache {}: {}, {drawn}, keys of {key_bytes} B, values of {value_bytes} B",
                self.cluster.trim_start_matches("cluster"),
                shares(&mix),
            ),
            source: Some(SOURCE.to_owned()),
            mix,
            keys: Keys { kind: Kind::String { bytes: key_bytes }, space, prefill: 0, distribution },
            values,
            private_keys: false,
            think_ns: 0,
            rate_ops_per_s: self.request_rate_kqps.map(|kqps| kqps * 1e3),
            cache_like: true,
        };
        let entry = (memory_bytes(&workload) / space).max(1);
        workload.keys.space = space.min(MAX_BYTES / entry).max(1);
        let present = stationary_share(&mix).unwrap_or(1.0);
        workload.keys.prefill = (workload.keys.space as f64 * present).round() as u64;
        Some(workload)
    }

    fn mix(&self) -> Option<Mix> {
        let mix = Mix {
            get: self.get_share + self.gets_share,
            get_or_insert: self.add_share,
            insert: self.set_share,
            update: self.cas_share + self.prepend_share,
            upsert: self.incr_share,
            remove: self.delete_share,
            scan: 0.0,
        };
        let sum: f64 = mix.shares().iter().map(|(_, share)| share).sum();
        (sum > 0.0).then(|| Mix {
            get: mix.get / sum,
            get_or_insert: mix.get_or_insert / sum,
            insert: mix.insert / sum,
            update: mix.update / sum,
            upsert: mix.upsert / sum,
            remove: mix.remove / sum,
            scan: 0.0,
        })
    }

    fn distribution(&self) -> (Distribution, String) {
        match self.zipf_alpha {
            Some(exponent) if exponent > 0.0 => (Distribution::Zipf { exponent }, format!("Zipf {exponent:.2}")),
            Some(_) => (Distribution::Uniform, "uniform".to_owned()),
            None => {
                let assumed = "uniform (assumed: no Zipf exponent published)";
                (Distribution::Uniform, assumed.to_owned())
            }
        }
    }
}

/// `65 % get, 22 % remove, 13 % insert`: the shares that round to at least 1 %, largest first.
fn shares(mix: &Mix) -> String {
    let mut shares = mix.shares();
    shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let told = shares.iter().filter(|(_, share)| *share >= 0.005);
    let told: Vec<String> = told.map(|(name, share)| format!("{:.0} % {name}", share * 100.0)).collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(number: usize) -> Workload {
        all()[number - 1].workload().unwrap()
    }

    #[test]
    fn all_54_clusters_are_read() {
        let names: Vec<String> = all().iter().map(Cluster::name).collect();
        let expected: Vec<String> = (1..=54).map(|n| format!("twitter-{n}")).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn shares_are_scaled_to_one() {
        let mix = cluster(18).mix;
        // Published: get 0.96, gets 0.01, add 0.01, cas 0.01.
        assert!((mix.get - 0.97 / 0.99).abs() < 1e-12);
        assert!((mix.get_or_insert - 0.01 / 0.99).abs() < 1e-12);
        assert!((mix.update - 0.01 / 0.99).abs() < 1e-12);
    }

    #[test]
    fn operations_of_a_cache_become_those_of_a_map() {
        assert!(cluster(23).mix.upsert > 0.29);
        assert!(cluster(53).mix.update > 0.08);
        assert!(cluster(14).mix.remove > 0.21);
        assert_eq!(cluster(21).mix.get_or_insert, 1.0);
    }

    #[test]
    fn sizes_and_rates_are_those_published() {
        let fourth = cluster(4);
        assert_eq!(fourth.keys.kind, Kind::String { bytes: 67 });
        assert_eq!(fourth.values, Kind::String { bytes: 2439 });
        assert_eq!(fourth.rate_ops_per_s, Some(5260.0));
        assert_eq!(fourth.keys.distribution, Distribution::Zipf { exponent: 1.1004 });
        assert_eq!(cluster(22).values, Kind::U64);
    }

    #[test]
    fn what_is_not_published_is_said_or_refused() {
        assert!(all()[4].workload().is_none());
        let title = cluster(43).title;
        assert!(title.contains("assumed: no Zipf exponent published"), "{title}");
        assert!(!cluster(10).title.contains("assumed"));
    }

    #[test]
    fn key_spaces_fit_a_short_run() {
        for workload in all().iter().filter_map(Cluster::workload) {
            let name = &workload.name;
            assert!(memory_bytes(&workload) <= MAX_BYTES, "{name}");
            assert!((500..=100_000).contains(&workload.keys.space), "{name}");
        }
        assert_eq!(cluster(4).keys.space, 26_000.min(cluster(4).keys.space));
    }
}
