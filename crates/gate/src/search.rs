//! Short names. The host's resolver completes them by its domains (resolv.conf(5)), and so does the gate, by the rules.
//!
//! The sandbox's own resolver is told none of those domains. It would append them to every name that is refused, and ask
//! for `evil.example.corp.test` after `evil.example`; and the gate would not know what a program has written, which says
//! it again in requests and client hellos.

use pinfold_policy::{Decision, Name, Rules};
use serde::{Deserialize, Serialize};

/// Most domains that are read.
const DOMAINS_MAX: usize = 32;

/// Most dots that a short name may have (`RES_MAXNDOTS`).
const DOTS_MAX: usize = 15;

/// How short names are completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Search {
    /// What is appended, in turn.
    pub domains: Vec<Name>,
    /// A name with fewer dots is short.
    pub dots: usize,
}

impl Default for Search {
    fn default() -> Self {
        Self { domains: Vec::new(), dots: 1 }
    }
}

impl Search {
    /// Reads the text of a `resolv.conf`: the last `search` or `domain`, and `ndots`.
    pub fn read(text: &str) -> Self {
        let mut search = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("search" | "domain") => {
                    search.domains = words.filter_map(|word| Name::new(word).ok()).take(DOMAINS_MAX).collect();
                }
                Some("options") => {
                    let dots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok()).next_back();
                    search.dots = dots.map_or(search.dots, |dots: usize| dots.min(DOTS_MAX));
                }
                _ => {}
            }
        }
        search
    }

    /// The name that a short one stands for: with the first domain of which a rule speaks, a denial before all else. One
    /// that a rule names as it is stays as it is; the host's resolver completes it then.
    pub(crate) fn complete(&self, name: Name, rules: &Rules) -> Name {
        if !self.is_short(name.as_str()) {
            return name;
        }
        let whole: Vec<Name> =
            self.domains.iter().filter_map(|domain| Name::new(&format!("{name}.{domain}")).ok()).collect();
        let is_denied = |name: &&Name| {
            let ruling = rules.name(name);
            ruling.verdict == Decision::Deny && ruling.rule.is_some()
        };
        let is_allowed = |name: &&Name| rules.name(name).allowed();
        let found = whole.iter().find(is_denied).or_else(|| {
            let mut candidates = std::iter::once(&name).chain(&whole);
            candidates.find(is_allowed)
        });
        found.cloned().unwrap_or(name)
    }

    /// The short names that may stand for this one.
    pub(crate) fn short_for<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a str> {
        let without = |domain: &Name| name.as_str().strip_suffix(domain.as_str())?.strip_suffix('.');
        self.domains.iter().filter_map(without).filter(|name| self.is_short(name))
    }

    fn is_short(&self, name: &str) -> bool {
        name.bytes().filter(|byte| *byte == b'.').count() < self.dots
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pinfold_policy::{Layer, LayerKind, Places, Platform, merge, parse};

    use super::*;

    fn rules(text: &str) -> Rules {
        let file = parse(&format!("[network]\nmode = 'rules'\n{text}"), Path::new("policy.toml")).expect("a policy");
        let places = Places { platform: Platform::Linux, workspace: "/w".into(), home: "/h".into() };
        Rules::new(&merge(&[Layer::new(LayerKind::User, file)], &places).expect("mergeable").policy)
    }

    fn completed(search: &str, text: &str, name: &str) -> String {
        Search::read(search).complete(Name::new(name).expect(name), &rules(text)).to_string()
    }

    #[test]
    fn the_last_list_of_domains_counts() {
        let read = |text: &str| {
            let Search { domains, dots } = Search::read(text);
            format!("{} {dots}", domains.iter().map(Name::as_str).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(read("nameserver 1.1.1.1\nsearch a.test B.test.\n# search c.test\n"), "a.test b.test 1");
        assert_eq!(read("search a.test\ndomain b.test\noptions edns0 ndots:5 ndots:99\n"), "b.test 15");
        assert_eq!(read("search .\noptions ndots:x"), " 1");
    }

    #[test]
    fn a_short_name_is_the_first_that_a_rule_speaks_of() {
        let search = "search a.test b.test";
        assert_eq!(completed(search, "allow = ['db.b.test']", "db"), "db.b.test");
        assert_eq!(completed(search, "allow = ['*.b.test', '*.a.test']", "db"), "db.a.test");
        assert_eq!(completed(search, "allow = ['*.a.test', 'db']", "db"), "db");
        assert_eq!(completed(search, "allow = ['*']\ndeny = ['db.b.test']", "db"), "db.b.test");
        assert_eq!(completed(search, "allow = ['*.c.test']", "db"), "db");
        assert_eq!(completed(search, "allow = ['*.a.test']", "evil.example"), "evil.example");
        assert_eq!(completed("search a.test\noptions ndots:2", "allow = ['*.a.test']", "db.prod"), "db.prod.a.test");
        assert_eq!(completed("", "allow = ['*.a.test']", "db"), "db");
    }

    #[test]
    fn a_whole_name_knows_its_short_ones() {
        let search = Search::read("search a.test test");
        let short = |name: &str| {
            let name = Name::new(name).expect(name);
            search.short_for(&name).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(short("db.a.test"), ["db"]);
        assert_eq!(short("a.test"), ["a"]);
        assert!(short("xa.example").is_empty() && short("x.y.a.test").is_empty());
    }
}
