//! What the first process is told once there is a plan: how to confine itself and what to start.
//!
//! On the link it is the length in bytes, with the descriptors, and then JSON in pieces. Every path and word goes
//! as letters (`letters.rs`).

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use pinfold_plan::Plan;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize};

use super::trees::Trees;
use crate::launch::{Launch, Observed, TerminalSize};
use crate::letters::{bytes, letters};

/// Longest piece, in bytes: well below what a socket holds at once.
const PIECE_BYTES: usize = 32 << 10;
/// Longest brief, in bytes: a plan that hides a hundred thousand files has a tenth of it.
const MAX_BYTES: usize = 256 << 20;
/// Most descriptors of one message (`SCM_MAX_FD`, unix(7)).
const MAX_DESCRIPTORS: usize = 253;

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
    let text = serde_json::to_vec(&text)?;
    let views = views.iter().map(|view| view.as_fd());
    let descriptors: Vec<BorrowedFd<'_>> = launch.stdio.into_iter().flatten().chain(views).collect();
    if text.len() > MAX_BYTES || descriptors.len() > MAX_DESCRIPTORS {
        return Err(Errno::TOOBIG.into());
    }
    match send_all(link, &text, &descriptors) {
        Err(Errno::PIPE | Errno::CONNRESET) => Ok(()),
        other => Ok(other?),
    }
}

fn send_all(link: &OwnedFd, text: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let length = text.len().to_le_bytes();
    rustix::net::sendmsg(link, &[IoSlice::new(&length)], &mut control, SendFlags::NOSIGNAL)?;
    text.chunks(PIECE_BYTES).try_for_each(|piece| rustix::net::send(link, piece, SendFlags::NOSIGNAL).map(drop))
}

impl Brief {
    /// Waits for it. `None`: there is no supervisor any more.
    pub(super) fn receive(link: &OwnedFd) -> io::Result<Option<Self>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut length = [0; size_of::<usize>()];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let received = rustix::net::recvmsg(link, &mut [IoSliceMut::new(&mut length)], &mut control, flags)?;
        if received.bytes == 0 {
            return Ok(None);
        }
        let descriptors = control.drain().flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        let descriptors = descriptors.collect();
        let mut text = vec![0; usize::from_le_bytes(length).min(MAX_BYTES)];
        let mut at = 0;
        while at < text.len() {
            match rustix::net::recv(link, &mut text[at..], RecvFlags::empty())? {
                (0, _) => return Ok(None),
                (bytes, _) => at += bytes,
            }
        }
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
