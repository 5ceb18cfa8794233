//! What the supervisor tells a runner.

use serde::{Deserialize, Serialize};

use super::{Chunk, Nonce, Start, Stream, TerminalSize};

/// From the supervisor to the runner. `P` is the plan, of which this crate knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order<P> {
    /// The first message.
    Hello(Hello),
    /// Confine and start a command.
    Start {
        /// The number of [`Ready`](super::Ready), to show that this comes from whoever got that.
        echo: Nonce,
        /// What to start.
        start: Box<Start<P>>,
    },
    /// For the command's standard input.
    Stdin {
        /// At least one byte, at most [`CHUNK_BYTES_MAX`](crate::CHUNK_BYTES_MAX).
        bytes: Chunk,
    },
    /// Nothing more comes for its standard input.
    CloseStdin,
    /// This much more of an output has been written out, in bytes.
    Taken {
        /// Which.
        stream: Stream,
        /// How much.
        bytes: u32,
    },
    /// Nobody reads an output any more: the command shall find it closed.
    CloseOutput {
        /// Which.
        stream: Stream,
    },
    /// The terminal has another size.
    Resize(TerminalSize),
    /// End the command and all that it started.
    Terminate,
    /// Tell what the command uses.
    Measure,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// To be given back on the other pipe.
    pub nonce: Nonce,
}
