//! One self-contained page: the same pictures for a profile that was saved and for a server that is asked again and again.
//!
//! Nothing is fetched but, on the live page, the profile beside it. The page's own policy allows no script but the one
//! whose hash it names, so that even a string which escaped escaping could do nothing.

use std::fmt::Write as _;

use crate::advice;
use crate::profile::Profile;
use crate::text::plain;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = concat!(
    include_str!("dom.js"),
    include_str!("number.js"),
    include_str!("shards.js"),
    include_str!("matrix.js"),
    include_str!("histogram.js"),
    include_str!("keys.js"),
    include_str!("time.js"),
    include_str!("draw.js"),
    include_str!("live.js"),
);
/// SHA-256 of [`SCRIPT`] in base 64; a test computes it again.
const SCRIPT_HASH: &str = "sha256-kaY+e0v211KWxsqZP+FajSVx4okzYONFQP/YwUMM/hs=";
/// Where the live page finds the profile: beside itself.
const ADDRESS: &str = "profile.json";

/// What the page may do, also as the header `Content-Security-Policy` of a server.
#[must_use]
pub fn policy() -> String {
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src '{SCRIPT_HASH}'; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )
}

/// A page that asks for `profile.json` beside itself every two seconds and draws what it gets.
#[must_use]
pub fn live() -> String {
    assemble(
        "mapwise",
        &format!(" data-live=\"{ADDRESS}\""),
        "<p>This page draws with a script; <a href=\"profile.json\">the profile</a> is JSON.</p>",
        None,
    )
}

/// A page about one profile, to be kept: it opens without a server or a network.
#[must_use]
pub fn saved(profile: &Profile) -> String {
    let title = format!("mapwise: {}", escape(&plain(&profile.process.name, 200)));
    let mut fallback =
        String::from("<p>This page draws with a script. Without it, what follows from the profile:</p><ul>");
    for advice in advice::advise(profile) {
        let text = escape(&plain(&advice.text, 400));
        write!(fallback, "<li>{text}: {}</li>", escape(&advice.remedy)).expect("a String takes everything");
    }
    fallback.push_str("</ul>");
    assemble(&title, "", &fallback, Some(profile))
}

fn assemble(title: &str, of_body: &str, fallback: &str, profile: Option<&Profile>) -> String {
    let policy = policy();
    // In a data block only `<` could end it or begin a comment.
    let data = profile.map(|profile| profile.to_json().replace('<', "\\u003c")).unwrap_or_default();
    let data = if data.is_empty() {
        data
    } else {
        format!("<script type=\"application/json\" id=\"profile\">{data}</script>\n")
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body{of_body}>\n\
         <div id=\"status\"></div>\n<main id=\"page\"></main>\n<noscript>{fallback}</noscript>\n\
         <footer><p>Made by mapwise. Everything on this page comes from one profile.</p></footer>\n\
         {data}<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// Text for HTML, in an element or a quoted attribute.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_script_that_is_there() {
        use base64::Engine as _;
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(SCRIPT.as_bytes());
        let hash = format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(digest));
        assert_eq!(SCRIPT_HASH, hash, "the script changed: put its new hash into the policy");
        assert!(!SCRIPT.contains("</"), "nothing in the script ends its element");
    }
}
