//! Named workloads.
//!
//! The figures of the first group are those of public benchmarks, those of the second our own
//! guesses at common services, each with its reason in its title or beside it: measure your own
//! trace where you have one. Unless a preset is about its keys, keys and values are 64-bit numbers,
//! as in most benchmarks of maps, and every map fits a run of half a minute. All presets share
//! their keys between threads, unlike most public benchmarks; `private_keys` makes them private.

mod own;

use mapwise_record::workload::Workload;

use crate::clusters;
use own::own;

pub use own::DEFAULT;

/// How similar a name must be to be proposed for an unknown one.
const SIMILAR: f64 = 0.75;

/// How many names are proposed at most.
const PROPOSALS: usize = 3;

/// Returns the workload of a preset.
///
/// # Errors
///
/// An unknown name, with the names most like it; a cluster of which nothing is published.
///
/// # Examples
///
/// ```
/// use mapwise_workload::presets;
///
/// let workload = presets::preset("ycsb-a")?;
/// assert_eq!(workload.mix.get, 0.5);
/// let error = presets::preset("yscb-a").unwrap_err().to_string();
/// assert_eq!(error, "unknown preset `yscb-a`, did you mean ycsb-a, ycsb-b or ycsb-c");
/// # Ok::<(), presets::PresetError>(())
/// ```
pub fn preset(name: &str) -> Result<Workload, PresetError> {
    if let Some(workload) = own().into_iter().find(|workload| workload.name == name) {
        return Ok(workload);
    }
    let cluster = clusters::all().into_iter().find(|cluster| cluster.name() == name);
    match cluster {
        Some(cluster) => cluster.workload().ok_or_else(|| PresetError::NotPublished { name: name.to_owned() }),
        None => Err(PresetError::Unknown { name: name.to_owned(), nearest: nearest(name) }),
    }
}

/// Returns all presets that can be run: their names and titles, public benchmarks first.
#[must_use]
pub fn list() -> Vec<(String, String)> {
    all().map(|workload| (workload.name, workload.title)).collect()
}

/// A name that is no preset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresetError {
    /// No preset has that name.
    #[error("unknown preset `{name}`{}", did_you_mean(nearest))]
    Unknown {
        /// The refused name.
        name: String,
        /// Names like it, the most similar first; may be empty.
        nearest: Vec<String>,
    },
    /// A production cluster without figures.
    #[error("preset `{name}` cannot be run: no figures of that cluster are published")]
    NotPublished {
        /// The refused name.
        name: String,
    },
}

fn all() -> impl Iterator<Item = Workload> {
    let clusters = clusters::all();
    let of_clusters = clusters.into_iter().filter_map(|cluster| cluster.workload());
    own().into_iter().chain(of_clusters)
}

fn nearest(name: &str) -> Vec<String> {
    let name = name.to_lowercase().replace('_', "-");
    let mut scored: Vec<(f64, String)> = all()
        .map(|workload| (strsim::jaro_winkler(&name, &workload.name), workload.name))
        .filter(|(score, _)| *score >= SIMILAR)
        .collect();
    // Stable: equally similar names stay in the order of the list.
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let names = scored.into_iter().map(|(_, name)| name);
    names.take(PROPOSALS).collect()
}

fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => format!(", did you mean {name}"),
        [names @ .., last] => format!(", did you mean {} or {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use mapwise_record::workload::Distribution;

    use super::*;
    use crate::plan::{Plan, stationary_share};
    use crate::validate::validate;

    #[test]
    fn every_listed_preset_is_sound() {
        let names = list();
        assert_eq!(names.len(), 16 + 53);
        for (name, title) in names {
            let workload = preset(&name).unwrap();
            assert_eq!(workload.title, title);
            assert!(!title.contains('\n') && title.len() < 140, "{name}: {title}");
            validate(&workload).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn each_kind_of_preset_can_be_planned() {
        for name in [DEFAULT, "rapid-grow", "feature-flags", "twitter-14"] {
            let plan = Plan::synthetic(&preset(name).unwrap(), 2, 0).unwrap();
            assert_eq!(plan.grows(), name == "rapid-grow");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<String> = list().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn presets_that_remove_begin_at_their_stationary_length() {
        for workload in all().filter(|w| w.keys.distribution != Distribution::Sequential) {
            if let Some(share) = stationary_share(&workload.mix) {
                let prefill = workload.keys.prefill as f64 / workload.keys.space as f64;
                assert!((prefill - share).abs() < 0.001, "{}", workload.name);
            }
        }
    }

    #[test]
    fn the_default_is_a_preset() {
        assert_eq!(preset(DEFAULT).unwrap().name, DEFAULT);
    }

    #[test]
    fn an_unknown_name_is_refused_with_its_neighbors() {
        let message = |name| preset(name).unwrap_err().to_string();
        assert!(message("session_cach").contains("did you mean session-cache"));
        assert!(message("YCSB-A").contains("did you mean ycsb-a"));
        assert!(message("twitter-99").contains("twitter-9"));
        assert_eq!(message("zzz"), "unknown preset `zzz`");
    }

    #[test]
    fn a_cluster_without_figures_is_refused() {
        assert_eq!(
            preset("twitter-5").unwrap_err().to_string(),
            "preset `twitter-5` cannot be run: no figures of that cluster are published"
        );
    }
}
