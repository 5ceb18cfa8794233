//! How it is seen that an attack has succeeded.

/// What is looked at, from outside, once the attackers are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Anything is other than it was about the attack's directory outside: names, contents, times, lists, owners.
    Outside,
    /// The same about a path in the attack's directory in the workspace.
    Own(&'static str),
    /// Everybody may do everything with what is at a path there.
    OpenToAll(&'static str),
    /// Something is at this path, which was not there.
    Appeared(&'static str),
    /// The attack's secret was printed.
    Stolen,
    /// The attacker says that it has done it: nobody else can tell.
    Told,
    /// The attack's service was called.
    Called(Service),
    /// The value of the attack's unique name is in this key of the user's registry.
    Value(Key),
    /// A process lives that locks the attack's file.
    Survived,
    /// The task of the attack's unique name is planned.
    Task,
    /// Something has become of a process outside.
    Victim(Change),
    /// The event of the attack's unique name is set.
    EventSet,
    /// The memory of that name holds something else.
    SectionWritten,
    /// The pipe of that name was written to.
    PipeWritten,
    /// There is an atom of that name.
    Atom,
    /// The window of that name has another title.
    Title,
}

/// A service outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Tcp,
    TcpSix,
    TcpHost,
    Udp,
}

/// A key of the user's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// What is started when the user logs on.
    Run,
    /// The user's variables, `Path` among them.
    Environment,
}

/// What can become of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Ended,
    Stopped,
    Slowed,
    /// Its memory was written.
    Rewritten,
    /// Its console was typed into.
    Typed,
}

impl Key {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Run, Self::Environment];

    /// Its path below `HKEY_CURRENT_USER`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Run => r"Software\Microsoft\Windows\CurrentVersion\Run",
            Self::Environment => "Environment",
        }
    }
}

#[cfg(test)]
impl Sign {
    /// The word in it that is filled in, if there is one.
    pub(super) fn words(&self) -> Option<&&'static str> {
        match self {
            Self::Appeared(word) => Some(word),
            _ => None,
        }
    }
}
