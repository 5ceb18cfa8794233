//! Setup on a Windows in memory: in order, interrupted at every call, repaired, undone, and beside what others have made.

mod foreign;
mod interrupted;
mod order;
mod random;
mod recorded;
mod scene;
