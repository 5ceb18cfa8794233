//! The end of a log, at which lines are added: numbered, summed, hashed into the tree, and gathered for the file.

use std::sync::Arc;

use crate::checkpoint::{self, Checkpoint, origin};
use crate::key::{PrivateKey, Sums};
use crate::merkle::{Frontier, leaf};
use crate::{Timestamp, line};

/// Makes the lines of one log.
pub(crate) struct Appender {
    key: Arc<PrivateKey>,
    origin: String,
    sums: Sums,
    tree: Frontier,
    /// Lines that are not yet written.
    pub(crate) out: Vec<u8>,
}

impl Appender {
    /// At the end of a log with this tree; `None` is the log of sessions.
    pub(crate) fn new(key: Arc<PrivateKey>, session: Option<&str>, tree: Frontier) -> Self {
        let origin = origin(session);
        let sums = key.sums(&origin);
        Self { key, origin, sums, tree, out: Vec::new() }
    }

    /// The tree of all lines.
    pub(crate) fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// Adds a line. `body` is the members of its object behind the moment.
    pub(crate) fn line(&mut self, time: &[u8], body: &[u8]) {
        let begin = self.out.len();
        line::write(&mut self.out, &self.sums, self.tree.size(), time, body);
        self.tree.push(leaf(self.out.get(begin..).unwrap_or_default()));
        self.out.push(b'\n');
    }

    /// Signs all lines, with a line of its own. With `remember`, the log can be gone on with from this line alone.
    pub(crate) fn checkpoint(&mut self, remember: bool) -> Checkpoint {
        let time = Timestamp::now();
        let signed = Checkpoint::sign(&self.key, &self.origin, self.tree.size(), self.tree.root(), time);
        let body = checkpoint::body(&signed, remember.then_some(&self.tree));
        self.line(time.to_string().as_bytes(), body.as_bytes());
        signed
    }
}
