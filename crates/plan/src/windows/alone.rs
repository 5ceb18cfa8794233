//! Places that one mechanism keeps by itself: what refuses there is the one of which nobody else could hide that it does not.
//!
//! Ordinary files outside are kept by restriction and by integrity at once, so that a token of which one does nothing would
//! look as if it held. These places take one of the two away. They are for the trial before each run, made by the supervisor
//! among its own files.

use pinfold_acl::{Access, Ace, Acl, Inherit, Label, Level, Sid};

use super::{Plan, Reach, Token};

/// What alone keeps a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alone {
    /// Nothing: everything can be done there. It shows that the others are not shut for another reason.
    Nothing,
    /// The restricting identifiers. The place is of low integrity, and the user may do everything.
    Restriction,
    /// Integrity. The run's identifier may write and remove the file, and so may the user.
    Integrity,
}

/// Something that is tried there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Putting something into a file.
    Write,
    /// Making a file.
    Create,
    /// Making a directory.
    MakeDirectory,
    /// Giving a file another name in the same directory.
    Rename,
    /// Removing a file by the right to it.
    Remove,
    /// Removing a file by the right of its directory to remove whatever is in it.
    RemoveByDirectory,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Write, Self::Create, Self::MakeDirectory, Self::Rename, Self::Remove, Self::RemoveByDirectory];
}

/// The list and the label that something is made with. It inherits nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dress {
    /// The list.
    pub dacl: Acl,
    /// The label.
    pub label: Label,
}

/// A directory with files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What alone keeps it.
    pub kept_by: Alone,
    /// The directory.
    pub directory: Dress,
    /// A file in it.
    pub file: Dress,
    /// The file for [`Deed::RemoveByDirectory`]: nobody has the right to remove it itself.
    pub guarded: Dress,
    /// What is tried there: that of which it is certain who decides. Each needs a file of its own, or none.
    pub deeds: Vec<Deed>,
}

/// The places for a plan; none where nothing may be written, as then there is no identifier.
pub fn places(plan: &Plan) -> Vec<Place> {
    let root = plan.roots.iter().find(|root| root.reach == Reach::Work);
    let (Some(root), Some(user)) = (root, known_to_the_first(&plan.token)) else { return Vec::new() };
    let kinds = [Alone::Nothing, Alone::Restriction, Alone::Integrity];
    kinds.into_iter().map(|kept_by| place(kept_by, &plan.token, user, &root.sid)).collect()
}

fn place(kept_by: Alone, token: &Token, user: &Sid, run: &Sid) -> Place {
    let run = (kept_by != Alone::Restriction).then_some(run);
    let dress = |access, level| Dress {
        dacl: Acl([Some(user), run]
            .into_iter()
            .flatten()
            .map(|sid| Ace::allow(sid.clone(), access, Inherit::NOTHING))
            .collect()),
        label: Label::new(level, Inherit::NOTHING),
    };
    // The right of a directory to remove would be one beside that to the file, which integrity is not asked about.
    let (of_directory, of_file) = match kept_by {
        Alone::Integrity => (Access::FILE_ALL.without(Access::FILE_DELETE_CHILD), Level::MEDIUM),
        Alone::Nothing | Alone::Restriction => (Access::FILE_ALL, token.integrity),
    };
    Place {
        kept_by,
        directory: dress(of_directory, token.integrity),
        file: dress(Access::FILE_ALL, of_file),
        guarded: dress(Access::FILE_ALL.without(Access::DELETE), of_file),
        deeds: deeds(kept_by, token.write_restricted),
    }
}

fn deeds(kept_by: Alone, write_restricted: bool) -> Vec<Deed> {
    use Deed::*;
    match kept_by {
        Alone::Nothing => Deed::ALL.into(),
        // Whether removing is writing, which a new name begins with, is left open by Microsoft
        // (`pinfold_acl::Restriction`): either may be.
        Alone::Restriction if write_restricted => vec![Write, Create, MakeDirectory],
        Alone::Restriction => Deed::ALL.into(),
        // The directory itself is open, and gives nobody the right to remove what is in it.
        Alone::Integrity => vec![Write, Rename, Remove],
    }
}

/// Whose the token is, who comes first: the user, or the group of the accounts. The first list of the token knows it and the
/// second does not.
fn known_to_the_first(token: &Token) -> Option<&Sid> {
    let mut whose = token.default_list.iter().map(|ace| &ace.sid);
    whose.find(|sid| !token.restricting.contains(sid))
}
