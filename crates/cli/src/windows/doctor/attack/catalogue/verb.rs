//! What an attacker can be told to do.

/// Makes the list of verbs, each with the word that stands for it.
macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Something that an attacker does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Verb {
            $($(#[$doc])* $name,)*
        }

        impl Verb {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word that stands for it in arguments.
            pub(crate) fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

verbs! {
    // Files. The first word is a path.
    /// Writes another content.
    Overwrite = "overwrite",
    /// Adds to the content.
    Append = "append",
    /// Leaves one byte.
    Shorten = "shorten",
    /// Makes a file, and the directories on the way.
    Plant = "plant",
    /// Makes a directory.
    MakeDirectory = "make-directory",
    /// Makes a directory that is a repository with a hook.
    Repository = "repository",
    /// Removes a file.
    Remove = "remove",
    /// Opens a file so that it goes when it is closed.
    RemoveOnClose = "remove-on-close",
    /// Renames what is at the first path to the second.
    Rename = "rename",
    /// Writes a file at the second path and renames it to the first.
    Replace = "replace",
    /// Renames what is at the first path to the second, and plants a file of the name of the third word in its place.
    Exchange = "exchange",
    /// Makes it read-only.
    Attributes = "attributes",
    /// Sets its times.
    Times = "times",
    /// Lets everybody do everything with it.
    List = "list",
    /// Opens it to set its owner.
    OpenToOwn = "open-to-own",
    /// Labels it with low integrity.
    Label = "label",
    /// Makes a hard link to the first path at the second, and writes through it.
    WriteByLink = "write-by-link",
    /// Makes a symbolic link to the first path at the second, and writes through it.
    WriteBySymlink = "write-by-symlink",
    /// Makes a junction to the first path at the second, and writes the file of the third word in it.
    WriteByJunction = "write-by-junction",
    /// Makes a drive letter stand for the first path, and writes the file of the second word on it.
    WriteByDrive = "write-by-drive",
    /// Writes into a pipe.
    WritePipe = "write-pipe",
    /// Prints the content.
    Read = "read",
    /// Makes a hard link to the first path at the second, and prints what it reads through it.
    ReadByLink = "read-by-link",
    /// Makes a junction to the first path at the second, and prints the file of the third word in it.
    ReadByJunction = "read-by-junction",
    /// Prints the names in a directory.
    Names = "names",
    /// Sets the value of the second word in a key of the user's registry.
    SetValue = "set-value",

    // Processes. The first word is a number.
    /// Prints the command line of a process.
    ArgumentsOf = "arguments-of",
    /// Prints the memory of a process at an address.
    MemoryOf = "memory-of",
    /// Writes the memory of a process at an address.
    WriteMemoryOf = "write-memory-of",
    /// Prints a file that a process has open.
    HandleOf = "handle-of",
    /// Ends a process.
    Kill = "kill",
    /// Stops the threads of a process.
    Suspend = "suspend",
    /// Lowers the priority of a process.
    SlowDown = "slow-down",
    /// Types into the console of a process.
    TypeInto = "type-into",
    /// Becomes what a process is, and writes the file of the second word.
    Impersonate = "impersonate",
    /// Lets a process be the parent of one that writes the file of the second word.
    ChildOf = "child-of",

    // Objects. The first word is a name.
    /// Sets an event.
    SetEvent = "set-event",
    /// Writes memory that has a name.
    WriteSection = "write-section",
    /// Prints memory that has a name.
    ReadSection = "read-section",
    /// Adds an atom.
    AddAtom = "add-atom",
    /// Changes the title of a window.
    SetTitle = "set-title",

    // Rights.
    /// Enables a privilege.
    Privilege = "privilege",
    /// Raises the own integrity, and writes a file.
    RaiseIntegrity = "raise-integrity",

    // What stays. The words are those of the one that lingers: the file that it locks, and one whose appearance ends it.
    /// Starts a process without a console.
    LeaveBehind = "leave-behind",
    /// Starts a process outside of the job.
    BreakAway = "break-away",
    /// Has the management service start one.
    ByManagement = "by-management",
    /// Has the user's shell start one.
    ByShell = "by-shell",
    /// Plans a task of the name of the first word.
    PlanTask = "plan-task",
    /// Starts one, and waits for it.
    Nest = "nest",
    /// Stays, with a lock on a file, until another file appears.
    Linger = "linger",

    // The network. The first word is an address.
    /// Connects.
    Tcp = "tcp",
    /// Sends a datagram.
    Udp = "udp",
    /// Asks for the addresses of a host.
    Resolve = "resolve",

    // What was not meant for it.
    /// Prints a variable.
    Variable = "variable",
    /// Prints what can be read by a handle, by its number.
    ReadHandle = "read-handle",

    // Limits. The first word is how much.
    /// Starts processes that stay.
    ManyProcesses = "many-processes",
    /// Opens files.
    ManyFiles = "many-files",
    /// Uses memory, in MiB.
    MuchMemory = "much-memory",
    /// Writes to a file at the second word, in MiB.
    Fill = "fill",
    /// Prints, in KiB.
    Shout = "shout",
    /// Uses processor time, and lingers.
    Burn = "burn",

    // Who has company of its own to keep.
    /// Says a word.
    Say = "say",
    /// Is there to be attacked: holds secrets and waits.
    Victim = "victim",
}

impl Verb {
    /// What a word stands for.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.word() == word)
    }
}
