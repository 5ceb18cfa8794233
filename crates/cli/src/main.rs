//! The `pinfold` program.

use std::process::ExitCode;

/// The allocator of musl gives every emptied page back to the kernel at once, which is a third of the time to a start.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    pinfold_cli::main()
}
