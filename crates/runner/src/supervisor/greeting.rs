//! The first messages: who is there, and only then what is to be run.

use serde_json::Value;

use super::session::Peer;
use crate::error::SessionError;
use crate::limits::{MESSAGE_BYTES_MAX, START_BYTES_MAX};
use crate::message::{Hello, Nonce, Order, Ready, Start, VERSION};
use crate::outbox::Post;
use crate::protocol::FromRunner;

/// What is said before a command runs.
#[derive(Debug)]
pub(super) struct Greeting {
    expected: Peer,
    nonce: Nonce,
    hello_due: bool,
    start: Option<Start<Value>>,
    /// The runner's number, to be given back with the start.
    echo: Option<Nonce>,
}

impl Greeting {
    pub(super) fn new(start: Start<Value>, expected: Peer, nonce: Nonce) -> Self {
        Self { expected, nonce, hello_due: true, start: Some(start), echo: None }
    }

    /// Before it gets to know anything: is this the runner that was started?
    pub(super) fn recognise(&mut self, ready: Ready) -> Result<(), SessionError> {
        if ready.version != VERSION {
            return Err(SessionError::Version { ours: VERSION, theirs: ready.version });
        }
        let checks = [
            (ready.pid == self.expected.pid, "its process"),
            (ready.user == self.expected.user, "its user"),
            (ready.echo == self.nonce, "its answer"),
        ];
        if let Some((_, what)) = checks.into_iter().find(|(right, _)| !right) {
            return Err(SessionError::Stranger(what));
        }
        self.echo = Some(ready.nonce);
        Ok(())
    }

    pub(super) fn next(&mut self, talk: &mut FromRunner) -> Option<Post<Order<Value>>> {
        if std::mem::take(&mut self.hello_due) {
            let hello = Hello { version: VERSION, nonce: self.nonce };
            return Some(Post::Send(Order::Hello(hello), MESSAGE_BYTES_MAX));
        }
        let echo = self.echo?;
        let start = Box::new(self.start.take()?);
        talk.start_sent();
        Some(Post::Send(Order::Start { echo, start }, START_BYTES_MAX))
    }
}
