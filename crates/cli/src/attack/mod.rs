//! What self-tests of all platforms have in common: attacks that are tried twice, where that happens, what came of them, and
//! calls of this program under the policy that they are tried under.

mod caller;
mod flags;
mod report;
mod scene;
mod setting;
mod tried;

pub(crate) use self::caller::{Caller, policies};
use self::flags::arguments;
pub(crate) use self::report::{Report, Row};
pub(crate) use self::scene::{Scene, Side};
pub(crate) use self::setting::{Setting, unprepared};
pub(crate) use self::tried::{Tried, judge};
