//! What happened when.

use maud::{Markup, html};

use super::more;
use crate::shown;
use crate::story::{Row, Slice, Story, Tone};

pub(super) fn timeline(story: &Story) -> Markup {
    html! {
        section #timeline aria-labelledby="timeline-title" {
            h2 #timeline-title { "Timeline" }
            // Shown by the script that makes it work.
            input #filter.filter type="search" placeholder="Show only events with …" aria-label="Show only events with this text" hidden;
            @for slice in &story.timeline.slices { (part(slice)) }
        }
    }
}

fn part(slice: &Slice) -> Markup {
    html! {
        details open[slice.notable()] {
            summary {
                span.time { (shown::clock(slice.first)) "–" (shown::clock(slice.last)) }
                span.quiet {
                    @for (place, (kind, count)) in slice.counts.iter().enumerate() {
                        @if place > 0 { ", " }
                        (shown::number(*count)) " × " (kind)
                    }
                }
            }
            div.wide {
                table.stack {
                    thead { tr { th scope="col" { "Time" } th scope="col" { "Event" } th scope="col" { "What" } } }
                    tbody { @for row in &slice.rows { (line(row)) } }
                }
            }
            (more(slice.more))
        }
    }
}

fn line(row: &Row) -> Markup {
    let tone = match row.tone {
        Tone::Plain => "plain",
        Tone::Decided => "good",
        Tone::Refused => "bad",
        Tone::Warning => "warn",
    };
    html! {
        tr {
            td.time { (shown::clock(row.time)) }
            td { span.tag.(tone) { (row.kind) } }
            td { span.path { (row.text) } }
        }
    }
}
