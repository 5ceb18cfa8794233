//! Who may do what to an object of Windows: security identifiers, access lists and descriptors in their binary form, what a
//! new file gets from its directory, and the decision that the system takes when a token asks for access.
//!
//! Pure: nothing here calls Windows. Access lists are made here in canonical order, byte by byte, since the system's own
//! functions are not relied on for the order, and the decision is a model of that in MS-DTYP, section 2.5.3.2, so that what
//! is planned can be proven on any machine. Numbers and layouts are those of MS-DTYP ([MS-DTYP]: Windows Data Types),
//! whose sections are named where they count.
//!
//! ```
//! use pinfold_acl::{Access, Ace, Acl, Descriptor, Group, Inherit, Sid, Token, check};
//!
//! let user: Sid = "S-1-5-21-1-2-3-1001".parse()?;
//! let sandbox: Sid = "S-1-5-21-7-7-7-7".parse()?;
//! let dacl = Acl::canonical([Ace::allow(user.clone(), Access::FILE_ALL, Inherit::NOTHING)]);
//! let file = Descriptor::new(user.clone(), user.clone(), Some(dacl));
//! let token = Token::new(user).with_group(Group::enabled(Sid::EVERYONE)).write_restricted([sandbox]);
//! assert!(check(&token, &file, Access::FILE_READ_DATA).is_ok());
//! assert!(check(&token, &file, Access::FILE_WRITE_DATA).is_err());
//! # Ok::<(), pinfold_acl::SidError>(())
//! ```
#![forbid(unsafe_code)]

mod access;
mod ace;
mod acl;
mod administrators;
mod bytes;
mod check;
mod descriptor;
mod inherit;
mod sid;
mod token;

pub use access::{Access, GenericMapping};
pub use ace::{Ace, AceKind, Inherit};
pub use acl::Acl;
pub use bytes::Malformed;
pub use check::{Denied, Layer, check, most};
pub use descriptor::{Descriptor, Label};
pub use inherit::{Child, inherited, renewed};
pub use sid::{Sid, SidError};
pub use token::{Group, GroupUse, Level, Privileges, Restriction, Token};
