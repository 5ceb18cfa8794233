//! The page: what is there, in which order.

mod changes;
mod head;
mod sections;
mod summary;
mod timeline;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::About;
use crate::shown;
use crate::story::Story;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("filter.js");

/// The whole page.
pub(crate) fn page(about: &About<'_>, story: &Story) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { "Session " (shown::text(about.session)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head::head(about, story))
                main {
                    (summary::summary(story))
                    (sections::refusals(story))
                    (sections::traps(story))
                    (sections::quarantined(story))
                    (sections::network(story))
                    (changes::changes(story))
                    (timeline::timeline(story))
                    (sections::assurance(story))
                    (sections::notes(story))
                }
                footer { "All times are UTC. What a text hides is shown by its number, such as " code { "\\u{1b}" } "." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Nothing is loaded and nothing runs but the style and the script of this page.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// How many there was no room for.
fn more(many: u64) -> Markup {
    html! {
        @if many > 0 { p.quiet { "… and " (shown::number(many)) " more, which the record holds." } }
    }
}
