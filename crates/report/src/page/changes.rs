//! The tree of changed files.

use std::collections::BTreeMap;

use maud::{Markup, html};
use pinfold_ledger::event::Change;

use super::more;
use crate::shown;
use crate::story::{Node, Story};

/// Directories with more entries are folded.
const OPEN_MAX: usize = 15;

pub(super) fn changes(story: &Story) -> Markup {
    let workspace = story.start.as_ref().map_or("", |start| start.workspace.as_str());
    let tree = story.changes.tree(workspace);
    let kinds = [Change::Created, Change::Modified, Change::Deleted, Change::Renamed];
    let counts = kinds.map(|kind| (kind.as_str(), story.changes.count_of(kind)));
    html! {
        section #changes aria-labelledby="changes-title" {
            h2 #changes-title { "Changes" }
            @if tree.is_empty() {
                p.quiet { "No change of a file is recorded." }
            } @else {
                p.quiet {
                    @for (place, (word, count)) in counts.iter().filter(|(_, count)| *count > 0).enumerate() {
                        @if place > 0 { ", " }
                        (shown::number(*count as u64)) " " (word)
                    }
                }
                ul.tree { (nodes(&tree)) }
                (more(story.changes.more))
            }
        }
    }
}

fn nodes(nodes: &BTreeMap<String, Node>) -> Markup {
    html! {
        @for (name, node) in nodes {
            @match node {
                Node::Directory(below) => {
                    li {
                        details open[below.len() <= OPEN_MAX] {
                            summary {
                                span.path { (shown::text(name)) "/" }
                                " " span.quiet { (shown::count(files(below), "file", "files")) }
                            }
                            ul { (self::nodes(below)) }
                        }
                    }
                }
                Node::File(what, size, from) => {
                    li {
                        span.tag.(tone(*what)) { (what.as_str()) }
                        " " span.path { (shown::text(name)) }
                        @if let Some(from) = from { span.quiet { " once " span.path { (shown::text(from)) } } }
                        @if let Some(size) = size { span.quiet { " " (shown::bytes(*size)) } }
                    }
                }
            }
        }
    }
}

fn files(nodes: &BTreeMap<String, Node>) -> u64 {
    nodes.values().map(|node| if let Node::Directory(below) = node { files(below) } else { 1 }).sum()
}

fn tone(what: Change) -> &'static str {
    match what {
        Change::Created => "good",
        Change::Deleted => "bad",
        Change::Modified | Change::Renamed => "plain",
    }
}
