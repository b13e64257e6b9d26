//! Globs, as suppressions use them: `*` stands for any run of characters, `?` for one; the whole name must match.

/// Whether `glob` matches all of `name`. Takes time proportional to the product of the lengths at worst, and no memory.
pub(crate) fn matches(glob: &str, name: &str) -> bool {
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let (mut at_glob, mut at_name) = (0, 0);
    // Where the last `*` stood, and up to where of the name it has been stretched.
    let mut star: Option<(usize, usize)> = None;
    while at_name < name.len() {
        match glob.get(at_glob) {
            Some(b'*') => {
                star = Some((at_glob, at_name));
                at_glob += 1;
            }
            Some(b'?') => {
                at_glob += 1;
                at_name = after(name, at_name);
            }
            Some(byte) if *byte == name[at_name] => {
                at_glob += 1;
                at_name += 1;
            }
            _ => {
                // Only the last `*` needs to stretch: what is before it has matched already.
                let Some((place, reached)) = star else { return false };
                star = Some((place, reached + 1));
                at_glob = place + 1;
                at_name = reached + 1;
            }
        }
    }
    glob[at_glob..].iter().all(|byte| *byte == b'*')
}

/// The index after the character that starts at `at`: `?` is a character, not a byte.
fn after(name: &[u8], at: usize) -> usize {
    let more = name[at + 1..].iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
    at + 1 + more
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_name_must_match() {
        for (glob, name) in [
            ("app::bump", "app::bump"),
            ("app::*", "app::bump::{{closure}}"),
            ("*::bump", "app::bump"),
            ("*b*m*", "app::bump"),
            ("a?c", "aéc"),
            ("*", ""),
            ("**", "x"),
        ] {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in
            [("app::bump", "app::bump_all"), ("bump", "app::bump"), ("app::*", "app:"), ("?", ""), ("", "x")]
        {
            assert!(!matches(glob, name), "{glob} {name}");
        }
    }

    /// What a glob means, said as plainly as possible.
    fn meaning(glob: &[char], name: &[char]) -> bool {
        match glob.split_first() {
            None => name.is_empty(),
            Some(('*', rest)) => (0..=name.len()).any(|skip| meaning(rest, &name[skip..])),
            Some((char, rest)) => {
                name.split_first().is_some_and(|(first, name)| (*char == '?' || char == first) && meaning(rest, name))
            }
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_a_glob_means(glob in "[ab*?é]{0,7}", name in "[abé]{0,7}") {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            prop_assert_eq!(matches(&glob, &name), meaning(&chars(&glob), &chars(&name)));
        }
    }

    #[test]
    fn a_hostile_glob_costs_no_more_than_the_product_of_the_lengths() {
        let glob = "a*".repeat(1_000) + "b";
        assert!(!matches(&glob, &"a".repeat(20_000)));
    }
}
