//! Where live runs are found, and the terminal of whoever watches them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use pinfold_run::Store;
use pinfold_run::control::Watched;

use super::seat::{Seat, Woken, readable};
use crate::error::CliError;
use crate::watch::LOOK_INTERVAL;

/// Live runs.
pub(crate) struct Runs(Store);

impl Runs {
    /// Those of a state directory.
    pub(crate) fn of(state: &Path) -> Result<Self, CliError> {
        Store::open(state.to_owned()).map(Self).map_err(|error| CliError::from_error(&error))
    }

    /// Their names. Some may have ended.
    pub(crate) fn live(&self) -> Vec<String> {
        self.0.watchable()
    }

    /// Connects to one.
    pub(crate) fn watch(&self, id: &str) -> io::Result<Watched> {
        self.0.watch(id)
    }

    /// Waits for news of runs, or for keys; no longer than until it is time to look for new ones. False when whoever sits
    /// there is gone, or somebody ends this process.
    #[expect(clippy::unused_self, reason = "elsewhere it knows what to wait for")]
    pub(crate) fn wait<'a>(
        &self,
        watched: impl Iterator<Item = &'a Watched>,
        seat: Option<&mut Seat>,
    ) -> io::Result<bool> {
        let watched: Vec<BorrowedFd<'_>> = watched.map(AsFd::as_fd).collect();
        match seat {
            Some(seat) => Ok(matches!(seat.wait(&watched, Some(LOOK_INTERVAL))?, Woken::News)),
            None => readable(&watched, Some(LOOK_INTERVAL)).map(|_| true),
        }
    }
}

impl Seat {
    /// Takes it, to watch runs.
    pub(crate) fn take(_runs: &Runs) -> io::Result<Option<Self>> {
        Self::new().map(Some)
    }
}
