//! Writing down what is decided and what happens, the same on every platform.

#[cfg_attr(windows, expect(dead_code, reason = "which programs were executed is known on Linux alone"))]
mod pen;
mod run;

use pinfold_ledger::Durability;
use pinfold_ledger::event::{End, Event, Start};

pub(crate) use self::pen::{Lines, Pen};
use self::pen::{PenError, Sheet};
pub(crate) use self::run::{begin, limit, start, unrecorded};
use crate::context::Context;
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
pub(crate) fn decision(context: &Context, command: &str, event: Event) -> Result<(), PenError> {
    let start = Start {
        session: platform::new_session_id(),
        workspace: context.workspace.as_path().into(),
        command: command.split(' ').map(Into::into).collect(),
        ..caller()
    };
    let sheet = Sheet {
        directory: context.ledger(),
        session: start.session.clone(),
        durability: Durability::Power,
        bytes_max: RECORD_BYTES_MAX,
        secrets: Vec::new(),
    };
    let pen = Pen::new(sheet, Event::Start(Box::new(start)))?;
    let _ = pen.lines().event(event);
    pen.end(End { code: Some(0), ..End::default() });
    pen.join()
}
