//! What agents try: every attack succeeds without the sandbox, by the same user, and must fail inside.
//!
//! One file for each thing that is tried, one test for each way. `docs/attacks.md` says which known escapes of other
//! tools they stand for.
#![forbid(unsafe_code)]

mod attributes;
mod caches;
mod control;
mod descriptors;
mod gate;
mod git;
mod grants;
mod harness;
mod ipc;
mod kernel;
mod leftovers;
mod limits;
mod linked;
mod masked;
mod network;
mod paths;
mod processes;
mod root;
mod secrets;
mod sockets;
mod stages;
mod switching_off;
mod terminal;
mod traps;
mod undone;
mod writes;
