//! Letters, colors and strokes that stand for the notable candidates in every picture of a run.

use maud::{Markup, html};

use crate::clean::clean;
use crate::view::View;

/// The notable candidates of a run: the same letter, color and stroke wherever they appear.
pub(super) struct Marks<'a> {
    notable: Vec<&'a str>,
}

impl<'a> Marks<'a> {
    pub(super) fn of(view: &View<'a>) -> Marks<'a> {
        Marks { notable: view.notable() }
    }

    /// The place of a candidate among the notable ones.
    pub(super) fn slot(&self, candidate: &str) -> Option<usize> {
        self.notable.iter().position(|known| *known == candidate)
    }

    /// The class that sets the color and the stroke.
    pub(super) fn class(&self, candidate: &str) -> String {
        self.slot(candidate).map_or("other".to_owned(), |slot| format!("k{slot}"))
    }

    /// The letter in its color, for text; an empty place of the same size for the others.
    pub(super) fn badge(&self, candidate: &str) -> Markup {
        html! {
            @match self.slot(candidate) {
                Some(slot) => span class={ "badge k" (slot) } { (letter(slot)) },
                None => span class="badge none" {},
            }
        }
    }

    /// The letter inside a picture, centered at a place.
    pub(super) fn pin(&self, slot: usize, x: &str, dx: i32, y: f64) -> Markup {
        html! {
            svg class={ "pin k" (slot) } x=(x) y=(format!("{y:.1}")) {
                circle cx=(dx) cy="0" r="8" {}
                text x=(dx) y="4" text-anchor="middle" { (letter(slot)) }
            }
        }
    }

    /// What the letters stand for.
    pub(super) fn legend(&self, view: &View<'_>) -> Markup {
        let cell = |candidate: &str| view.run.cells.iter().find(|cell| cell.candidate == candidate);
        let others = view.cells.len() > self.notable.len();
        html! {
            ul class="legend" {
                @for (slot, candidate) in self.notable.iter().enumerate() {
                    li {
                        span class={ "badge k" (slot) } { (letter(slot)) }
                        svg class={ "swatch k" (slot) } width="26" height="10" aria-hidden="true" {
                            line x1="0" y1="5" x2="26" y2="5" {}
                        }
                        (name(cell(candidate).map_or(candidate, |cell| cell.name.as_str())))
                    }
                }
                @if others { li { svg class="swatch other" width="26" height="10" aria-hidden="true" {
                    line x1="0" y1="5" x2="26" y2="5" {}
                } "all others" } }
            }
        }
    }
}

/// A candidate's name, which may break after `::`.
pub(super) fn name(name: &str) -> Markup {
    let name = clean(name);
    let (first, rest) = name.split_once("::").map_or((name.as_str(), None), |(a, b)| (a, Some(b)));
    html! { bdi { (first) @if let Some(rest) = rest { "::" wbr; (rest) } } }
}

fn letter(slot: usize) -> char {
    char::from(b'A' + slot.min(25) as u8)
}
