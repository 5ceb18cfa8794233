//! Writing down what is decided and what happens, the same on every platform.

mod decision;
#[cfg_attr(windows, expect(dead_code, reason = "which programs were executed is known on Linux alone"))]
mod pen;
mod run;

use pinfold_ledger::Durability;
use pinfold_ledger::event::{Event, Start};

pub(crate) use self::decision::Decision;
use self::pen::Sheet;
pub(crate) use self::pen::{Lines, Pen};
pub(crate) use self::run::{begin, limit, start, unrecorded};
use crate::context::Context;
use crate::error::with_causes;
use crate::platform;

/// How large the record of one run becomes where they are kept without a bound, in bytes.
const RECORD_BYTES_MAX: u64 = 1 << 30;

/// What every session begins with: who calls, where, and what writes it down.
fn caller() -> Start {
    Start {
        user: platform::user(),
        host: platform::host_name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Start::default()
    }
}

/// Records a decision of the user's by itself, as a session of the command that made it.
pub(crate) fn decision(context: &Context, command: &str, event: Event) -> Result<(), String> {
    let decision = Decision::begin(context, &context.workspace, command, event, Durability::Power)?;
    decision.end(None).map_err(|error| with_causes(&error))
}
