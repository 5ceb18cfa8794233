//! What the first process inside tells the supervisor, and what it is told: small messages on a socket pair.
//!
//! The supervisor takes every byte as coming from an enemy: [`Report::decode`] never trusts a length and never panics.

use std::path::PathBuf;

/// Longest message either side sends, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 8192;

/// Most descriptors that come along with a report.
pub(crate) const MAX_DESCRIPTORS: usize = 6;

/// From inside: how the run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Confinement failed; the command never ran.
    Failed {
        /// What was being done, fit for "failed to …".
        step: String,
        /// The path it was done to.
        path: Option<PathBuf>,
        /// The error number.
        errno: i32,
    },
    /// Everything is in force, but the command could not be executed.
    NotExecuted {
        /// The error number of `execve(2)`.
        errno: i32,
    },
    /// The network leads to the gate; its sockets come along, before them the one to ask for others where the plan
    /// publishes ports.
    Sockets,
    /// The system call filter is in force. With error number 0 its listener comes along, and after that the root
    /// directory of the run; else there is no listener, for this reason.
    Listener {
        /// The error number.
        errno: i32,
    },
    /// Everything is in force and the command runs. With a terminal, its master side comes along.
    Started,
    /// The command was stopped by a signal (Ctrl-Z).
    Stopped {
        /// The signal.
        signal: i32,
    },
    /// How much shared memory no process is attached to, as asked by [`Order::Measure`].
    SharedMemory {
        /// In MiB.
        mib: i32,
    },
    /// The command ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
    },
    /// The command was ended by a signal.
    Killed {
        /// The signal.
        signal: i32,
    },
}

/// From outside: what the command's process group shall get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// A signal.
    Signal(i32),
    /// To the foreground again, and go on.
    Continue,
    /// Tell what only a process inside can see.
    Measure,
}

/// Why a message could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed message from inside the sandbox")]
pub struct Malformed;

impl Report {
    /// The bytes of this message.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        let (tag, number) = match self {
            Self::Failed { errno, .. } => (b'F', *errno),
            Self::NotExecuted { errno } => (b'N', *errno),
            Self::Sockets => (b'G', 0),
            Self::Listener { errno } => (b'L', *errno),
            Self::Started => (b'S', 0),
            Self::Stopped { signal } => (b'T', *signal),
            Self::SharedMemory { mib } => (b'M', *mib),
            Self::Exited { code } => (b'E', *code),
            Self::Killed { signal } => (b'K', *signal),
        };
        bytes.push(tag);
        bytes.extend(number.to_le_bytes());
        if let Self::Failed { step, path, .. } = self {
            use std::os::unix::ffi::OsStrExt;
            bytes.extend(step.bytes().take(256).filter(|byte| *byte != 0));
            if let Some(path) = path {
                bytes.push(0);
                bytes.extend(path.as_os_str().as_bytes().iter().take(MAX_MESSAGE_BYTES - 512));
            }
        }
        bytes
    }

    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (tag, rest) = bytes.split_first().ok_or(Malformed)?;
        let (number, text) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
        let number = i32::from_le_bytes(*number);
        if *tag != b'F' && !text.is_empty() {
            return Err(Malformed);
        }
        match tag {
            b'F' => Ok(Self::failed(number, text)),
            b'N' => Ok(Self::NotExecuted { errno: number }),
            b'G' if number == 0 => Ok(Self::Sockets),
            b'L' => Ok(Self::Listener { errno: number }),
            b'S' if number == 0 => Ok(Self::Started),
            b'T' => signal(number).map(|signal| Self::Stopped { signal }),
            b'M' if number >= 0 => Ok(Self::SharedMemory { mib: number }),
            b'E' if (0..=255).contains(&number) => Ok(Self::Exited { code: number }),
            b'K' => signal(number).map(|signal| Self::Killed { signal }),
            _ => Err(Malformed),
        }
    }

    fn failed(errno: i32, text: &[u8]) -> Self {
        use std::os::unix::ffi::OsStringExt;
        let mut parts = text.splitn(2, |byte| *byte == 0);
        let step = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let path = parts.next().map(|path| PathBuf::from(std::ffi::OsString::from_vec(path.to_vec())));
        Self::Failed { step, path, errno }
    }
}

impl Order {
    /// The bytes of this message.
    pub fn encode(self) -> [u8; 2] {
        match self {
            Self::Signal(signal) => [b's', signal.clamp(0, 127) as u8],
            Self::Continue => [b'c', 0],
            Self::Measure => [b'm', 0],
        }
    }

    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        match bytes {
            [b's', number] => signal(i32::from(*number)).map(Self::Signal),
            [b'c', 0] => Ok(Self::Continue),
            [b'm', 0] => Ok(Self::Measure),
            _ => Err(Malformed),
        }
    }
}

fn signal(number: i32) -> Result<i32, Malformed> {
    if (1..=64).contains(&number) { Ok(number) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_survives_the_journey() {
        let reports = [
            Report::Failed { step: "mount /proc".into(), path: None, errno: 1 },
            Report::Failed { step: "hide".into(), path: Some("/home/a/.env".into()), errno: 13 },
            Report::NotExecuted { errno: 2 },
            Report::Sockets,
            Report::Listener { errno: 16 },
            Report::Started,
            Report::Stopped { signal: 20 },
            Report::SharedMemory { mib: 4096 },
            Report::Exited { code: 255 },
            Report::Killed { signal: 9 },
        ];
        for report in reports {
            assert_eq!(Report::decode(&report.encode()), Ok(report));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let nonsense: [&[u8]; 6] = [b"", b"E", b"E\x00\x01\x00\x00", b"K\x00\x00\x00\x00", b"S\0\0\0\0x", b"?\0\0\0\0"];
        for bytes in nonsense {
            assert_eq!(Report::decode(bytes), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(Order::decode(&[b's', 200]), Err(Malformed));
    }
}
