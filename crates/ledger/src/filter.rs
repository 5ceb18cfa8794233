//! Which events somebody wants to see.

use std::path::Path;

use crate::{Record, Timestamp};

/// What an event must be to be shown. What is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these kinds, named as in [`Event::KINDS`](crate::Event::KINDS).
    pub kinds: Vec<String>,
    /// Something was allowed (`true`) or refused (`false`).
    pub allowed: Option<bool>,
    /// It is about this path or something below it.
    pub path: Option<String>,
    /// It is about this host or a name below it.
    pub host: Option<String>,
    /// It is of this moment or later.
    pub since: Option<Timestamp>,
    /// It is before this moment.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Is this one of those events?
    pub fn matches(&self, record: &Record) -> bool {
        let event = &record.event;
        let within = |path: &str| event.paths().any(|known| Path::new(known.as_str()).starts_with(path));
        (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == event.kind()))
            && self.allowed.is_none_or(|allowed| event.allowed() == Some(allowed))
            && self.path.as_deref().is_none_or(within)
            && self.host.as_deref().is_none_or(|host| event.host().is_some_and(|known| is_or_below(known, host)))
            && self.since.is_none_or(|since| record.time >= since)
            && self.until.is_none_or(|until| record.time < until)
    }
}

/// Letters are compared as DNS does, and a final dot means nothing.
fn is_or_below(host: &str, zone: &str) -> bool {
    let (host, zone) =
        (host.trim_end_matches('.').to_ascii_lowercase(), zone.trim_end_matches('.').to_ascii_lowercase());
    host.strip_suffix(&zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;
    use crate::event::{Change, Verdict};

    fn at(nanoseconds: u64, event: Event) -> Record {
        Record { seq: 0, time: Timestamp::from_nanoseconds(nanoseconds), cut: false, event }
    }

    fn lookup(allow: bool) -> Record {
        let verdict = Verdict { allow, reason: "so".into(), rule: None };
        at(5, Event::Lookup { name: "api.Example.com.".into(), r#type: "A".into(), verdict })
    }

    #[test]
    fn all_that_is_said_must_hold() {
        let filter = Filter { kinds: vec!["lookup".into()], allowed: Some(false), ..Filter::default() };
        assert!(filter.matches(&lookup(false)));
        assert!(!filter.matches(&lookup(true)));
        assert!(!filter.matches(&at(5, Event::Note { text: "lookup".into() })));
        assert!(Filter::default().matches(&lookup(true)));
    }

    #[test]
    fn hosts_and_paths_include_what_is_below() {
        let host = |host: &str| Filter { host: Some(host.into()), ..Filter::default() }.matches(&lookup(true));
        assert!(host("example.com") && host("api.example.com") && !host("ple.com") && !host("b.api.example.com"));
        let change =
            Event::Change { path: "/w/a/b".into(), what: Change::Created, from: None, size: None, sha256: None };
        let path = |path: &str| Filter { path: Some(path.into()), ..Filter::default() }.matches(&at(5, change.clone()));
        assert!(path("/w/a") && path("/w/a/b") && !path("/w/a/b/c") && !path("/w/ab"));
    }

    #[test]
    fn a_moment_belongs_to_what_it_begins() {
        let times = |since, until| Filter {
            since: Some(Timestamp::from_nanoseconds(since)),
            until: Some(Timestamp::from_nanoseconds(until)),
            ..Filter::default()
        };
        assert!(times(5, 6).matches(&lookup(true)));
        assert!(!times(4, 5).matches(&lookup(true)));
    }
}
