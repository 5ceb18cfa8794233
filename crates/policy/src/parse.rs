//! Text to policy file. Every error points at the line and column of the value that is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use toml::Spanned;

use crate::amount::{Amount, Unit};
use crate::bounds::{COLUMN_CHARS_MAX, EXCERPT_CHARS, FILE_BYTES_MAX, LIST_ENTRIES_MAX};
use crate::check;
use crate::document::{Document, PolicyFile, RESERVED};
use crate::env::{EnvRules, EnvSection, check_name};
use crate::files::{FileRules, FilesSection};
use crate::ledger::{LedgerRules, LedgerSection};
use crate::limits::{LimitName, LimitRules, LimitsSection};
use crate::network::{self, BudgetName, HostEntry, NetworkRules, NetworkSection};
use crate::origin::{Entry, Position};
use crate::secrets::{self, SecretFrom, SecretSection, SecretText, SecretUse};
use crate::sets::Use;
use crate::stages::{StageRules, StagesSection};
use crate::text::{Complaint, plain, unknown};

/// A policy file that cannot be used, with the place of the first problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
    excerpt: Box<Excerpt>,
}

/// The line of the problem, cut to fit, with the part to underline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Excerpt {
    line: String,
    indent: usize,
    carets: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = plain(&self.file.to_string_lossy());
        write!(f, "{file}:{}:{}: {}", self.line, self.column, self.message)?;
        if self.excerpt.carets > 0 {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let (indent, carets) = (" ".repeat(self.excerpt.indent), "^".repeat(self.excerpt.carets));
            write!(f, "\n{margin} |\n{number} | {}\n{margin} | {indent}{carets}", self.excerpt.line)?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads a policy file.
///
/// # Errors
/// At the first thing that is unknown, malformed or too large.
pub fn parse(text: &str, file: &Path) -> Result<PolicyFile, ParseError> {
    let source = Source::new(text, file);
    if text.len() > FILE_BYTES_MAX {
        let hint = format!("at most {FILE_BYTES_MAX} bytes are accepted");
        return Err(source.error(0..0, Complaint::new(format!("a policy file of {} bytes", text.len()), hint)));
    }
    let document: Document = toml::from_str(text).map_err(|error| source.syntax(&error))?;
    source.reserved("identity", document.identity.as_ref())?;
    if let Some(version) = document.version.filter(|version| *version.get_ref() != 1) {
        let complaint =
            Complaint::new(format!("unknown version {}", version.get_ref()), "this Pinfold reads version 1");
        return Err(source.error(version.span(), complaint));
    }
    Ok(PolicyFile {
        file: Some(file.to_owned()),
        profile: document.profile.map(|name| source.entry(name, |name| check::profile(name))).transpose()?,
        profiles: document.profiles.map(|list| source.profiles(list)).transpose()?,
        files: source.files(document.files.unwrap_or_default())?,
        network: source.network(document.network.unwrap_or_default())?,
        secrets: source.secrets(document.secrets.unwrap_or_default())?,
        env: source.env(document.env.unwrap_or_default())?,
        nested_namespaces: document
            .process
            .and_then(|process| process.nested_namespaces)
            .map(|nested| source.plain_entry(nested)),
        limits: source.limits(document.limits.unwrap_or_default())?,
        ledger: source.ledger(document.ledger.unwrap_or_default())?,
        stages: source.stages(document.stages.unwrap_or_default())?,
    })
}

/// The text being read.
struct Source<'a> {
    text: &'a str,
    file: &'a Path,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str, file: &'a Path) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, file, lines: std::iter::once(0).chain(after_breaks).collect() }
    }

    fn files(&self, section: FilesSection) -> Result<FileRules, ParseError> {
        let paths = |list, place| self.list(list, |text: &String| check::path(text, place));
        Ok(FileRules {
            read: paths(section.read, Use::Read)?,
            write: paths(section.write, Use::Write)?,
            copy_on_write: paths(section.copy_on_write, Use::CopyOnWrite)?,
            deny: self.list(section.deny, |text| check::deny(text))?.unwrap_or_default(),
            stage: section.stage.map(|stage| self.plain_entry(stage)),
            undo: section.undo.map(|undo| self.plain_entry(undo)),
            mask: self.list(section.mask, |text| check::mask(text))?.unwrap_or_default(),
            protect: self.list(section.protect, |text| check::protect(text))?.unwrap_or_default(),
        })
    }

    fn network(&self, section: NetworkSection) -> Result<NetworkRules, ParseError> {
        let hosts = |list| self.list(list, HostEntry::read);
        let ports = |list| self.list(list, |number| network::port(*number));
        let mut budget = BTreeMap::new();
        let mut amounts = section.budget.unwrap_or_default();
        for name in BudgetName::ALL {
            if let Some(amount) = amounts.take(name) {
                budget.insert(name, self.entry(amount, |amount| amount.read(name.unit()))?);
            }
        }
        Ok(NetworkRules {
            mode: section.mode.map(|mode| self.plain_entry(mode)),
            allow: hosts(section.allow)?,
            deny: hosts(section.deny)?.unwrap_or_default(),
            publish: ports(section.publish)?,
            host_ports: ports(section.host_ports)?,
            ask: None,
            budget,
        })
    }

    fn secrets(
        &self,
        section: BTreeMap<Spanned<String>, SecretSection>,
    ) -> Result<BTreeMap<String, Entry<SecretText>>, ParseError> {
        let mut read = BTreeMap::new();
        for (name, section) in section {
            let at = self.entry(name.clone(), |name| secrets::name(name))?.at;
            let span = section.hosts.span();
            let from = self.entry(section.from, SecretFrom::read)?.value;
            let hosts = self.list(Some(section.hosts.into_inner()), |text| secrets::host(text))?.unwrap_or_default();
            if hosts.is_empty() {
                return Err(self.error(span, Complaint::new("a secret for no host", "write who may get it")));
            }
            let env = section.env.map(|name| self.entry(name, |name| check_name(name).map(|()| name.clone())));
            let value = SecretText {
                env: env.transpose()?.map(|entry| entry.value).or_else(|| from.variable().cloned()),
                from,
                hosts: hosts.into_iter().map(|entry| entry.value).collect(),
                place: self.entry(section.r#in, |text| SecretUse::parse(text))?.value,
            };
            read.insert(name.into_inner(), Entry { value, at });
        }
        Ok(read)
    }

    fn env(&self, section: EnvSection) -> Result<EnvRules, ParseError> {
        let set = section.set.unwrap_or_default();
        if let Some(value) = set.values().nth(LIST_ENTRIES_MAX) {
            return Err(self.error(value.span(), too_long()));
        }
        let mut values = BTreeMap::new();
        for (name, value) in set {
            let value = self.entry(value, |value| check::env_value(&name, value))?;
            values.insert(name, value);
        }
        Ok(EnvRules {
            allow: self.list(section.allow, |text| check::env_pattern(text))?,
            deny: self.list(section.deny, |text| check::env_pattern(text))?.unwrap_or_default(),
            set: values,
        })
    }

    fn limits(&self, mut section: LimitsSection) -> Result<LimitRules, ParseError> {
        let mut limits = LimitRules::new();
        for name in LimitName::ALL {
            if let Some(amount) = section.take(name) {
                limits.insert(name, self.entry(amount, |amount| amount.read(name.unit()))?);
            }
        }
        Ok(limits)
    }

    fn ledger(&self, section: LedgerSection) -> Result<LedgerRules, ParseError> {
        Ok(LedgerRules {
            required: section.required.map(|required| self.plain_entry(required)),
            programs: section.programs.map(|programs| self.plain_entry(programs)),
            keep: self.amount(section.keep, Unit::Milliseconds)?,
            keep_size: self.amount(section.keep_size, Unit::Bytes)?,
        })
    }

    fn stages(&self, section: StagesSection) -> Result<StageRules, ParseError> {
        Ok(StageRules {
            keep: self.amount(section.keep, Unit::Milliseconds)?,
            keep_size: self.amount(section.keep_size, Unit::Bytes)?,
            keep_unapplied: self.amount(section.keep_unapplied, Unit::Milliseconds)?,
        })
    }

    fn amount(&self, amount: Option<Spanned<Amount>>, unit: Unit) -> Result<Option<Entry<Option<u64>>>, ParseError> {
        amount.map(|amount| self.entry(amount, |amount| amount.read(unit))).transpose()
    }

    fn profiles(&self, list: Spanned<Vec<Spanned<String>>>) -> Result<Entry<Vec<Entry<String>>>, ParseError> {
        let at = self.position(list.span().start);
        let names = self.list(Some(list.into_inner()), |name| check::profile(name))?;
        Ok(Entry { value: names.unwrap_or_default(), at })
    }

    fn list<S, T>(
        &self,
        list: Option<Vec<Spanned<S>>>,
        read: impl Fn(&S) -> Result<T, Complaint>,
    ) -> Result<Option<Vec<Entry<T>>>, ParseError> {
        let Some(list) = list else { return Ok(None) };
        if let Some(value) = list.get(LIST_ENTRIES_MAX) {
            return Err(self.error(value.span(), too_long()));
        }
        let entries = list.into_iter().map(|value| self.entry(value, &read));
        entries.collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn entry<S, T>(
        &self,
        value: Spanned<S>,
        read: impl FnOnce(&S) -> Result<T, Complaint>,
    ) -> Result<Entry<T>, ParseError> {
        match read(value.get_ref()) {
            Ok(read) => Ok(Entry { value: read, at: self.position(value.span().start) }),
            Err(complaint) => Err(self.error(value.span(), complaint)),
        }
    }

    fn plain_entry<T>(&self, value: Spanned<T>) -> Entry<T> {
        Entry { at: self.position(value.span().start), value: value.into_inner() }
    }

    fn reserved(&self, name: &str, section: Option<&Spanned<IgnoredAny>>) -> Result<(), ParseError> {
        let Some(section) = section else { return Ok(()) };
        let complaint =
            Complaint::new(format!("`[{name}]` is reserved for a later version"), "this Pinfold does not know it yet");
        Err(self.error(section.span(), complaint))
    }

    fn syntax(&self, error: &toml::de::Error) -> ParseError {
        self.error(error.span().unwrap_or(0..0), reworded(error.message()))
    }

    fn error(&self, span: Range<usize>, complaint: Complaint) -> ParseError {
        let at = self.position(span.start);
        ParseError {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            message: plain(&complaint.message),
            hint: complaint.hint.as_deref().map(plain),
            excerpt: Box::new(self.excerpt(span)),
        }
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        let column = if before.len() > COLUMN_CHARS_MAX { before.len() } else { before.chars().count() };
        Position { line: number(line), column: number(column + 1), flag: None }
    }

    fn excerpt(&self, span: Range<usize>) -> Excerpt {
        // A problem of the whole file has no line to show.
        let Some(before) = self.text.get(..span.start).filter(|_| span.end > 0) else {
            return Excerpt::default();
        };
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let column = before[start..].chars().count();
        let marked = self.text.get(span).unwrap_or_default().split('\n').next().unwrap_or_default();
        // A long line is cut around the problem.
        let skipped =
            if column > EXCERPT_CHARS / 2 && line.len() > EXCERPT_CHARS { column - EXCERPT_CHARS / 2 } else { 0 };
        let shown: String = line.chars().skip(skipped).take(EXCERPT_CHARS).collect();
        let room = shown.chars().count().saturating_sub(column - skipped).max(1);
        Excerpt {
            line: plain(&shown.replace('\t', " ")),
            indent: column - skipped,
            carets: marked.chars().count().clamp(1, room),
        }
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn too_long() -> Complaint {
    Complaint::new("a list that is too long", format!("at most {LIST_ENTRIES_MAX} entries are accepted"))
}

/// The words of the TOML reader in ours, with what it expected as the hint.
fn reworded(message: &str) -> Complaint {
    let message = message.trim().replace('\n', ", ");
    let Some((what, expected)) = message.split_once(", expected ") else {
        return Complaint { message, hint: None };
    };
    let expected = expected.strip_prefix("one of ").unwrap_or(expected).split(", ");
    let expected: Vec<&str> = expected.filter(|name| !RESERVED.contains(&name.trim_matches('`'))).collect();
    let expected = expected.join(", ").replace("a sequence", "a list");
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let hint = format!("expected {expected}");
    for (theirs, ours) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        if let Some(wrong) = what.strip_prefix(theirs) {
            return unknown(ours, wrong.trim_end_matches('`'), &known, &hint);
        }
    }
    Complaint::new(what, hint)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::paths::PathText;

    fn error(text: &str) -> String {
        parse(text, Path::new("pinfold.toml")).expect_err(text).to_string()
    }

    #[test]
    fn the_whole_format_is_read() {
        let text = r#"
            version = 1
            profile = "workspace"
            [files]
            read = ["@system", "~/datasets"]
            write = ["@workspace", "@temp", "@home"]
            copy-on-write = ["@caches"]
            deny = ["@secrets", "config/prod.key", "**/*.pem", "!**/test-fixtures/*.pem"]
            protect = ["@metadata", "deploy/"]
            [network]
            mode = "rules"
            allow = ["@crates-io", "*.example.com", "10.1.2.0/24:5432", { host = "api.github.com", methods = ["GET"], paths = ["/repos/**"] }]
            deny = ["evil.example.com"]
            publish = [3000]
            host-ports = [5432]
            budget = { bytes-out = "100MB", bytes-out-per-host = "10MB", connections-per-second = 50 }
            [secrets.github]
            from = { env = "GITHUB_TOKEN" }
            hosts = ["api.github.com"]
            in = "header:Authorization"
            [env]
            allow = ["@base", "MY_*"]
            deny = ["AWS_*"]
            set = { FOO = "bar" }
            [process]
            nested-namespaces = false
            [limits]
            memory = "8GiB"
            processes = 2048
            wall-time = "none"
        "#;
        let file = parse(text, Path::new("policy.toml")).expect("the example of the documentation");
        let read = file.files.read.expect("read");
        assert_eq!(read[1].value, PathText::Home("datasets".into()));
        assert_eq!((read[1].at.line, read[1].at.column), (5, 32));
        assert_eq!(file.limits[&LimitName::Memory].value, Some(8 << 30));
        assert_eq!(file.limits[&LimitName::WallTime].value, None);
        assert_eq!(file.files.deny.len(), 4);
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_known_ones() {
        assert_snapshot!(error("[files]\nreed = [\"/x\"]\n"), @r##"
        pinfold.toml:2:1: unknown key `reed`
          |
        2 | reed = ["/x"]
          | ^^^^
        hint: did you mean `read`? expected `read`, `write`, `copy-on-write`, `deny`, `mask`, `protect`, `stage`, `undo`
        "##);
        assert_snapshot!(error("[file]\nread = []\n"), @r##"
        pinfold.toml:1:2: unknown key `file`
          |
        1 | [file]
          |  ^^^^
        hint: did you mean `files`? expected `version`, `profile`, `profiles`, `files`, `network`, `secrets`, `env`, `process`, `limits`, `ledger`, `stages`
        "##);
    }

    #[test]
    fn an_unknown_value_lists_the_allowed_ones() {
        assert_snapshot!(error("[network]\nmode = \"some\"\n"), @r##"
        pinfold.toml:2:8: unknown value `some`
          |
        2 | mode = "some"
          |        ^^^^^^
        hint: expected `off`, `rules`, `full`
        "##);
        assert_snapshot!(error("profile = \"strict\"\n"), @r##"
        pinfold.toml:1:11: unknown profile `strict`
          |
        1 | profile = "strict"
          |           ^^^^^^^^
        hint: known profiles: `workspace`, `read-only`, `offline-build` and `open`
        "##);
        assert_snapshot!(error("version = 2\n"), @r##"
        pinfold.toml:1:11: unknown version 2
          |
        1 | version = 2
          |           ^
        hint: this Pinfold reads version 1
        "##);
        assert_snapshot!(error("[files]\nread = [\"@system\", \"@sytem\"]\n"), @r##"
        pinfold.toml:2:20: unknown set `@sytem`
          |
        2 | read = ["@system", "@sytem"]
          |                    ^^^^^^^^
        hint: did you mean `@system`? sets that fit here: `@system`, `@toolchains`, `@caches` and `@workspace`
        "##);
    }

    #[test]
    fn a_bad_limit_says_what_would_be_right() {
        assert_snapshot!(error("[limits]\nmemory = \"8X\"\n"), @r##"
        pinfold.toml:2:10: `8X` is not a size
          |
        2 | memory = "8X"
          |          ^^^^
        hint: write bytes, or text with B, KiB, MiB, GiB, TiB (KB, MB, GB, TB are decimal) such as "8GiB", or "none"
        "##);
        assert_snapshot!(error("[limits]\nwall-time = 90\n"), @r##"
        pinfold.toml:2:13: 90 has no unit
          |
        2 | wall-time = 90
          |             ^^
        hint: write text with ms, s, m, h or d such as "10m", or "none"
        "##);
        assert_snapshot!(error("[limits]\nprocesses = -1\n"), @r##"
        pinfold.toml:2:13: -1 is negative
          |
        2 | processes = -1
          |             ^^
        hint: write a whole number such as 2048, or "none"
        "##);
        assert_snapshot!(error("[limits]\nprocesses = true\n"), @r##"
        pinfold.toml:2:13: invalid type: boolean `true`
          |
        2 | processes = true
          |             ^^^^
        hint: expected a whole number or text such as "8GiB" or "10m"
        "##);
        assert_snapshot!(error("[limits]\ndisk = 0\n"), @r##"
        pinfold.toml:2:8: a limit of zero
          |
        2 | disk = 0
          |        ^
        hint: write "none" for no limit, or a number above zero
        "##);
    }

    #[test]
    fn a_bad_path_or_pattern_is_pointed_at() {
        assert_snapshot!(error("[files]\nread = [\n  \"ü\", \"../x\",\n]\n"), @r##"
        pinfold.toml:3:8: `../x` contains `..`
          |
        3 |   "ü", "../x",
          |        ^^^^^^
        hint: write the path without going up; where `..` leads depends on symbolic links
        "##);
        assert_snapshot!(error("[files]\nwrite = [\"src/*.rs\"]\n"), @r##"
        pinfold.toml:2:10: `src/*.rs` is a pattern (`*`), and only `files.deny` takes patterns
          |
        2 | write = ["src/*.rs"]
          |          ^^^^^^^^^^
        hint: name the directory; what is below it is included
        "##);
        assert_snapshot!(error("[files]\ndeny = [\"a[\"]\n"), @r##"
        pinfold.toml:2:9: `a[` is no pattern: unclosed character class; missing ']'
          |
        2 | deny = ["a["]
          |         ^^^^
        hint: patterns know `*`, `?`, `[abc]`, `{a,b}` and `**` between slashes; `\` before one of these means itself
        "##);
        assert_snapshot!(error("[files]\nread = [\"$HOME/x\"]\n"), @r##"
        pinfold.toml:2:9: `$HOME/x` names a variable, and variables are not expanded
          |
        2 | read = ["$HOME/x"]
          |         ^^^^^^^^^
        hint: write the path itself, or `~/…` for your home
        "##);
        assert_snapshot!(error("[files]\nprotect = [\"/etc\"]\n"), @r##"
        pinfold.toml:2:12: `/etc` is no name inside the workspace
          |
        2 | protect = ["/etc"]
          |            ^^^^^^
        hint: write a name such as "deploy/", ".git/hooks" for every repository, or "**/.vscode" for every directory
        "##);
        assert_snapshot!(error("[env]\nallow = [\"A=B\"]\n"), @r##"
        pinfold.toml:2:10: `A=B` is no name of a variable
          |
        2 | allow = ["A=B"]
          |          ^^^^^
        hint: write a name such as `RUST_LOG`, a pattern such as `MY_*`, or a set such as `@base`
        "##);
        assert_snapshot!(error("[env.set]\n\"A*\" = \"x\"\n"), @r##"
        pinfold.toml:2:8: `A*` is a pattern
          |
        2 | "A*" = "x"
          |        ^^^
        hint: `env.set` takes whole names
        "##);
    }

    #[test]
    fn a_bad_host_is_pointed_at() {
        assert_snapshot!(error("[network]\nallow = [\"a.example\", \"0x7f.1\"]\n"), @r##"
        pinfold.toml:2:23: `0x7f.1` is no name of a host: it ends in a number, so programs read it as an address, each in its own way
          |
        2 | allow = ["a.example", "0x7f.1"]
          |                       ^^^^^^^^
        hint: write a name such as "api.example.com", "*.example.com" for all below it, an address such as "192.0.2.1", or a range such as "192.0.2.0/24"
        "##);
        assert_snapshot!(error("network.deny = [\"https://a.example/x\"]\n"), @r##"
        pinfold.toml:1:17: `https://a.example/x` is more than a host
          |
        1 | network.deny = ["https://a.example/x"]
          |                 ^^^^^^^^^^^^^^^^^^^^^
        hint: write the host, such as "a.example"; for paths write { host = "a.example", paths = ["/…"] }
        "##);
        assert_snapshot!(error("network.allow = [\"10.1.2.3/24\"]\n"), @r##"
        pinfold.toml:1:18: `10.1.2.3/24` is no range of addresses
          |
        1 | network.allow = ["10.1.2.3/24"]
          |                  ^^^^^^^^^^^^^
        hint: the range begins at 10.1.2.0/24
        "##);
        assert_snapshot!(error("network.allow = [\"@githab\"]\n"), @r##"
        pinfold.toml:1:18: unknown set `@githab`
          |
        1 | network.allow = ["@githab"]
          |                  ^^^^^^^^^
        hint: did you mean `@gitlab`? sets that fit here: `@crates-io`, `@npm`, `@pypi`, `@conda`, `@go`, `@maven`, `@rubygems`, `@packagist`, `@nuget`, `@hex`, `@debian`, `@alpine`, `@github`, `@gitlab`, `@codeberg`, `@bitbucket`, `@sourcehut`, `@anthropic`, `@openai`, `@google-ai`, `@github-copilot`, `@mistral`, `@deepseek`, `@xai`, `@groq` and `@openrouter`
        "##);
        assert_snapshot!(error("network.allow = [{ host = \"a.example\", ports = [] }]\n"), @r##"
        pinfold.toml:1:18: `ports` is empty
          |
        1 | network.allow = [{ host = "a.example", ports = [] }]
          |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        hint: leave it out, or write what is meant
        "##);
        assert_snapshot!(error("network.allow = [{ host = \"a.example\", port = 1 }]\n"), @r##"
        pinfold.toml:1:40: unknown key `port`
          |
        1 | network.allow = [{ host = "a.example", port = 1 }]
          |                                        ^^^^
        hint: did you mean `ports`? expected `host`, `ports`, `methods`, `paths`
        "##);
        assert_snapshot!(error("network.allow = [1]\n"), @r##"
        pinfold.toml:1:18: invalid type: integer `1`
          |
        1 | network.allow = [1]
          |                  ^
        hint: expected text such as "api.example.com", or a table with `host`
        "##);
        assert_snapshot!(error("network.publish = [0]\n"), @r##"
        pinfold.toml:1:20: 0 is no port
          |
        1 | network.publish = [0]
          |                    ^
        hint: write a number from 1 to 65535
        "##);
        assert_snapshot!(error("network.budget.bytes-out = \"lots\"\n"), @r##"
        pinfold.toml:1:28: `lots` is not a size
          |
        1 | network.budget.bytes-out = "lots"
          |                            ^^^^^^
        hint: write bytes, or text with B, KiB, MiB, GiB, TiB (KB, MB, GB, TB are decimal) such as "8GiB", or "none"
        "##);
    }

    #[test]
    fn a_bad_secret_is_pointed_at() {
        let secret = |from: &str, hosts: &str, place: &str| {
            error(&format!("[secrets.a]\nfrom = {from}\nhosts = {hosts}\nin = {place}\n"))
        };
        let (env, hosts, basic) = ("{ env = \"A\" }", "[\"a.example\"]", "\"basic\"");
        assert_snapshot!(secret("{ value = \"x\" }", hosts, basic), @r##"
        pinfold.toml:2:10: unknown value `value`
          |
        2 | from = { value = "x" }
          |          ^^^^^
        hint: expected `env`, `file`, `command`, `keyring`
        "##);
        assert_snapshot!(secret(env, "[]", basic), @r##"
        pinfold.toml:3:9: a secret for no host
          |
        3 | hosts = []
          |         ^^
        hint: write who may get it
        "##);
        assert_snapshot!(secret(env, "[\"*\"]", basic), @r##"
        pinfold.toml:3:10: `*` is no name that could get a secret
          |
        3 | hosts = ["*"]
          |          ^^^
        hint: write the names of its hosts, such as "api.example.com" or "*.example.com"
        "##);
        assert_snapshot!(secret(env, hosts, "\"cookie\""), @r##"
        pinfold.toml:4:6: `cookie` is no place in a request
          |
        4 | in = "cookie"
          |      ^^^^^^^^
        hint: write "header:Authorization", "query:key", "basic" or "body"
        "##);
        assert_snapshot!(error("[secrets.\"a b\"]\nfrom = { env = \"A\" }\nhosts = [\"a.example\"]\nin = \"body\"\n"), @r##"
        pinfold.toml:1:10: `a b` is no name of a secret
          |
        1 | [secrets."a b"]
          |          ^^^^^
        hint: write letters, digits, `-` and `_`, such as [secrets.github]
        "##);
        assert_snapshot!(error("[secrets.a]\nhosts = [\"a.example\"]\nin = \"body\"\n"), @r##"
        pinfold.toml:1:1: missing field `from`
          |
        1 | [secrets.a]
          | ^^^^^^^^^^^
        "##);
    }

    #[test]
    fn sections_of_later_versions_are_reserved_not_unknown() {
        assert_snapshot!(error("[identity]\n"), @r##"
        pinfold.toml:1:1: `[identity]` is reserved for a later version
          |
        1 | [identity]
          | ^^^^^^^^^^
        hint: this Pinfold does not know it yet
        "##);
    }

    #[test]
    fn broken_toml_is_pointed_at() {
        assert_snapshot!(error("[files\n"), @r##"
        pinfold.toml:1:7: unclosed table
          |
        1 | [files
          |       ^
        hint: expected `]`
        "##);
        assert_snapshot!(error("[files]\nread = \"/x\"\n"), @r##"
        pinfold.toml:2:8: invalid type: string "/x"
          |
        2 | read = "/x"
          |        ^^^^
        hint: expected a list
        "##);
        assert_snapshot!(error("[files]\nread = []\nread = []\n"), @r##"
        pinfold.toml:3:1: duplicate key
          |
        3 | read = []
          | ^^^^
        "##);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        assert_snapshot!(error(&" ".repeat(FILE_BYTES_MAX + 1)), @r##"
        pinfold.toml:1:1: a policy file of 1048577 bytes
        hint: at most 1048576 bytes are accepted
        "##);
        let list = "\"a\",".repeat(LIST_ENTRIES_MAX + 1);
        let refused = parse(&format!("files.read = [{list}]"), Path::new("p")).expect_err("too long");
        assert_eq!((refused.line, refused.column, refused.message.as_str()), (1, 16399, "a list that is too long"));
        let long = "a".repeat(crate::bounds::TEXT_BYTES_MAX + 1);
        assert_eq!(
            parse(&format!("files.read = ['{long}']"), Path::new("p")).expect_err("too long").message,
            "text of 4097 bytes"
        );
        let nul = parse("files.read = [\"a\\u0000b\"]", Path::new("p")).expect_err("NUL");
        assert_eq!(nul.message, "text with a NUL character");
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        for (open, close) in [("[", "]"), ("{a=", "}")] {
            let deep = format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
            assert!(parse(&deep, Path::new("p")).is_err());
        }
        assert!(parse(&"a.".repeat(100_000), Path::new("p")).is_err());
        let braces = format!("files.deny = ['{}']", "{a,".repeat(300));
        assert!(parse(&braces, Path::new("p")).is_err());
    }

    #[test]
    fn an_error_cannot_move_the_cursor() {
        let shown = error("[files]\nread = [\"@\\u001b[2J\"] # \u{202e}\u{9b}2J\n");
        assert!(shown.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{shown:?}");
    }

    #[test]
    fn a_problem_far_to_the_right_is_shown_in_an_excerpt() {
        let list = "\"some/where\", ".repeat(40);
        assert_snapshot!(error(&format!("files.read = [{list}\"*\", {list}]")), @r##"
        pinfold.toml:1:575: `*` is a pattern (`*`), and only `files.deny` takes patterns
          |
        1 | where", "some/where", "some/where", "some/where", "*", "some/where", "some/where", "some/where", "so
          |                                                   ^^^
        hint: name the directory; what is below it is included
        "##);
    }
}
