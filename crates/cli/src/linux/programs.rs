//! The programs that a run executes, as its record has them.

use std::sync::{Arc, OnceLock};

use pinfold_ledger::Event;
use pinfold_run::{Executed, Executions, Recording, Store};
use serde::Serialize;

use crate::record::Lines;

/// Takes programs down as soon as there is a record: that they will be is decided before.
#[derive(Default)]
pub(super) struct Programs(Arc<OnceLock<Lines>>);

impl Programs {
    /// What the supervisor is to do with each.
    pub(super) fn recording(&self, store: &Store) -> Recording {
        let lines = Arc::clone(&self.0);
        let tell = move |executed: Executed| {
            let words = executed.arguments.iter().map(|word| word.len());
            let text_bytes = words.sum::<usize>() + executed.program.as_os_str().len();
            // A record that fails is noticed by who writes everything else.
            if let Some(lines) = lines.get() {
                lines.program(event(executed), text_bytes);
            }
        };
        Recording { tell: Box::new(tell), digests: store.digests() }
    }

    /// From now on.
    pub(super) fn go_to(&self, lines: &Lines) {
        let _ = self.0.set(lines.clone());
    }
}

fn event(executed: Executed) -> Event {
    let number = |pid| u32::try_from(pid).unwrap_or_default();
    Event::Exec {
        pid: number(executed.pid),
        parent: number(executed.parent),
        argv: executed.arguments.iter().map(|word| word.as_os_str().into()).collect(),
        argv_cut: !executed.all_arguments,
        cwd: executed.directory.as_path().into(),
        executable: executed.program.as_path().into(),
        sha256: executed.digest.map(|digest| digest.to_string()),
        errno: None,
    }
}

/// How many were recorded, for who reads JSON.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Summary {
    recorded: u64,
    dropped: u64,
    missing: u64,
    unobserved: Option<String>,
}

/// Of a run in which somebody asked.
pub(super) fn summary(executions: &Executions) -> Option<Summary> {
    match executions {
        Executions::Unasked => None,
        Executions::Unobserved { errno } => {
            Some(Summary { unobserved: Some(unobserved(*errno)), ..Summary::default() })
        }
        Executions::Observed(tally) => {
            Some(Summary { recorded: tally.told, dropped: tally.dropped, missing: tally.missing, unobserved: None })
        }
    }
}

/// What is missing in the record, if something is.
pub(super) fn missing(executions: &Executions) -> Option<String> {
    match executions {
        Executions::Observed(tally) if tally.dropped > 0 => {
            Some(format!("{} programs were started too fast to be recorded", tally.dropped))
        }
        Executions::Unobserved { errno } => Some(format!("programs are not recorded: {}", unobserved(*errno))),
        Executions::Observed(_) | Executions::Unasked => None,
    }
}

fn unobserved(errno: i32) -> String {
    no_listener(&std::io::Error::from_raw_os_error(errno))
}

/// Why the kernel gives no listener.
pub(super) fn no_listener(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ResourceBusy => {
            "something around it observes them already, and the kernel allows one".into()
        }
        _ => format!("the kernel does not tell of them: {error}"),
    }
}
