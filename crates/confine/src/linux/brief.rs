//! What the first process is told once there is a plan: how to confine itself and what to start.
//!
//! On the link it is JSON (`frames.rs`). Every path and word goes as letters (`letters.rs`).

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use pinfold_plan::Plan;
use serde::{Deserialize, Serialize};

use super::frames;
use super::trees::Trees;
use crate::launch::{Launch, Observed, TerminalSize};
use crate::letters::{bytes, letters};

/// The text of it.
#[derive(Serialize, Deserialize)]
struct Text {
    plan: Plan,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    directory: String,
    terminal: Option<TerminalSize>,
    umask: u32,
    observed: Observed,
    /// Which standard descriptors are replaced; they come first among the descriptors.
    stdio: [bool; 3],
    /// For which steps of the plan there are views already, and of how many layers.
    trees: Vec<(usize, usize)>,
}

/// What the first process knows.
pub(super) struct Brief {
    pub(super) plan: Plan,
    pub(super) command: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) directory: PathBuf,
    pub(super) terminal: Option<TerminalSize>,
    pub(super) umask: u32,
    pub(super) observed: Observed,
    /// What comes in the place of the caller's standard descriptors.
    pub(super) stdio: [Option<OwnedFd>; 3],
    /// Parts of the host that only the supervisor could detach.
    pub(super) trees: Trees,
}

/// Tells the first process. One that is gone is told nothing.
pub(super) fn send(link: &OwnedFd, launch: &Launch<'_>, trees: Trees) -> io::Result<()> {
    let (trees, views) = trees.into_parts();
    let text = Text {
        plan: launch.plan.confining().with_paths(|path| letters(path).into()),
        command: launch.command.iter().map(letters).collect(),
        environment: launch.environment.iter().map(|(name, value)| (letters(name), letters(value))).collect(),
        directory: letters(launch.directory),
        terminal: launch.terminal,
        umask: launch.umask,
        observed: launch.observed,
        stdio: launch.stdio.map(|descriptor| descriptor.is_some()),
        trees,
    };
    let views = views.iter().map(|view| view.as_fd());
    let descriptors: Vec<BorrowedFd<'_>> = launch.stdio.into_iter().flatten().chain(views).collect();
    frames::send(link, &serde_json::to_vec(&text)?, &descriptors)
}

impl Brief {
    /// Waits for it. `None`: there is no supervisor any more.
    pub(super) fn receive(link: &OwnedFd) -> io::Result<Option<Self>> {
        let Some((text, descriptors)) = frames::receive(link)? else { return Ok(None) };
        Self::read(serde_json::from_slice(&text)?, descriptors).map(Some)
    }

    fn read(text: Text, mut descriptors: VecDeque<OwnedFd>) -> io::Result<Self> {
        let stdio = text.stdio.map(|replaced| replaced.then(|| descriptors.pop_front()).flatten());
        Ok(Self {
            plan: text.plan.with_paths(|path| bytes(path).into()),
            command: text.command.iter().map(bytes).collect(),
            environment: text.environment.iter().map(|(name, value)| (bytes(name), bytes(value))).collect(),
            directory: bytes(&text.directory).into(),
            terminal: text.terminal,
            umask: text.umask,
            observed: text.observed,
            stdio,
            trees: Trees::from_parts(text.trees, descriptors)?,
        })
    }

    /// What is started.
    pub(super) fn launch(&self) -> Launch<'_> {
        Launch {
            plan: &self.plan,
            command: &self.command,
            environment: &self.environment,
            directory: &self.directory,
            terminal: self.terminal,
            stdio: self.stdio.each_ref().map(|descriptor| descriptor.as_ref().map(|descriptor| descriptor.as_fd())),
            umask: self.umask,
            observed: self.observed,
        }
    }
}
