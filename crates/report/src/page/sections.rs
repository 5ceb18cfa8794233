//! Tables of what somebody should look at.

use maud::{Markup, html};
use pinfold_ledger::event::{Severity, endpoint};

use super::more;
use crate::limits::ITEMS_MAX;
use crate::shown;
use crate::story::{Host, Story};

pub(super) fn refusals(story: &Story) -> Markup {
    let rows: Vec<_> = story.refusals.rows().collect();
    section(
        "refusals",
        "Refusals",
        rows.is_empty(),
        "Nothing was refused.",
        html! {
            (table(&["What", "Why", "Rule", "What would allow it"], html! {
                @for (what, name, refusal) in &rows {
                    tr {
                        th scope="row" {
                            span.tag.bad { (what) } " " span.path { (shown::text(name)) }
                            @if refusal.times > 1 { " " span.quiet.times { (shown::number(refusal.times)) " times" } }
                        }
                        td data-name="Why" { (shown::text(&refusal.why)) }
                        td data-name="Rule" { @if let Some(rule) = &refusal.rule { span.path { (shown::text(rule)) } } @else { "none" } }
                        td data-name="What would allow it" { @if let Some(fix) = &refusal.fix { code { (shown::text(fix)) } } @else { span.quiet { "a change of the policy" } } }
                    }
                }
            }))
            (more(story.refusals.more))
        },
    )
}

pub(super) fn traps(story: &Story) -> Markup {
    let none = "No file was found that something outside would execute.";
    section(
        "traps",
        "Traps",
        story.traps.items.is_empty(),
        none,
        html! {
            (table(&["Severity", "File", "When it would run", "What it says"], html! {
                @for trap in &story.traps.items {
                    tr {
                        td { span.tag.(tone(trap.severity)) { (trap.severity.as_str()) } }
                        th scope="row" {
                            span.path { (shown::text(&trap.path)) @if let Some(line) = trap.line { ":" (line) } }
                            " " span.quiet { (shown::text(&trap.rule)) }
                        }
                        td data-name="When it would run" { (shown::text(&trap.when)) }
                        td data-name="What it says" { code { (shown::text(&trap.text)) } }
                    }
                }
            }))
            (more(story.traps.more))
        },
    )
}

pub(super) fn quarantined(story: &Story) -> Markup {
    section(
        "quarantine",
        "Quarantine",
        story.quarantined.items.is_empty(),
        "Nothing was moved to quarantine.",
        html! {
            (table(&["Where it appeared", "Where it is now"], html! {
                @for (path, moved_to) in &story.quarantined.items {
                    tr {
                        th scope="row" { span.path { (shown::text(path)) } }
                        td data-name="Where it is now" { span.path { (shown::text(moved_to)) } }
                    }
                }
            }))
            (more(story.quarantined.more))
        },
    )
}

pub(super) fn network(story: &Story) -> Markup {
    let rows = story.network.rows();
    section(
        "network",
        "Network",
        rows.is_empty(),
        "No connection is recorded.",
        html! {
            (table(&["Host", "Verdict", "Sent", "Received", "Why", "Rule"], html! {
                @for (name, port, host) in &rows {
                    tr {
                        th scope="row" { span.path { (shown::text(&place(name, *port))) } }
                        td { (verdicts(host)) }
                        td.number data-name="Sent" { (shown::bytes(host.bytes_out)) }
                        td.number data-name="Received" { (shown::bytes(host.bytes_in)) }
                        td data-name="Why" { (shown::text(&host.reason)) }
                        td data-name="Rule" { @if let Some(rule) = &host.rule { span.path { (shown::text(rule)) } } @else { "none" } }
                    }
                }
            }))
            (more(story.network.more))
        },
    )
}

pub(super) fn assurance(story: &Story) -> Markup {
    let promises = story.start.as_ref().map_or(&[][..], |start| &start.assurance);
    let best_effort = story.start.as_ref().is_some_and(|start| start.best_effort);
    section(
        "assurance",
        "Assurance",
        promises.is_empty(),
        "What kept the promises is not recorded.",
        html! {
            @if best_effort { p { span.tag.warn { "best effort" } " The user let promises be without a keeper." } }
            (table(&["Promise", "Kept by"], html! {
                @for promise in promises.iter().take(ITEMS_MAX) {
                    tr {
                        th scope="row" { (shown::text(&promise.promise)) }
                        td data-name="Kept by" {
                            @if promise.kept_by == "none" { span.tag.bad { "nothing" } } @else { (shown::text(&promise.kept_by)) }
                        }
                    }
                }
            }))
            (more(promises.len().saturating_sub(ITEMS_MAX) as u64))
        },
    )
}

pub(super) fn notes(story: &Story) -> Markup {
    html! {
        @if !story.notes.items.is_empty() {
            section aria-labelledby="notes-title" {
                h2 #notes-title { "Notes" }
                ul { @for note in &story.notes.items { li { (shown::text(note)) } } }
                (more(story.notes.more))
            }
        }
    }
}

fn section(id: &str, title: &str, empty: bool, none: &str, content: Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            @if empty { p.quiet { (none) } } @else { (content) }
        }
    }
}

fn table(columns: &[&str], rows: Markup) -> Markup {
    html! {
        div.wide {
            table.stack {
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A host with its port; one that was only asked for has none.
fn place(name: &str, port: u16) -> String {
    if port == 0 { name.to_owned() } else { endpoint(name, port) }
}

fn verdicts(host: &Host) -> Markup {
    html! {
        @if host.refused > 0 { span.tag.bad { (shown::number(host.refused)) " refused" } " " }
        @if host.allowed > 0 { span.tag.good { (shown::number(host.allowed)) " allowed" } }
    }
}

/// How a severity is shown.
fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Low => "plain",
        Severity::Medium => "warn",
        Severity::High | Severity::Critical => "bad",
    }
}
