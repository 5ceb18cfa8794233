//! Whose session it was, and whether its record can be believed.

use maud::{Markup, html};
use pinfold_ledger::event::End;

use crate::shown;
use crate::story::Story;
use crate::{About, Verification};

pub(super) fn head(about: &About<'_>, story: &Story) -> Markup {
    html! {
        header {
            p.kicker { "Session " (shown::text(about.session)) }
            h1 { (command(story)) }
            dl.about {
                (entry("Outcome", outcome(story)))
                (entry("Record", verified(&about.verification)))
                @if let Some(first) = story.first {
                    (entry("When", html! { (shown::moment(first)) ", for " (shown::duration(story.duration_ms())) }))
                }
                @if let Some(start) = &story.start {
                    @if let Some(agent) = &start.agent { (entry("Agent", html! { (shown::text(agent)) })) }
                    (entry("User", html! { (shown::text(&start.user.name)) " (" (start.user.uid) ") on " (shown::text(&start.host)) }))
                    (entry("Workspace", html! { span.path { (shown::text(start.workspace.as_str())) } }))
                    @if let Some(stage) = &start.stage { (entry("Stage", html! { (shown::text(&stage.name)) })) }
                    (entry("Policy", html! { "profile " (shown::text(&start.profile)) ", " code { (shown::text(&start.policy)) } }))
                    (entry("Plan", html! { code { (shown::text(&start.plan)) } }))
                    (entry("Pinfold", html! { (shown::text(&start.version)) }))
                }
            }
        }
    }
}

fn entry(name: &str, value: Markup) -> Markup {
    html! { dt { (name) } dd { (value) } }
}

fn command(story: &Story) -> String {
    let words = story.start.iter().flat_map(|start| &start.command);
    let words: Vec<String> = words.take(64).map(|word| shown::text(word.as_str())).collect();
    if words.is_empty() {
        "A session whose beginning is not recorded".to_owned()
    } else {
        shown::text(&words.join(" "))
    }
}

fn outcome(story: &Story) -> Markup {
    let Some(end) = &story.end else {
        return html! { span.tag.warn { "no end" } " The session still runs, or was broken off." };
    };
    let used = [
        end.cpu_ms.map(|ms| format!("{} on processors", shown::duration(ms))),
        end.peak_memory_bytes.map(|bytes| format!("{} of memory at most", shown::bytes(bytes))),
    ];
    html! {
        (ending(end))
        @for used in used.into_iter().flatten() { ", " (used) }
        @if end.dropped > 0 { ", " span.tag.warn { (shown::count(end.dropped, "event", "events")) " not recorded" } }
    }
}

fn ending(end: &End) -> Markup {
    match (end.code, end.signal, &end.limit) {
        (_, _, Some(limit)) => html! { span.tag.bad { "stopped by the limit " (shown::text(limit)) } },
        (Some(0), _, _) => html! { span.tag.good { "exit 0" } },
        (Some(code), _, _) => html! { span.tag.bad { "exit " (code) } },
        (_, Some(signal), _) => html! { span.tag.bad { "ended by signal " (signal) } },
        _ => html! { "ended" },
    }
}

fn verified(verification: &Verification) -> Markup {
    match verification {
        Verification::Verified { key } => {
            html! { span.tag.good { "verified" } " signed by " code { (shown::text(key)) } }
        }
        Verification::Unknown(why) => html! { span.tag.warn { "not verified" } " " (shown::text(why)) },
        Verification::Wrong(what) => html! { span.tag.bad { "not what was written" } " " (shown::text(what)) },
    }
}
