//! "Always": a rule of the user's that is written into the user's own policy, where everything else stays as it is.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pinfold_policy::{Decision, Destination, Rules, bounds, parse};
use pinfold_run::control::{Question, Remember, program};
use time::OffsetDateTime;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use crate::{layers, platform};

/// How long it is waited between attempts to be the only one that writes.
const LOCK_INTERVAL: Duration = Duration::from_millis(10);
/// How many attempts there are.
const LOCK_ATTEMPTS: usize = 20;

/// Writes rules into this file, unless these rules say that nobody had to be asked.
pub(crate) fn in_user_policy(rules: Rules, file: PathBuf) -> Remember {
    Box::new(move |question| {
        let to = Destination::parse(&question.to.host, question.to.port).map_err(|_| "it is no host of a rule")?;
        if rules.connect(&to).verdict != Decision::Unnamed {
            return Err("a rule of its own says no".to_owned());
        }
        write(&file, &to.to_string(), &comment(question)).map_err(|error| format!("{}: {error}", file.display()))
    })
}

fn comment(question: &Question) -> String {
    let today = OffsetDateTime::from(SystemTime::now()).date();
    format!("{today}, pinfold run --ask: always, for {}", program(question.process.as_ref()))
}

/// Adds a host to the file, which appears whole or not at all. One at a time: another run may do the same.
fn write(file: &Path, host: &str, comment: &str) -> io::Result<()> {
    // A link stays one, as people keep such files elsewhere.
    let file = platform::real(file).unwrap_or_else(|_| file.to_owned());
    let directory = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(directory)?;
    let _lock = lock(directory)?;
    let old = match layers::read(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other?,
    };
    let Some(text) = with_host(&old, host, comment).map_err(io::Error::other)? else { return Ok(()) };
    if text.len() > bounds::FILE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    parse(&text, &file).map_err(io::Error::other)?;
    replace(&file, &text)
}

/// Does not wait for long: a run that may read the directory could hold the lock, and nobody would keep its limits.
fn lock(directory: &Path) -> io::Result<File> {
    for _ in 0..LOCK_ATTEMPTS {
        if let Some(lock) = platform::try_lock(directory)? {
            return Ok(lock);
        }
        std::thread::sleep(LOCK_INTERVAL);
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    let fresh = file.with_extension(format!("toml.{}.new", std::process::id()));
    let written = write_fresh(&fresh, file, text).and_then(|()| std::fs::rename(&fresh, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}

fn write_fresh(fresh: &Path, file: &Path, text: &str) -> io::Result<()> {
    let mut written = platform::create_private(fresh)?;
    if let Ok(metadata) = std::fs::metadata(file) {
        written.set_permissions(metadata.permissions())?;
    }
    written.write_all(text.as_bytes())?;
    written.sync_all()
}

/// The text with a host more in `network.allow`; nothing when it is there already.
fn with_host(text: &str, host: &str, comment: &str) -> Result<Option<String>, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    let network = document.entry("network").or_insert_with(|| Item::Table(Table::new()));
    let network = network.as_table_like_mut().ok_or("network is no table")?;
    let allow = allow(network).ok_or("network.allow is no list")?;
    if allow.iter().any(|entry| entry.as_str() == Some(host)) {
        return Ok(None);
    }
    push(allow, host, comment);
    Ok(Some(document.to_string()))
}

fn allow(network: &mut dyn TableLike) -> Option<&mut Array> {
    network.entry("allow").or_insert_with(|| Item::Value(Value::Array(Array::new()))).as_array_mut()
}

/// Adds an entry below a comment. What stood after the last entry, such as a comment on it, stays there.
fn push(allow: &mut Array, host: &str, comment: &str) {
    let before = allow.trailing().as_str().unwrap_or_default().trim_end().to_owned();
    let mut entry = Value::from(host);
    entry.decor_mut().set_prefix(format!("{before}\n  # {comment}\n  "));
    allow.push_formatted(entry);
    allow.set_trailing_comma(true);
    allow.set_trailing("\n");
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pinfold_policy::{Layer, LayerKind, Places, Platform, merge};

    use super::*;

    fn with(text: &str) -> String {
        let text = with_host(text, "a.example:443", "why").expect("a list").expect("a change");
        let parsed = parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let allow = parsed.network.allow.unwrap_or_default();
        assert!(allow.iter().any(|entry| entry.value.to_string() == "a.example:443"), "{text}");
        text
    }

    /// Answers a question about a host with "always", under these policies; gives what was written.
    fn always(user: &str, managed: &str, host: &str) -> Result<String, String> {
        let layer = |kind, text: &str| Layer::new(kind, parse(text, Path::new("x.toml")).expect("a policy"));
        let layers = [layer(LayerKind::User, user), layer(LayerKind::Managed, managed)];
        let places = Places { platform: Platform::Linux, workspace: "/home/ada/work".into(), home: "/home/ada".into() };
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let place = std::env::temp_dir().join(format!("pinfold-remember-{}-{number}", std::process::id()));
        let file = place.join("policy.toml");
        let mut remember = in_user_policy(Rules::new(&merge(&layers, &places).expect("a policy").policy), file.clone());
        let exe = Some("/usr/bin/cu\u{1b}[2J\nrl".into());
        let process = Some(pinfold_gate::link::Process { pid: 7, exe });
        let to = pinfold_gate::link::Endpoint { host: host.into(), port: 443 };
        remember(&Question { ms: 0, left_ms: 0, id: 1, to, process })?;
        let written = std::fs::read_to_string(file).expect("a file");
        assert_eq!(std::fs::read_dir(&place).expect("a place").count(), 1, "nothing else is left");
        std::fs::remove_dir_all(place).expect("a place");
        Ok(written)
    }

    #[test]
    fn a_rule_says_when_and_for_whom_and_nothing_escapes_from_its_comment() {
        let written = always("network.mode = 'rules'", "", "a.example").expect("a rule");
        assert!(written.contains("pinfold run --ask: always, for `cu\u{fffd}[2J\u{fffd}rl` (7)\n"), "{written}");
        let written = always("network.mode = 'rules'", "", "2606:4700::1").expect("a rule");
        assert!(written.contains("\"[2606:4700::1]:443\""), "{written}");
    }

    #[test]
    fn what_a_rule_forbids_is_not_written() {
        let user = "network = { mode = 'rules', deny = ['b.example'] }";
        for (managed, host) in [
            ("network.allow = ['c.example']", "a.example"),
            ("network.mode = 'off'", "a.example"),
            ("", "b.example"),
            ("", "10.0.0.1"),
            ("", "not a host"),
        ] {
            assert!(always(user, managed, host).is_err(), "{managed} {host}");
        }
    }

    #[test]
    fn a_file_begins_with_the_first_rule() {
        assert_eq!(with(""), "[network]\nallow = [\n  # why\n  \"a.example:443\",\n]\n");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let text = "# mine\nprofile = 'workspace' # the usual\n\n[network]\nmode = 'rules'\nallow = [\n  'b.example', # b\n  # no more\n]\n\n[files]\nread = ['/srv']\n";
        let list = "  'b.example', # b\n  # no more\n";
        let entry = "  # why\n  \"a.example:443\",\n";
        assert_eq!(with(text), text.replace(list, &format!("{list}{entry}")));
    }

    #[test]
    fn every_way_to_write_the_list_is_understood() {
        for text in [
            "network.allow = ['b.example']",
            "network = { mode = 'rules' }",
            "network = { allow = ['b.example',] }",
            "[network]\nallow = ['b.example' # last\n]",
            "[network]\nmode = 'rules'\n[limits]\nmemory = '1GiB'",
            "[network.budget]\nbytes-out = '1MB'",
        ] {
            let text = with(text);
            assert_eq!(with_host(&text, "a.example:443", "why"), Ok(None), "{text}");
        }
        for text in ["network = 1", "network.allow = 'x'", "[network"] {
            assert!(with_host(text, "a.example:443", "why").is_err(), "{text}");
        }
    }
}
