//! Pairs function lines with file lines, also where some were lost or changed places.

use crate::event::Call;
use crate::text::cut;

/// Go prints at most 100 calls of a stack; this leaves room for both halves of each.
const MAX_HALVES: usize = 512;
const MAX_TEXT: usize = 512;
/// How far apart the two halves of one call may have drifted.
const DRIFT: usize = 3;
/// A half without a partner.
const SKIP: u32 = 3 * STRAY;
/// A file that does not fit its function's package.
const MISFIT: u32 = 2 * STRAY;
/// A pair that no run of swapped neighbors explains. Far dearer than [`SLIPPED`]: where all of a
/// stack's files changed places with the next function, each pair has slipped and none is lost.
const STRAY: u32 = 128;
/// For each line that a swap of neighbors put between the halves of a pair.
const SLIPPED: u32 = 1;

#[derive(Debug)]
enum Half {
    Function { symbol: String, arguments: String, created: bool, at: u64 },
    File { path: String, line: u32 },
}

/// The lines of one stack as they come.
#[derive(Debug, Default)]
pub(crate) struct StackBuilder {
    halves: Vec<Half>,
}

impl StackBuilder {
    pub(crate) fn is_empty(&self) -> bool {
        self.halves.is_empty()
    }

    pub(crate) fn function(&mut self, symbol: &str, arguments: &str, created: bool, at: u64) {
        self.push(Half::Function {
            symbol: cut(symbol, MAX_TEXT).to_owned(),
            arguments: cut(arguments, 160).to_owned(),
            created,
            at,
        });
    }

    pub(crate) fn file(&mut self, path: &str, line: u32) {
        self.push(Half::File { path: cut(path, MAX_TEXT).to_owned(), line });
    }

    fn push(&mut self, half: Half) {
        if self.halves.len() < MAX_HALVES {
            self.halves.push(half);
        }
    }

    /// The calls, innermost first, and the call that created the goroutine.
    pub(crate) fn finish(&mut self) -> (Vec<Call>, Option<Call>) {
        let halves = std::mem::take(&mut self.halves);
        let partner = pair(&halves);
        let (mut calls, mut creator) = (Vec::new(), None);
        for (at, half) in halves.iter().enumerate() {
            let Half::Function { symbol, arguments, created, at: line_of_log } = half else {
                continue;
            };
            let (file, line) = match partner[at].map(|file| &halves[file]) {
                Some(Half::File { path, line }) => (path.clone(), *line),
                _ => (String::new(), 0),
            };
            let call = Call { symbol: symbol.clone(), arguments: arguments.clone(), file, line, at: *line_of_log };
            if *created {
                creator = Some(call);
            } else {
                calls.push(call);
            }
        }
        (calls, creator)
    }
}

/// For each function half, the index of its file half: the cheapest order-preserving matching.
///
/// Neighbors cost nothing, pairs that swaps put apart next to nothing, ill-fitting ones [`MISFIT`],
/// an unmatched half [`SKIP`].
/// Only pairs within [`DRIFT`] are looked at, so the time is linear in the stack's length.
fn pair(halves: &[Half]) -> Vec<Option<usize>> {
    let mut partner = vec![None; halves.len()];
    let functions: Vec<usize> = positions(halves, true);
    let files: Vec<usize> = positions(halves, false);
    let band = |f: usize| {
        let low = files.partition_point(|&file| file + DRIFT < functions[f]);
        let high = files.partition_point(|&file| file <= functions[f] + DRIFT);
        low..high
    };
    // best[f] = for each number of files used up in f's band: (cost, choice made at f).
    let mut best: Vec<Vec<(u32, usize, Option<usize>)>> = vec![vec![(0, 0, None)]];
    for f in 0..functions.len() {
        let previous = best.last().expect("starts with one row");
        let mut row: Vec<(u32, usize, Option<usize>)> = Vec::new();
        for &(cost, used, _) in previous {
            offer(&mut row, (cost + SKIP, used, None));
            for file in band(f).filter(|&file| file >= used) {
                let skipped = (file - used) as u32 * SKIP;
                let pair = pair_cost(&halves[functions[f]], &halves[files[file]], functions[f], files[file]);
                offer(&mut row, (cost + skipped + pair, file + 1, Some(file)));
            }
        }
        // Keep the row short: only the cheapest few ends can win within the drift.
        row.sort_unstable();
        row.truncate(2 * DRIFT + 2);
        best.push(row);
    }
    let total = |&(cost, used, _): &(u32, usize, Option<usize>)| cost + (files.len() - used) as u32 * SKIP;
    let Some(mut end) = best.last().and_then(|row| row.iter().min_by_key(|entry| total(entry))).copied() else {
        return partner;
    };
    for f in (0..functions.len()).rev() {
        let (cost, used, choice) = end;
        partner[functions[f]] = choice.map(|file| files[file]);
        let before = |entry: &&(u32, usize, Option<usize>)| match choice {
            None => entry.0 + SKIP == cost && entry.1 == used,
            Some(file) => {
                let pair = pair_cost(&halves[functions[f]], &halves[files[file]], functions[f], files[file]);
                entry.1 <= file && entry.0 + (file - entry.1) as u32 * SKIP + pair == cost
            }
        };
        match best[f].iter().find(before) {
            Some(&entry) => end = entry,
            None => break,
        }
    }
    partner
}

fn offer(row: &mut Vec<(u32, usize, Option<usize>)>, entry: (u32, usize, Option<usize>)) {
    match row.iter_mut().find(|kept| kept.1 == entry.1) {
        Some(kept) if kept.0 > entry.0 => *kept = entry,
        Some(_) => {}
        None => row.push(entry),
    }
}

fn positions(halves: &[Half], function: bool) -> Vec<usize> {
    let wanted = |half: &Half| matches!(half, Half::Function { .. }) == function;
    halves.iter().enumerate().filter(|(_, half)| wanted(half)).map(|(at, _)| at).collect()
}

fn pair_cost(function: &Half, file: &Half, function_at: usize, file_at: usize) -> u32 {
    let (Half::Function { symbol, .. }, Half::File { path, .. }) = (function, file) else {
        return SKIP;
    };
    let drift = match file_at as isize - function_at as isize {
        1 => 0,
        apart @ 2..=3 => SLIPPED * (apart as u32 - 1),
        -1 => STRAY,
        _ => 3 * STRAY,
    };
    drift + if fits(symbol, path) { 0 } else { MISFIT }
}

/// Whether the folder of `path` could hold the package of `symbol`.
fn fits(symbol: &str, path: &str) -> bool {
    let Some(parsed) = crate::symbol::parse(symbol) else {
        return true;
    };
    let mut parts = parsed.package.rsplit('/');
    let mut last = parts.next().unwrap_or("");
    if last.len() > 1 && last.starts_with('v') && last[1..].bytes().all(|b| b.is_ascii_digit()) {
        last = parts.next().unwrap_or(last);
    }
    let last = last.trim_end_matches("_test").split('%').next().unwrap_or(last);
    let folder = path.rsplit(['/', '\\']).nth(1).unwrap_or("");
    let folder = folder.split('@').next().unwrap_or(folder);
    let runtime = folder == "runtime" && crate::symbol::is_standard(symbol, "");
    last == "main" || folder.is_empty() || folder.starts_with(last) || runtime || path == "<autogenerated>"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f`, `g`, … are functions of packages of that name, `F`, `G`, … their files.
    fn calls(shape: &str) -> Vec<(String, String)> {
        let mut builder = StackBuilder::default();
        for c in shape.chars() {
            let name = c.to_ascii_lowercase();
            if c.is_lowercase() {
                builder.function(&format!("x/{name}.Call"), "", false, 0);
            } else {
                builder.file(&format!("/x/{name}/file.go"), 1);
            }
        }
        let (calls, _) = builder.finish();
        let letter = |file: String| file.split('/').nth(2).unwrap_or("").to_owned();
        calls.into_iter().map(|call| (call.symbol[2..3].to_owned(), letter(call.file))).collect()
    }

    fn all_match(shape: &str) -> bool {
        calls(shape).iter().all(|(function, file)| function == file)
    }

    #[test]
    fn ordinary_swapped_and_cut_stacks_pair_up() {
        for shape in ["fFgGhH", "fgFGhH", "fFGghH", "FfGg", "fFghGH", "FgGhH"] {
            assert!(all_match(shape), "{shape}: {:?}", calls(shape));
        }
    }

    #[test]
    fn a_lost_file_line_does_not_shift_the_others() {
        let got = calls("fghHiI");
        assert_eq!(got[2], ("h".into(), "h".into()));
        assert_eq!(got[3], ("i".into(), "i".into()));
        assert_eq!(got[0].1, "");
    }

    #[test]
    fn a_function_cut_off_at_the_end_has_no_file() {
        assert_eq!(calls("fFg"), [("f".into(), "f".into()), ("g".into(), String::new())]);
    }

    #[test]
    fn any_swaps_of_a_file_with_the_next_function_are_put_back() {
        for frames in 1..=9usize {
            for swaps in 0u32..1 << (frames - 1) {
                let mut halves: Vec<(usize, bool)> = (0..frames).flat_map(|at| [(at, true), (at, false)]).collect();
                (0..frames - 1).filter(|at| swaps >> at & 1 == 1).for_each(|at| halves.swap(2 * at + 1, 2 * at + 2));
                let mut builder = StackBuilder::default();
                for (at, function) in halves {
                    match function {
                        true => builder.function("main.f", "", false, at as u64),
                        false => builder.file("/app/main.go", at as u32),
                    }
                }
                let (calls, _) = builder.finish();
                assert!(calls.iter().all(|call| u64::from(call.line) == call.at), "{frames} {swaps:b}: {calls:?}");
            }
        }
    }

    #[test]
    fn a_file_and_a_function_lost_far_apart_do_not_shift_what_is_between() {
        // In one package this would be a run of swaps: only the packages tell the two apart.
        assert!(all_match("fFgGhHiIjJ"));
        let got = calls("fghHiIjJKlL");
        assert!(got[2..].iter().all(|(function, file)| function == file), "{got:?}");
    }
}
