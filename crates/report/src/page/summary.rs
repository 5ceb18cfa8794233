//! What is understood in five seconds.

use maud::{Markup, html};

use crate::shown;
use crate::story::Story;

pub(super) fn summary(story: &Story) -> Markup {
    let (reached, refused) = story.network.counts();
    let tiles = [
        (story.changes.count(), "file changed", "files changed", "changes", ""),
        (reached, "host reached", "hosts reached", "network", ""),
        (refused, "host refused", "hosts refused", "network", "bad"),
        (story.refusals.count(), "thing refused", "things refused", "refusals", "bad"),
        (story.traps.count(), "trap", "traps", "traps", "warn"),
        (story.quarantined.count(), "in quarantine", "in quarantine", "quarantine", "warn"),
        (story.commands, "command", "commands", "timeline", ""),
    ];
    html! {
        section aria-labelledby="summary-title" {
            h2 #summary-title { "In short" }
            ul.tiles {
                @for (many, one, more, link, tone) in tiles {
                    li class=(if many > 0 { tone } else { "" }) {
                        a href={ "#" (link) } { strong { (shown::number(many)) } " " (if many == 1 { one } else { more }) }
                    }
                }
            }
        }
    }
}
