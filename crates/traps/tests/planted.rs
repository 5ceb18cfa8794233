//! Every rule finds what is planted for it and leaves its neighbours alone: `planted.toml`.
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use pinfold_traps::{ChangeKind, Changed, reference};
use serde::Deserialize;

use support::{Tree, can_plant};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default = "created")]
    kind: ChangeKind,
    #[serde(default)]
    beside: BTreeMap<String, String>,
    found: BTreeMap<String, String>,
    quiet: BTreeMap<String, String>,
}

fn created() -> ChangeKind {
    ChangeKind::Created
}

fn cases() -> BTreeMap<String, Case> {
    toml::from_str(include_str!("planted.toml")).unwrap()
}

impl Case {
    /// Plants one path and says whether the rule finds something.
    fn finds(&self, rule: &str, path: &str, content: &str) -> bool {
        let tree = Tree::new();
        for (beside, content) in self.beside.iter().filter(|(beside, _)| *beside != path) {
            tree.plant(beside, content);
        }
        tree.plant(path, content);
        let findings = tree.scan(vec![Changed { path: path.into(), kind: self.kind }]);
        findings.iter().any(|finding| finding.rule == rule)
    }
}

#[test]
fn what_is_planted_is_found_and_its_neighbours_are_not() {
    let (mut wrong, mut planted) = (Vec::new(), 0);
    for (rule, case) in cases() {
        for (paths, expected) in [(&case.found, true), (&case.quiet, false)] {
            assert!(!paths.is_empty(), "{rule}");
            for (path, content) in paths {
                // Without modes, a script is known by its first line.
                if cfg!(windows) && rule == "script" {
                    continue;
                }
                if !can_plant(content) || !case.beside.values().all(|beside| can_plant(beside)) {
                    continue;
                }
                planted += usize::from(expected);
                if case.finds(&rule, path, content) != expected {
                    wrong.push(format!("{rule}: {path} should be {}", if expected { "found" } else { "quiet" }));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(planted >= if cfg!(unix) { 250 } else { 200 }, "{planted}");
}

#[test]
fn every_rule_has_a_case() {
    let page = reference();
    let ids = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("`:"));
    let rules: BTreeSet<String> = ids.map(|(id, _)| id.to_owned()).collect();
    let cases: BTreeSet<String> = cases().into_keys().collect();
    assert_eq!(rules, cases);
}
