//! The `pinfold` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    pinfold_cli::main()
}
