//! What a run has done to its trees: files created, modified, deleted and renamed, without a copy of anything.
//!
//! # The idea
//!
//! Before a run nobody knows which files it will change, so that as little as possible is done for each: the walk that
//! looks for denied files reads all names anyway, and [remembers](crate::Survey::walk_and_remember) of every entry what
//! the listing says (name, kind, inode), in some 20 bytes and without a further system call. To this comes one moment.
//!
//! After the run one walk asks for every file's time of change (`ctime`), which the kernel sets with every change of
//! content or metadata and which no program can set (but on Windows), unlike `mtime`. Then, for each name:
//!
//! | before | after | told as |
//! | --- | --- | --- |
//! | same inode | `ctime` before the moment | nothing |
//! | same inode | `ctime` since the moment | modified: content, mode, owner, links, or only touched |
//! | another inode, or another kind | | modified: something else has the name |
//! | absent | an inode that has lost its old name | renamed |
//! | absent | any other inode | created |
//! | there | absent | deleted |
//!
//! A directory is told only where one was created or deleted; of one that was renamed this is told, and that the files in
//! it were renamed. A file system gives the inode of a deleted file to the next one: a rename is told only of a file that
//! was born before the moment (or, where no birth is kept, was last written before it). A further hard link is a created
//! file as long as all old names are there, and the old ones are modified, as their number of links is.
//!
//! # What it relies on
//!
//! - **Clock.** Local file systems take `ctime` from the kernel's coarse clock, the moment is read from the same clock,
//!   and what happens in the same tick (a few milliseconds) before the moment counts as changed. Where a file system
//!   keeps whole seconds or two, so does what happens in the two seconds before. Should the clock be set back meanwhile
//!   (it is compared with one that cannot be set), the moment is moved back as far: more is told, nothing is missed. A
//!   file from the future is always told.
//! - **Clocks of others.** On network file systems and those in user space a server or a program sets the times. The
//!   moment lies [some seconds](FOREIGN_LAG_NS) earlier there, and as nobody knows whether that is enough, the place is
//!   listed as one that was not seen well ([`Why::ForeignClock`]).
//! - **On Windows** inode and time of change are the number of a file and its `ChangeTime`, which listings tell. Ordinary
//!   programs leave it alone, but whoever may write a file's attributes can set it (`FILE_BASIC_INFO`, MS-FSCC 2.4.7): what
//!   was changed in place and then backdated is missed there. What is new, gone, renamed, or another file under the same name
//!   is told in any case. Of a file with several names the one is told by which it was changed.
//! - **Inodes** of listings stay the same while nothing is renamed. Some file systems in user space make them up at each
//!   look: all of their files would be told as modified.
//!
//! # What is not seen
//!
//! It is listed in [`Changes::unseen`]: what cannot be read, file systems that were mounted meanwhile (those that the
//! first walk went through are gone through again), what is deeper than the limits. Not listed, as it is so in every
//! run: denied directories, into which the run does not see; below `objects` of a git directory nothing is remembered
//! (each name there is a digest of the content), so that what is new is told by its birth, and what was deleted is not.
//! Modes and owners of directories are not looked at. A file that was moved to quarantine before the walk is no more.
//!
//! Nothing leads out of a root: as in every survey, all is opened by descriptor, without following symlinks, and what a
//! file was when it was looked at must be what is digested.
//!
//! # Digests
//!
//! After the walk, files are read by several threads at once until [a number of bytes](Options::digest_bytes) is spent,
//! with [a price for each file](FILE_PRICE_BYTES): the small before the large, and last what was only renamed together with
//! its directory. What is in a [group](Changes::groups), build output above all, is not read. Whatever was not digested has
//! none, and so has what changed while it was read. A file that a deny rule hides is never read: the digest of a short
//! secret gives it away.
//!
//! ```no_run
//! use pinfold_survey::{Survey, changes::Options};
//!
//! # fn main() -> Result<(), pinfold_survey::SurveyError> {
//! let (found, mut snapshot) = Survey::new(["/home/me/project"]).walk_and_remember()?;
//! snapshot.begin();
//! // … the command runs …
//! let changes = snapshot.changes(&Options::default());
//! println!("{}", changes.summary());
//! # Ok(())
//! # }
//! ```

mod clock;
mod digest;
mod directory;
mod findings;
mod judge;
mod report;
mod scan;
mod settle;
mod snapshot;
mod summary;

pub use clock::FOREIGN_LAG_NS;
pub(crate) use clock::Moment;
pub use digest::FILE_PRICE_BYTES;
pub use report::{Change, Changes, Options, Unseen, What, Why};
pub use snapshot::Snapshot;
pub use summary::{Counts, Group, GroupKind, Summary};
