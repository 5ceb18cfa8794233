//! The first thing a newcomer runs: a short tour through a sandbox, in this checkout.

use crate::shell::{Result, cargo, command, root, run as carry_out, target_directory};

/// Builds the program and starts the tour.
pub(crate) fn run() -> Result<()> {
    carry_out(&mut cargo("build --package pinfold-cli --bin pinfold"))?;
    let program = target_directory().join("debug/pinfold");
    let tour = root().join("examples/demo.sh");
    carry_out(&mut command("sh", [tour.as_os_str(), program.as_os_str()]))
}
