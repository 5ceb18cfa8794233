//! The rules, from `rules.toml` by way of `build.rs`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::content::Test;
use crate::finding::{ChangeKind, Severity};
use crate::formats::Format;
use crate::index::{Index, directories};
use crate::look::Look;
use crate::owned::Owned;

const TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));

/// Before a pattern: below a git directory, wherever that is.
const IN_GIT: &str = "@git/";

/// What is compiled in.
pub(crate) static STANDARD: LazyLock<Rules> =
    LazyLock::new(|| Rules::parse(TEXT).expect("the rules are compiled in and a test reads them"));

/// One rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    id: String,
    severity: Severity,
    when: String,
    what: String,
    files: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    #[serde(default)]
    near: Vec<String>,
    #[serde(default)]
    kinds: Vec<ChangeKind>,
    #[serde(default)]
    owned: bool,
    #[serde(default)]
    linked: bool,
    look: Option<Look>,
    format: Option<Format>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    harmless: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    owned: Vec<Owned>,
    rule: Vec<Written>,
}

/// One rule: which files, and what must be true of them.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) severity: Severity,
    pub(crate) when: String,
    pub(crate) what: String,
    pub(crate) files: Vec<String>,
    /// Relative to the directory of the file; one of them must be there. Empty: nothing must.
    pub(crate) near: Vec<String>,
    /// Empty: whatever happened.
    pub(crate) kinds: Vec<ChangeKind>,
    /// Also in directories that tools own.
    pub(crate) owned: bool,
    /// Where tools put links: only one that leads out counts.
    pub(crate) linked: bool,
    /// What the file itself must be.
    pub(crate) look: Option<Look>,
    /// What must be in it.
    pub(crate) test: Option<Test>,
}

/// All rules, and where they apply.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) owned: Vec<Owned>,
    /// Paths from the root.
    pub(crate) files: Index,
    /// Those of them that count in directories that tools own, where most changes are.
    pub(crate) files_owned: Index,
    /// Paths from a git directory.
    pub(crate) in_git: Index,
    /// Directories on the way to such files, in case they are links.
    pub(crate) ways: Index,
    pub(crate) except: Index,
    pub(crate) owned_names: Index,
}

/// What is wrong with the text of rules.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    #[error(transparent)]
    Text(#[from] serde_json::Error),
    #[error("rule {0}: keys need a format, harmless ones need no keys")]
    Test(String),
}

impl Written {
    /// Whether a link in place of a directory on the way to its files counts as such a file.
    fn follows_links(&self) -> bool {
        self.near.is_empty() && !self.linked
    }
}

impl Rules {
    pub(crate) fn parse(text: &str) -> Result<Self, RulesError> {
        let File { owned, rule: written } = serde_json::from_str(text)?;
        let of = |list: fn(&Written) -> &Vec<String>| {
            let numbered = written.iter().enumerate();
            numbered.flat_map(move |(number, rule)| list(rule).iter().map(move |text| (number, text.as_str())))
        };
        let files = || of(|rule| &rule.files);
        let in_git = files().filter_map(|(number, file)| Some((number, file.strip_prefix(IN_GIT)?)));
        // In a git directory, the pattern begins nowhere but there.
        let in_git: Vec<_> = in_git.map(|(number, file)| (number, format!("/{file}"))).collect();
        let outside = || files().filter(|(_, file)| !file.starts_with(IN_GIT));
        let on_ways = outside().filter(|(number, _)| written.get(*number).is_some_and(Written::follows_links));
        let ways = on_ways.flat_map(|(number, file)| directories(file).into_iter().map(move |way| (number, way)));
        let names = owned.iter().enumerate();
        Ok(Self {
            files: Index::new(outside()),
            files_owned: Index::new(
                outside().filter(|(number, _)| written.get(*number).is_some_and(|rule| rule.owned)),
            ),
            in_git: Index::new(in_git.iter().map(|(number, file)| (*number, file.as_str()))),
            ways: Index::new(ways),
            except: Index::new(of(|rule| &rule.except)),
            owned_names: Index::new(
                names.flat_map(|(n, owned)| owned.names.iter().map(move |name| (n, name.as_str()))),
            ),
            rules: written.into_iter().map(Rule::new).collect::<Result<_, _>>()?,
            owned,
        })
    }
}

impl Rule {
    fn new(written: Written) -> Result<Self, RulesError> {
        let Written {
            id,
            severity,
            when,
            what,
            files,
            near,
            kinds,
            owned,
            linked,
            look,
            format,
            keys,
            lines,
            harmless,
            ..
        } = written;
        let test = match (format, keys.is_empty(), lines.is_empty() && harmless.is_empty()) {
            (Some(format), false, true) => Some(Test::keys(format, &keys)),
            (None, true, false) => Some(Test::lines(lines, harmless)),
            (None, true, true) => None,
            _ => return Err(RulesError::Test(id)),
        };
        Ok(Self { id, severity, when, what, files, near, kinds, owned, linked, look, test })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_rules_that_are_compiled_in_are_well_formed() {
        let rules = Rules::parse(TEXT).unwrap_or_else(|error| panic!("{error}"));
        let indices = [&rules.files, &rules.files_owned, &rules.in_git, &rules.ways, &rules.except, &rules.owned_names];
        assert_eq!(indices.into_iter().find_map(Index::broken), None);
        let mut ids = BTreeSet::new();
        for rule in &rules.rules {
            assert!(ids.insert(&rule.id), "{} is there twice", rule.id);
            assert!(!rule.files.is_empty() && !rule.what.is_empty(), "{}", rule.id);
            assert!(rule.when.starts_with(|letter: char| letter.is_ascii_lowercase()), "{}: {}", rule.id, rule.when);
            if let Some(test) = &rule.test {
                test.check().unwrap_or_else(|error| panic!("{}: {error}", rule.id));
            }
        }
    }
}
