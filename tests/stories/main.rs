//! What people do in the sandbox: real tools in a real tree, judged from outside.
//!
//! One file for each theme, one test for each story. `PINFOLD_TEST_AS=root` tells them all as root.
#![forbid(unsafe_code)]

mod ask;
mod builds;
mod choices;
mod commands;
mod desk;
mod doctor;
mod exit_status;
mod gate;
mod git;
mod granted;
mod hosts;
mod java;
mod kept;
mod killed;
mod ledger;
mod limits;
mod manners;
mod masks;
mod names;
mod network;
mod peers;
mod policy;
mod programs;
mod published;
mod recorded;
mod review;
mod screen;
mod staged;
mod staged_sizes;
mod staged_tools;
mod streams;
mod terminal;
mod traced;
mod traveller;
mod undone;
mod undone_random;
mod why;
