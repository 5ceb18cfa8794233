//! What self-tests of all platforms have in common: attacks that are tried twice, what came of them, and the flags of the
//! policy that they are tried under.

mod flags;
mod report;
mod tried;

pub(crate) use self::flags::arguments;
pub(crate) use self::report::{Report, Row};
pub(crate) use self::tried::{Tried, judge};
