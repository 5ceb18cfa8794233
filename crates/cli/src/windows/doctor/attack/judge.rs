//! What is looked at to see whether an attack has succeeded: prepared before it, and looked at after it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinfold_confine::windows::attack::{self, Event, Pipe, Section, Window};
use pinfold_plan::Promise;
use pinfold_policy::Access;

use super::catalogue::{Attack, Change, Sign};
use super::company::Changes;
use super::likeness::{Likeness, Look};
use super::scratch::remove;
use super::services::Listener;
use super::trial::is_locked;
use crate::attack::Scene;

/// What is known before an attack, or made for it.
pub(super) enum Before {
    Likeness {
        path: PathBuf,
        look: Look,
        likeness: Likeness,
    },
    /// What must not be there.
    Absent(PathBuf),
    OpenToAll(PathBuf),
    Secret(String),
    Word,
    Service(Listener),
    Value {
        key: &'static str,
        name: String,
    },
    Alive {
        alive: PathBuf,
        end: PathBuf,
    },
    Task(String),
    Victim(Change),
    Event(Event),
    Section {
        section: Section,
        text: String,
    },
    Pipe(Pipe),
    Atom(String),
    Window {
        window: Window,
        title: String,
    },
}

/// What came out of the row.
pub(super) struct After<'a> {
    /// Everything that all attackers of the row said.
    pub(super) said: &'a str,
    /// What this attacker says of itself.
    pub(super) done: bool,
    /// What has become of the processes outside.
    pub(super) changes: &'a Changes,
}

/// Makes what an attack is after and notes what it looks like. The error says why it cannot be tried here.
pub(super) fn prepare(
    scene: &Scene<'_>,
    tried: &Attack,
    listener: Option<Listener>,
    fill_in: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Before, String> {
    let prepared = |error: std::io::Error| format!("it cannot be prepared here: {error}");
    let unique = scene.unique(tried.name);
    allowed(scene, tried, fill_in)?;
    Ok(match tried.sign {
        Sign::Outside => likeness(scene.outside(tried.name), Look::Close),
        Sign::Own(path) => likeness(scene.own(tried.name).join(path), Look::Content),
        Sign::OpenToAll(path) => Before::OpenToAll(scene.own(tried.name).join(path)),
        Sign::Appeared(word) => {
            let path = PathBuf::from(fill_in(word)?);
            if exists(&path) {
                return Err("something is there already".into());
            }
            Before::Absent(path)
        }
        Sign::Stolen => {
            if tried.verb == super::catalogue::Verb::ReadSection {
                let section = Section::new(&unique, &scene.token(tried.name)).map_err(prepared)?;
                return Ok(Before::Section { section, text: scene.token(tried.name) });
            }
            Before::Secret(scene.token(tried.name))
        }
        Sign::Told => Before::Word,
        Sign::Called(_) => Before::Service(listener.ok_or("nobody listens")?),
        Sign::Value(key) => Before::Value { key: key.path(), name: unique },
        Sign::Survived => Before::Alive { alive: scene.alive(tried.name), end: scene.end(tried.name) },
        Sign::Task => Before::Task(unique),
        Sign::Victim(change) => Before::Victim(change),
        Sign::EventSet => Before::Event(Event::new(&unique).map_err(prepared)?),
        Sign::SectionWritten => {
            Before::Section { section: Section::new(&unique, "untouched").map_err(prepared)?, text: "untouched".into() }
        }
        Sign::PipeWritten => Before::Pipe(Pipe::new(&pipe_name(&unique)).map_err(prepared)?),
        Sign::Atom => Before::Atom(unique),
        Sign::Title => Before::Window { window: Window::new(&unique).map_err(prepared)?, title: unique },
    })
}

/// The full name of a pipe.
pub(super) fn pipe_name(name: &str) -> String {
    format!(r"\\.\pipe\{name}")
}

fn likeness(path: PathBuf, look: Look) -> Before {
    let likeness = Likeness::of(&path, look);
    Before::Likeness { path, look, likeness }
}

/// Refuses what the policy allows, or does not protect: that is no attack.
fn allowed(scene: &Scene<'_>, tried: &Attack, fill_in: &dyn Fn(&str) -> Result<String, String>) -> Result<(), String> {
    let at = match tried.sign {
        Sign::Own(path) | Sign::OpenToAll(path) => Some(scene.own(tried.name).join(path)),
        Sign::Appeared(word) => Some(PathBuf::from(fill_in(word)?)),
        _ => None,
    };
    match (tried.promise, at) {
        (Promise::WritesConfined, Some(path)) => scene.must_forbid(Access::Write, &path),
        (Promise::WritesConfined, None) => scene.must_forbid(Access::Write, &scene.outside(tried.name)),
        (Promise::ReadsConfined, _) => scene.must_forbid(Access::Read, &scene.outside(tried.name)),
        (Promise::MetadataSealed | Promise::MetadataWatched, Some(path)) => scene.must_protect(&path),
        (Promise::SecretsHidden, _) => scene.must_forbid(Access::Read, &scene.own(tried.name).join(".env")),
        _ => Ok(()),
    }
}

impl Before {
    /// Whether harm was done. What the attack has left goes.
    pub(super) fn is_harmed(&self, after: &After<'_>) -> bool {
        match self {
            Self::Likeness { path, look, likeness } => Likeness::of(path, *look) != *likeness,
            Self::Absent(path) => {
                let appeared = exists(path);
                if appeared {
                    remove(path);
                }
                appeared
            }
            Self::OpenToAll(path) => attack::is_open_to_everybody(&path.to_string_lossy()),
            Self::Secret(secret) => after.said.contains(secret),
            Self::Word => after.done,
            Self::Service(listener) => listener.was_called(),
            Self::Value { key, name } => {
                let there = attack::has_value(key, name);
                if there {
                    let _ = attack::remove_value(key, name);
                }
                there
            }
            Self::Alive { alive, end } => {
                let lives = is_locked(alive);
                let _ = std::fs::write(end, "");
                lives
            }
            Self::Task(name) => {
                let planned = tasks(&["/Query", "/TN", name]);
                if planned {
                    tasks(&["/Delete", "/TN", name, "/F"]);
                }
                // One of another account is not shown to everybody.
                planned || after.done
            }
            Self::Victim(change) => after.changes.include(*change),
            Self::Event(event) => event.is_set(),
            Self::Section { section, text } => {
                // Of one that is read, the secret is what it holds.
                let content = section.content().unwrap_or_default();
                !content.starts_with(text.as_bytes()) || after.said.contains(text)
            }
            Self::Pipe(pipe) => pipe.was_written(),
            Self::Atom(name) => {
                let there = attack::has_atom(name);
                attack::remove_atom(name);
                there
            }
            Self::Window { window, title } => window.title() != *title,
        }
    }

    /// Whether somebody who stays has been seen already. Those who are asked to start one take a moment.
    pub(super) fn is_waited_for(&self) -> bool {
        matches!(self, Self::Alive { alive, .. } if !is_locked(alive))
    }
}

/// Also of a file's other contents.
fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok() || std::fs::File::open(path).is_ok()
}

/// Asks the planner of the system for something.
fn tasks(words: &[&str]) -> bool {
    let mut command = Command::new("schtasks.exe");
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
