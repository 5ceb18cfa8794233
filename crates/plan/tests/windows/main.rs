//! Plans for Windows: what each profile becomes on each kind of machine, and, over random trees and policies, that tokens,
//! entries and labels let a command do what the policy says and nothing else.

mod alone;
mod machines;
mod plans;
mod properties;
mod world;
